import web

from pages import urls, views

NUMBER = "00000000"
web.config.number = NUMBER
application = web.application(urls, views, autoreload=False).wsgifunc()
