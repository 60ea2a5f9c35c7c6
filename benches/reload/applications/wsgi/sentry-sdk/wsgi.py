import sentry_sdk
from sentry_sdk.integrations.flask import FlaskIntegration

from reporting import Kept, before_send

NUMBER = "00000000"

sentry_sdk.init(
    dsn="http://key@localhost/1",
    transport=Kept,
    integrations=[FlaskIntegration()],
    before_send=before_send,
    release=f"token-{NUMBER}",
    traces_sample_rate=0.0,
)

from pages import app as application  # noqa: E402
