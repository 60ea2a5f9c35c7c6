from schemas import OrderSchema

NUMBER = "00000000"


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [OrderSchema().dumps({"name": f"token-{NUMBER}", "lines": [{"count": 2}]}).encode()]
