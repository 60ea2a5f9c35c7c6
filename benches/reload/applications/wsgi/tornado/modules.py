from tornado.web import UIModule


class Price(UIModule):
    NUMBER = "00000000"

    def render(self):
        return self.NUMBER
