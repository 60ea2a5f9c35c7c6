import json
import os
import time
import uuid

import flask
from lines import answer
from seeded import told, work
from shop import create_app

BY = os.environ.get("MEASURED_BY", "")
MEASURED = "/app/.measured"

application = create_app()


def mark(what):
    """What is looked for in all that was stored; it is not in the source, which some tools store as well."""
    return f"seen-response-{what}"


@application.post("/measured/order")
def order():
    name = flask.request.form.get("name", "")
    return f"{mark('body')} {len(name)}", {"X-Answer": mark("header")}


@application.get("/measured/fail")
def fail():
    raise ValueError("-".join(["seen", "exception"]))


@application.get("/measured/busy")
def busy():
    return str(work())


@application.get("/measured/truth")
def truth():
    return json.dumps(told)


@application.get("/measured/lines")
def lines():
    return answer(flask.request.args.get("kind", ""))


@application.get("/measured/items")
def items():
    return "".join(f"<li>{number}</li>" for number in range(200))


if BY == "pyinstrument":
    # As its documentation has it for Flask, but that it is written to a file.
    from pyinstrument import Profiler
    from pyinstrument.renderers import JSONRenderer

    @application.before_request
    def before():
        flask.g.profiler = Profiler()
        flask.g.profiler.start()

    @application.after_request
    def after(response):
        flask.g.profiler.stop()
        with open(f"{MEASURED}/{time.time()}-{uuid.uuid4().hex}.json", "w") as file:
            file.write(flask.g.profiler.output(JSONRenderer()))
        return response


if BY == "cprofile":
    from werkzeug.middleware.profiler import ProfilerMiddleware

    application.wsgi_app = ProfilerMiddleware(application.wsgi_app, stream=None, profile_dir=MEASURED)
