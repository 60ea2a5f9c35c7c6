import os
import time

from flask import Blueprint, Response, render_template

from .stock import ITEMS
from .version import TOKEN

blueprint = Blueprint("catalogue", __name__)


@blueprint.route("/", methods=["GET", "POST"])
def index():
    return render_template("index.html", items=ITEMS, token=TOKEN, process=os.getpid())


@blueprint.route("/slow")
def slow():
    return Response(slowly(), mimetype="text/plain")


def slowly():
    for _ in range(8):
        yield f"token-{TOKEN}\n"
        time.sleep(0.05)
    yield "end\n"
