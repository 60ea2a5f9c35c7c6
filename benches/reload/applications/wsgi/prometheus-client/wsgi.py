from prometheus_client import make_wsgi_app

from metrics import asked

NUMBER = "00000000"
metrics = make_wsgi_app()


def application(environ, start_response):
    asked.labels(f"token-{NUMBER}").inc()
    environ["PATH_INFO"] = "/metrics"
    return metrics(environ, start_response)
