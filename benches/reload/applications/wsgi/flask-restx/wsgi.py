from flask import Flask
from flask_restx import Api

from orders import namespace

NUMBER = "00000000"


class Shop(Api):
    def render_root(self):
        return application.test_client().get("/orders/")


application = Flask(__name__)
application.config["NUMBER"] = NUMBER
api = Shop(application, title="Shop", doc="/doc")
api.add_namespace(namespace)
