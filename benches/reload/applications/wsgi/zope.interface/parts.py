from zope.interface import Interface, implementer
from zope.interface.verify import verifyClass

NUMBER = "00000000"


class IRequest(Interface):
    pass


class IPage(Interface):
    def render(number):
        """The page's text."""


@implementer(IRequest)
class Request:
    pass


@implementer(IPage)
class Page:
    def __init__(self, request):
        self.request = request

    def render(self, number):
        return f"token-{number} token-{NUMBER}"


verifyClass(IPage, Page)
