import module_that_nobody_installed


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [module_that_nobody_installed.page()]
