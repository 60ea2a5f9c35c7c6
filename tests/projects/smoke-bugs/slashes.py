"""server-differences: names with a slash in them are asked for with %2F, which Apache refuses before anybody sees it."""

FILES = {"/files/a/b": b"the file a/b\n"}


def application(environ, start_response):
    body = FILES.get(environ["PATH_INFO"])
    start_response("200 OK" if body or environ["PATH_INFO"] == "/" else "404 Not Found", [("Content-Type", "text/plain")])
    return [body or b"no such file\n"]
