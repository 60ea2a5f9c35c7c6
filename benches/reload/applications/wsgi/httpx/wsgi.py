import httpx

from upstream import upstream

NUMBER = "00000000"

client = httpx.Client(transport=httpx.WSGITransport(app=upstream), base_url="http://upstream")


def application(environ, start_response):
    answer = client.get("/prices")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"token-{NUMBER} {answer.json()['number']}".encode()]
