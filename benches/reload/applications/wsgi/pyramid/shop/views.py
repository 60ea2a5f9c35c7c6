from pyramid.events import NewRequest, subscriber
from pyramid.view import view_config

NUMBER = "00000000"


@subscriber(NewRequest)
def number(event):
    event.request.number = NUMBER


@view_config(route_name="index", renderer="shop:templates/index.jinja2")
def index(request):
    return {"numbers": [request.number, request.registry["number"], request.registry.settings["shop.number"]]}
