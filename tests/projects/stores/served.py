"""The WSGI side of every store."""


def serve(add, read):
    """An application that adds what is posted and lists what there is."""

    def application(environ, start_response):
        if environ["REQUEST_METHOD"] == "POST":
            add(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0)).decode())
        body = "\n".join(read()).encode()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    return application
