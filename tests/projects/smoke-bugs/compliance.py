"""wsgi-compliance: text where bytes must be. mod_wsgi takes it for latin-1, so nobody notices here."""


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Items", 3)] if environ["PATH_INFO"] == "/items" else [("Content-Type", "text/plain")])
    return ["text, not bytes\n"]
