NUMBER = "00000000"


def heading(text):
    return f"{text} token-{NUMBER}"
