import tomllib

from flask import Flask
from flask.signals import request_started

NUMBER = "00000000"
counted = []


def create_app():
    app = Flask(__name__)
    app.config.from_file("/app/config.toml", load=tomllib.load, text=False)
    app.config["NUMBER"] = NUMBER
    from .views import blueprint

    app.register_blueprint(blueprint)
    request_started.connect(count, app)
    return app


def count(sender, **extra):
    counted.append(sender.name)
