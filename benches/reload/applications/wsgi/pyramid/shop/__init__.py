from pyramid.config import Configurator

NUMBER = "00000000"


def main(global_config, **settings):
    with Configurator(settings=settings) as config:
        config.include("pyramid_jinja2")
        config.add_route("index", "/")
        config.registry["number"] = NUMBER
        config.scan(".views")
    return config.make_wsgi_app()
