from flask import Flask
from flask_cors import CORS

from api import api

NUMBER = "00000000"
application = Flask(__name__)
CORS(application, resources={r"/*": {"origins": "*", "expose_headers": ["X-Number"]}})
application.config["NUMBER"] = NUMBER
application.register_blueprint(api)
