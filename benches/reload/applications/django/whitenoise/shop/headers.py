NUMBER = "00000000"


def add(headers, path, url):
    headers["X-Number"] = f"token-{NUMBER}"
