import os
import time

TOKEN = "00000000"


def application(environ, start_response):
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/slow":
        return slowly()
    return [f"token-{TOKEN} process-{os.getpid()}\n".encode()]


def slowly():
    for _ in range(8):
        yield f"token-{TOKEN}\n".encode()
        time.sleep(0.05)
    yield b"end\n"
