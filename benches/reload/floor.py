"""Prints what a bare interpreter takes, in ms: for nothing, to import the application, and to answer a first request as well."""

import subprocess
import sys
import time

IMPORT = f"from {sys.argv[1]} import application"
ANSWER = f"""
import io, sys
{IMPORT}
environ = {{
    "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/", "QUERY_STRING": "", "SERVER_NAME": "localhost",
    "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
    "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr, "wsgi.multithread": False, "wsgi.multiprocess": False,
    "wsgi.run_once": True,
}}
assert b"token-" in b"".join(application(environ, lambda status, headers, exc_info=None: None))
"""

for code in ["", IMPORT, ANSWER]:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    print((time.perf_counter() - begun) * 1000)
