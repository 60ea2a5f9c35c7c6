from opentelemetry.instrumentation.flask import FlaskInstrumentor

from hooks import number

NUMBER = "00000000"
FlaskInstrumentor().instrument(response_hook=number)

from pages import app as application  # noqa: E402

application.config["NUMBER"] = NUMBER
