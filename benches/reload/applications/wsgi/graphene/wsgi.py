import json

from schema import schema

NUMBER = "00000000"


def application(environ, start_response):
    result = schema.execute("{ order { name number } }", context={"number": NUMBER})
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(result.data).encode()]
