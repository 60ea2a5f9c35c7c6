from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Response

NUMBER = "00000000"
url_map = Map([Rule("/", endpoint="index"), Rule("/<int:item>", endpoint="item")])


def index(request, number):
    return Response(f"token-{number} token-{NUMBER}")


def item(request, number, item):
    return Response(str(item))


endpoints = {"index": index, "item": item}
