import tornado.escape
import tornado.template
import tornado.web

from modules import Price

NUMBER = "00000000"
assert issubclass(Price, tornado.web.UIModule)
loader = tornado.template.Loader("/app/templates")


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html")])
    return [loader.load("page.html").generate(number=NUMBER, other=Price.NUMBER, name=tornado.escape.json_encode([1]))]
