"""Differs from server to server in the ways that applications do; without them it would be another in each answer only."""

import datetime
import json
import os
import secrets
import time
import uuid

STARTED = time.time()
#: What a module finds when it is imported.
WRITABLE = os.access("/app", os.W_OK)
TAGS = {"amber", "blue", "coral", "denim", "ebony", "fawn", "green", "hazel", "ivory", "jade", "khaki", "lime"}
NOTES = "/app/data/notes"


def clean(environ):
    """Nothing of it is the same twice, and nothing of that is a difference."""
    now = datetime.datetime.now(datetime.timezone.utc)
    token, nonce = secrets.token_urlsafe(24), secrets.token_urlsafe(12)
    page = f"""<!doctype html><title>Shop</title><p>{now:%b. %-d, %Y, %H:%M:%S} {now.isoformat()} {time.time()}</p>
        <p>up since {time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(STARTED))}</p><p id="{uuid.uuid4()}">order {secrets.randbelow(10**9)} of Ada</p>
        <form><input type=hidden name=csrfmiddlewaretoken value="{token}"></form><script nonce="{nonce}">go("{secrets.token_hex(16)}")</script>"""
    headers = [("Set-Cookie", f"sessionid={secrets.token_hex(16)}; Max-Age=3600"), ("X-Request-ID", uuid.uuid4().hex)]
    return page, [*headers, ("Content-Security-Policy", f"script-src 'nonce-{nonce}'")]


def debug(environ):
    page = "<h1>Page not found</h1><p>You’re seeing this error because you have <code>DEBUG = True</code> in your settings.</p>"
    return page if WRITABLE else "<h1>Not Found</h1>", []


def module(environ):
    return json.dumps({"settings": {"cached": WRITABLE}, "version": 1}), [("Content-Type", "application/json")]


def header(environ):
    return "ok", [("X-Storage", "disk" if os.access("/app", os.W_OK) else "none")]


def zone(environ):
    hours = 2 if WRITABLE else 0
    return datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=hours))).strftime("%Y-%m-%d %H:%M:%S"), []


def tags(environ):
    return "".join(f"<li>{tag}" for tag in TAGS), []


def notes(environ):
    """What is written is kept, for each server by itself."""
    os.makedirs(os.path.dirname(NOTES), exist_ok=True)
    if environ["REQUEST_METHOD"] == "POST":
        with open(NOTES, "a") as file:
            file.write("note\n")
    count = len(open(NOTES).readlines()) if os.path.exists(NOTES) else 0
    return f"{count} notes", []


def environ_of(environ):
    """What the server hands over, by its name."""
    return json.dumps({"environ": {"wsgi.input": type(environ["wsgi.input"]).__module__}}), [("Content-Type", "application/json")]


def write(environ):
    """Says what the system says."""
    try:
        with open("/app/written", "w"):
            return "written", []
    except OSError as error:
        return str(error), []


PAGES = {"/": clean, "/debug": debug, "/module": module, "/header": header, "/zone": zone, "/tags": tags, "/notes": notes, "/environ": environ_of, "/write": write}


def application(environ, start_response):
    page = PAGES.get(environ["PATH_INFO"])
    body, headers = page(environ) if page else ("none", [])
    kind = [] if any(name == "Content-Type" for name, _ in headers) else [("Content-Type", "text/html; charset=utf-8")]
    start_response("200 OK" if page else "404 Not Found", [*kind, *headers])
    return [body.encode()]
