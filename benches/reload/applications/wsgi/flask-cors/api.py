from flask import Blueprint, current_app
from flask_cors import cross_origin

NUMBER = "00000000"
api = Blueprint("api", __name__)


@api.route("/")
@cross_origin()
def index():
    return f"token-{NUMBER} token-{current_app.config['NUMBER']}"
