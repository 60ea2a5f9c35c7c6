from webob import Response

NUMBER = "00000000"


class Numbered(Response):
    def __init__(self, text):
        super().__init__(text=f"{text} token-{NUMBER}", content_type="text/plain", charset="utf-8")
