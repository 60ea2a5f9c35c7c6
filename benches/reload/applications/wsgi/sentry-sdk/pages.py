import sentry_sdk
from flask import Flask

from reporting import kept

app = Flask(__name__)


@app.route("/")
def index():
    del kept[:]
    sentry_sdk.capture_message("asked")
    event = kept[-1].get_event()
    return f"{event['release']} {event['extra']['number']}"
