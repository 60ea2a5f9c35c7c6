from tasks import add

NUMBER = "00000000"


def application(environ, start_response):
    answer = add.delay(NUMBER).get()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [answer.encode()]
