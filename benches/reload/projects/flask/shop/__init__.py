from flask import Flask


def create_app():
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "only measured with"
    from . import catalogue

    app.register_blueprint(catalogue.blueprint)
    return app
