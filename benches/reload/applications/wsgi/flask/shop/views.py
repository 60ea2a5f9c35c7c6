from flask import Blueprint, render_template, session

NUMBER = "00000000"
blueprint = Blueprint("views", __name__)


@blueprint.route("/")
def index():
    session["visits"] = session.get("visits", 0) + 1
    return render_template("index.html", number=NUMBER)
