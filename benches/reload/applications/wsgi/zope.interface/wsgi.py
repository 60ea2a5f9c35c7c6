from zope.interface.adapter import AdapterRegistry

from parts import IPage, IRequest, Page, Request

NUMBER = "00000000"
registry = AdapterRegistry()
registry.register([IRequest], IPage, "", Page)


def application(environ, start_response):
    page = registry.queryAdapter(Request(), IPage)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [page.render(NUMBER).encode()]
