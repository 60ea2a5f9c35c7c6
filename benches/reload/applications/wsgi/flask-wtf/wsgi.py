from flask import Flask, render_template_string
from flask_wtf import CSRFProtect

from forms import OrderForm

NUMBER = "00000000"
application = Flask(__name__)
application.secret_key = "only tried with"
CSRFProtect(application)


@application.route("/")
def index():
    return render_template_string("{{ form.csrf_token }} {{ form.name.label }} {{ form.name }}", form=OrderForm(name=f"token-{NUMBER}"))
