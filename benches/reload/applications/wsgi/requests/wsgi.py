import requests
from requests.adapters import BaseAdapter

from echo import Echo

NUMBER = "00000000"

session = requests.Session()
session.mount("echo://", Echo())
session.headers["X-Number"] = NUMBER


def application(environ, start_response):
    answer = session.get("echo://localhost/", params={"page": 1})
    assert isinstance(session.get_adapter("echo://localhost"), BaseAdapter)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [answer.content]
