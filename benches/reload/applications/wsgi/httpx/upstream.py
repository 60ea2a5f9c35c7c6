import json

NUMBER = "00000000"


def upstream(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"number": f"token-{NUMBER}"}).encode()]
