import os

from flask import Flask


def create_app(config=None):
    app = Flask(__name__)
    app.config["SECRET_KEY"] = os.environ.get("SECRET_KEY", "only-for-development-and-tests")
    app.config.update(config or {})

    from . import catalogue

    app.register_blueprint(catalogue.blueprint)
    return app
