"""server-differences: an application that raises for what it does not know, and wants a password of its own for what it does."""


def application(environ, start_response):
    if environ["PATH_INFO"].startswith("/private"):
        start_response("401 Unauthorized", [("Content-Type", "text/plain"), ("WWW-Authenticate", "Basic")])
        return [b"who are you?\n"]
    if environ["PATH_INFO"] != "/":
        raise LookupError(environ["PATH_INFO"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"fine\n"]
