from flask import Flask

from limits_of import limiter

NUMBER = "00000000"
application = Flask(__name__)
application.config.update(RATELIMIT_STORAGE_URI="memory://", RATELIMIT_HEADERS_ENABLED=True)
limiter.init_app(application)


@application.route("/")
@limiter.limit("100000 per minute")
def index():
    return f"token-{NUMBER} {limiter.current_limit.key}"
