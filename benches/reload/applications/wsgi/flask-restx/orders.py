from flask import current_app
from flask_restx import Namespace, Resource, fields

namespace = Namespace("orders")
order = namespace.model("Order", {"name": fields.String, "number": fields.String(default="token-00000000")})


@namespace.route("/")
class Orders(Resource):
    @namespace.marshal_with(order)
    def get(self):
        return {"name": "token-" + current_app.config["NUMBER"]}
