from flask import current_app
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields

blueprint = Blueprint("orders", __name__)


class OrderSchema(Schema):
    name = fields.String()
    number = fields.String(dump_default="token-00000000")


@blueprint.route("/")
class Orders(MethodView):
    @blueprint.response(200, OrderSchema)
    def get(self):
        return {"name": "token-" + current_app.config["NUMBER"]}
