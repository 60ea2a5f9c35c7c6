"""A package index for tests that wants a name and a password: `index.py USER PASSWORD`. Prints its port."""

import base64
import http.server
import io
import sys
import zipfile

NAME, VERSION = "parity_test_package", "1.0"
WHEEL = "%s-%s-py3-none-any.whl" % (NAME, VERSION)


def wheel():
    info = "%s-%s.dist-info/" % (NAME, VERSION)
    files = {
        NAME + ".py": "TEXT = 'from the index'\n",
        info + "METADATA": "Metadata-Version: 2.1\nName: %s\nVersion: %s\n" % (NAME, VERSION),
        info + "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[info + "RECORD"] = "".join("%s,,\n" % name for name in [*files, info + "RECORD"])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return packed.getvalue()


expected = "Basic " + base64.b64encode(":".join(sys.argv[1:3]).encode()).decode()
content = wheel()


class Index(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.headers.get("Authorization") != expected:
            return self.answer(401, b"who are you?", {"WWW-Authenticate": 'Basic realm="test"'})
        if self.path.endswith(WHEEL):
            return self.answer(200, content)
        if self.path.strip("/") == "simple/" + NAME.replace("_", "-"):
            return self.answer(200, b'<a href="/files/%s">%s</a>' % (WHEEL.encode(), WHEEL.encode()), {"Content-Type": "text/html"})
        self.answer(404, b"nothing here")

    def answer(self, status, body, headers={}):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Index)
print(server.server_port, flush=True)
server.serve_forever()
