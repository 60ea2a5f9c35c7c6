"""Has the probe look around in a server that runs in this container, and prints what it has seen, as JSON.

    asking.py SETTINGS      {"ring": true, "port": 8000, "path": "/", "host": "localhost", "most": 4194304}

With `ring` the server's processes do not have the probe yet: it comes on stdin, and `debug/hook.py` runs it. A process sees the request
that is made here as any other, and knows it by a token; the application answers it as always.
"""

import glob
import json
import os
import secrets
import shutil
import socket
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

PLACE = "/run/parity/fidelity"
PIPES = "/run/parity/debug/*.pipe"
ASKING = "/run/parity/fidelity.asking"
# Seconds: until all processes wait for the request, for its answer, and for what the probe has seen of it.
READY = 10
ANSWER = 60
SEEN = 5
STEP = 0.02


def until(seconds: float, look: "Callable[[], Any]") -> "Any":
    """Whatever `look` gives, as soon as that is something."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found or time.monotonic() > end:
            return found
        time.sleep(STEP)


def turn() -> None:
    """Nobody else asks meanwhile."""
    own = "%s.%d" % (ASKING, os.getpid())
    with open(own, "w") as file:
        file.write("%d" % os.getpid())
    try:
        while not linked(own):
            with open(ASKING) as file:
                if os.path.exists("/proc/" + file.read()):
                    sys.exit("somebody else asks it at this moment")
            # Of one who was killed.
            os.unlink(ASKING)
    except FileNotFoundError:
        # Somebody else has just ended.
        sys.exit("somebody else asks it at this moment")
    finally:
        os.unlink(own)


def linked(own: str) -> bool:
    """The name, with all that it says: at no moment is there a file that says nothing."""
    try:
        os.link(own, ASKING)
        return True
    except FileExistsError:
        return False


def ring(pipe: str) -> bool:
    """Calls a process of the server. Returns whether it heard."""
    try:
        words = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        os.write(words, b"probe\n")
    except OSError:
        # It has gone away from there.
        return False
    finally:
        os.close(words)
    return True


def bring() -> None:
    """Gives the probe to each process."""
    # What somebody left who was killed.
    shutil.rmtree(PLACE, ignore_errors=True)
    os.makedirs(PLACE + "/ready", mode=0o700, exist_ok=True)
    with open(PLACE + "/probe.py", "wb") as file:
        file.write(sys.stdin.buffer.read())
    called: "set[str]" = set()

    def all_wait() -> "Any":
        pipes = {os.path.basename(pipe).partition(".")[0]: pipe for pipe in glob.glob(PIPES)}
        living = {pid: pipe for pid, pipe in pipes.items() if os.path.exists("/proc/" + pid)}
        called.update(pid for pid, pipe in living.items() if pid not in called and ring(pipe))
        return living and all(os.path.exists("%s/ready/%s" % (PLACE, pid)) for pid in living)

    if not until(READY, all_wait):
        sys.exit("its processes do not take the probe")


def request(settings: "dict[str, Any]") -> str:
    """Asks for the page. Returns its status."""
    token = secrets.token_hex(16)
    with open(PLACE + "/token", "w") as file:
        file.write(token)
    lines = (
        "GET %s HTTP/1.1" % settings["path"],
        "Host: %s" % settings["host"],
        "User-Agent: parity",
        "X-Parity-Probe: %s" % token,
        "Connection: close",
    )
    with socket.create_connection(("127.0.0.1", settings["port"]), ANSWER) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        answer = connection.recv(1000)
        # An application that is cut off would say so in its log.
        while until(0, lambda: os.path.exists(PLACE + "/seen")) and connection.recv(1 << 16):
            pass
    return answer.split(b" ", 2)[1].decode("latin-1") if answer else "nothing"


def main() -> None:
    settings = json.loads(sys.argv[1])
    turn()
    try:
        if settings["ring"]:
            bring()
        status = request(settings)
        if not until(SEEN, lambda: os.path.exists(PLACE + "/seen")):
            sys.exit("GET %s, which was answered by %s, did not reach the application" % (settings["path"], status))
        with open(PLACE + "/seen", "rb") as file:
            sys.stdout.buffer.write(file.read(settings["most"]))
    except OSError as error:
        sys.exit(str(error))
    finally:
        shutil.rmtree(PLACE, ignore_errors=True)
        os.unlink(ASKING)


if __name__ == "__main__":
    main()
