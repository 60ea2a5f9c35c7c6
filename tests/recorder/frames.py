"""Writes frames.bin, which the host's reader is tested with: `python3 tests/recorder/frames.py`."""

import marshal
import os

MESSAGES = [
    {
        "began": 1790000000.5,
        "pid": 31,
        "thread": 40,
        "environ": {
            "REQUEST_METHOD": "POST",
            "REQUEST_URI": "/a%20b?c=d",
            "HTTP_HOST": "127.0.0.1:8000",
            "HTTP_X_API_KEY": "k",
            "CONTENT_TYPE": "text/plain",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.multithread": True,
            "apache.version": (2, 4, 71),
            "PARITY_SLOT": "g1",
            "BIG": 1 << 40,
            "NEGATIVE": -7_000_000_000,
            "HALF": "/\udce9",
        },
        "request-body": {"size": 5, "data": b"hello"},
        "status": "404 Not Found",
        "headers": [("X", "y")],
        "response-body": {"size": 9, "sha256": "00", "file": True},
        "error": {"type": "E", "text": "t", "traceback": "T"},
        "complete": True,
        "seconds": 0.0124,
        "cpu": 0.008,
        "statements": [("select 1", 0.001, "sqlite")],
        "more-statements": 2,
        "templates": ["a.html"],
        "server": {"request_start": 100.0, "application_start": 100.0003, "request_id": "x", "gil_wait_time": 0.000002},
    },
    {"lost": 12, "pid": 3},
    {"collecting": True},
]

if __name__ == "__main__":
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "frames.bin"), "wb") as file:
        for message in MESSAGES:
            data = marshal.dumps(message, 2)
            file.write(len(data).to_bytes(4, "little") + data)
