from flask import Flask, current_app

import hooks

app = Flask(__name__)


@app.route("/")
def index():
    with hooks.tracer.start_as_current_span("index"):
        return f"token-{current_app.config['NUMBER']} token-{hooks.NUMBER}"
