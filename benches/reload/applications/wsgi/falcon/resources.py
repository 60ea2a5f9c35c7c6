import falcon

NUMBER = "00000000"


def number(request, response, resource, params):
    response.context.number = NUMBER


class Orders:
    def __init__(self, number):
        self.number = number

    @falcon.before(number)
    def on_get(self, request, response):
        response.media = {"number": f"token-{self.number}", "other": f"token-{response.context.number}"}
