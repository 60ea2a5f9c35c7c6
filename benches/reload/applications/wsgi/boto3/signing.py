BUCKET = "token-00000000"


def add_number(request, **kwargs):
    request.headers["X-Bucket"] = BUCKET
