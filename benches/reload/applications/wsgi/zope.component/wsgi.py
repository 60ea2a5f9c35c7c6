from zope.component import getUtility
from zope.configuration import xmlconfig

from parts import IGreeting

NUMBER = "00000000"
xmlconfig.file("/app/configure.zcml")


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [getUtility(IGreeting, name="shop").text(NUMBER).encode()]
