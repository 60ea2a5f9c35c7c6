from flask import Flask
from flask_appbuilder import AppBuilder
from flask_appbuilder.utils.legacy import get_sqla_class

NUMBER = "00000000"
db = get_sqla_class()()
appbuilder = AppBuilder()


def create_app():
    app = Flask(__name__)
    app.config.from_object("config")
    app.config["NUMBER"] = NUMBER
    db.init_app(app)
    with app.app_context():
        from .views import Index

        appbuilder.indexview = Index
        appbuilder.init_app(app, db.session)
    return app
