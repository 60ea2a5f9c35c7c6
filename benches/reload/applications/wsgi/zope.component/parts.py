from zope.configuration.fields import GlobalObject
from zope.component import provideUtility
from zope.interface import Interface, implementer
from zope.schema import TextLine

NUMBER = "00000000"


class IGreeting(Interface):
    def text(number):
        """A greeting."""


@implementer(IGreeting)
class Greeting:
    def __init__(self, number):
        self.number = number

    def text(self, number):
        return f"token-{number} token-{self.number} token-{NUMBER}"


class IGreetingDirective(Interface):
    factory = GlobalObject()
    name = TextLine()
    number = TextLine()


def greeting(context, factory, name, number):
    context.action(("greeting", name), provideUtility, (factory(number), IGreeting, name))
