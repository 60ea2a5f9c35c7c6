from authlib.integrations.flask_oauth2 import AuthorizationServer
from flask import Flask, jsonify

from clients import find, keep

NUMBER = "00000000"
application = Flask(__name__)
application.secret_key = "only tried with"
server = AuthorizationServer(application, query_client=find, save_token=keep)


@application.route("/")
def index():
    return jsonify(number=f"token-{NUMBER}", client=server.query_client("shop").get_client_id())
