from genshi.template import TemplateLoader

from helpers import heading

NUMBER = "00000000"
loader = TemplateLoader(["/app/templates"], auto_reload=False)


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html")])
    return [loader.load("page.html").generate(number=NUMBER, heading=heading).render("html").encode()]
