from flask import Flask
from flask_smorest import Api

from orders import blueprint

NUMBER = "00000000"
application = Flask(__name__)
application.config.update(API_TITLE="Shop", API_VERSION="1", OPENAPI_VERSION="3.0.2", NUMBER=NUMBER)
api = Api(application)
api.register_blueprint(blueprint)
