from gevent.local import local

NUMBER = "00000000"
own = local()


def work(number, item):
    own.item = item
    return f"{own.item} token-{number} token-{NUMBER}"
