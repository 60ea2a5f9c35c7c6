"""wsgi-compliance: the answer is begun twice, which mod_wsgi forgives; and text where bytes must be."""


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/text":
        return ["text, not bytes\n"]
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"fine\n"]
