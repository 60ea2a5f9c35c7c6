from flask import Blueprint, abort, jsonify, render_template, request, session

blueprint = Blueprint("catalogue", __name__)

THINGS = {"tea": 3, "bread": 4, "soap": 2}


@blueprint.get("/")
def index():
    return render_template("index.html", things=THINGS, basket=session.get("basket", []))


@blueprint.post("/basket")
def put():
    thing = request.form.get("thing")
    if thing not in THINGS:
        abort(404)
    session["basket"] = session.get("basket", []) + [thing]
    return jsonify(basket=session["basket"])


@blueprint.get("/boom")
def boom():
    return str(1 / 0)
