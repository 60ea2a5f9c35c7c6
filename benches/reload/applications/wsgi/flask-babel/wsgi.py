from flask import Flask
from flask_babel import Babel, format_decimal, gettext

from locales import locale

NUMBER = "00000000"
application = Flask(__name__, root_path="/app")
babel = Babel(application, locale_selector=locale)


@application.route("/")
def index():
    return f"token-{NUMBER} {gettext('Orders')} {format_decimal(1234.5)} token-{locale.number}"
