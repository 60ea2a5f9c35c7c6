from flask import Flask
from flask_jwt_extended import create_access_token, decode_token

from claims import manager

NUMBER = "00000000"
application = Flask(__name__)
application.config["JWT_SECRET_KEY"] = "only tried with, and long enough for its algorithm"
manager.init_app(application)


@application.route("/")
def index():
    claims = decode_token(create_access_token(identity=f"token-{NUMBER}"))
    return f"{claims['sub']} {claims['number']}"
