import json

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from schemas import OrderSchema

NUMBER = "00000000"
spec = APISpec(title=f"token-{NUMBER}", version="1", openapi_version="3.0.2", plugins=[MarshmallowPlugin()])
spec.components.schema("Order", schema=OrderSchema)
spec.path("/orders", operations={"get": {"responses": {"200": {"content": {"application/json": {"schema": OrderSchema}}}}}})


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(spec.to_dict()).encode()]
