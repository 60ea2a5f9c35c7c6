import cherrypy

from pages import Root

NUMBER = "00000000"
cherrypy.config.update({"environment": "embedded", "shop.number": NUMBER})
application = cherrypy.Application(Root(), "", config="/app/shop.conf")
