from flask import Flask
from flask_login import current_user, login_required, login_user

from users import User, manager

NUMBER = "00000000"
application = Flask(__name__)
application.secret_key = "only tried with"
manager.init_app(application)


@application.route("/")
def index():
    login_user(User("a"))
    return inside()


@login_required
def inside():
    return f"token-{NUMBER} {current_user.number}"
