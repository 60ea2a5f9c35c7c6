from flask_limiter import Limiter

NUMBER = "00000000"


def who():
    return f"token-{NUMBER}"


limiter = Limiter(who, default_limits=["100000 per hour"])
