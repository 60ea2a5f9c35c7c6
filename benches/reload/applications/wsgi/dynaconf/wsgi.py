from config import settings

NUMBER = "00000000"


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"token-{NUMBER} token-{settings.NUMBER} token-{settings.SHOP.title}".encode()]
