from mongoengine import connect, signals

from documents import Order

NUMBER = "00000000"
connect("shop", host="mongodb://localhost:1/shop", connect=False)


def number(sender, document, **kwargs):
    document.note = f"token-{NUMBER}"


signals.post_init.connect(number, sender=Order)


def application(environ, start_response):
    order = Order(name="A")
    order.validate()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [order.to_json().encode() + order.number.encode()]
