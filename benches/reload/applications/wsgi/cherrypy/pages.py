import cherrypy

NUMBER = "00000000"


class Root:
    @cherrypy.expose
    def index(self):
        conf = cherrypy.request.app.config["shop"]
        return f"token-{NUMBER} token-{cherrypy.config['shop.number']} token-{conf['number']}"
