from connexion import request
from flask import current_app

NUMBER = "00000000"


def index(title):
    return {"number": f"token-{NUMBER}", "other": f"token-{current_app.config['NUMBER']}", "title": title, "path": str(request.path)}
