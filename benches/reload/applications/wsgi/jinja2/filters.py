NUMBER = "00000000"


def price(value):
    return f"{value:.2f} token-{NUMBER}"
