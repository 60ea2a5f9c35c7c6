from jinja2 import Environment, FileSystemLoader, select_autoescape

from filters import price

NUMBER = "00000000"

environment = Environment(loader=FileSystemLoader("/app/templates"), autoescape=select_autoescape())
environment.filters["price"] = price
environment.globals["number"] = NUMBER


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html")])
    return [environment.get_template("page.html").render(items=[1, 2, 3]).encode()]
