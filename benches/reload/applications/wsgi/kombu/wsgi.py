from kombu import Connection

from messages import queue

NUMBER = "00000000"


def application(environ, start_response):
    with Connection("memory://") as connection:
        simple = connection.SimpleQueue(queue)
        simple.put(f"token-{NUMBER}", serializer="numbered")
        message = simple.get(timeout=2)
        text = message.payload
        message.ack()
        simple.close()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]
