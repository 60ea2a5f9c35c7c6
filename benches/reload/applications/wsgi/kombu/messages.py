from kombu import Exchange, Queue
from kombu.serialization import register

NUMBER = "00000000"
queue = Queue("orders", Exchange("orders"), routing_key="orders")


def encode(text):
    return f"{text} token-{NUMBER}"


def decode(text):
    return text if isinstance(text, str) else bytes(text).decode()


register("numbered", encode, decode, content_type="application/x-numbered", content_encoding="utf-8")
