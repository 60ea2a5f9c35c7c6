# CherryPy, whose tree is the WSGI application.
printf 'cherrypy\n' >requirements.txt
cat >wsgi.py <<'END'
import cherrypy


class Root:
    @cherrypy.expose
    def index(self):
        return "number-1"


cherrypy.config.update({"environment": "embedded"})
cherrypy.tree.mount(Root(), "/")
application = cherrypy.tree
END
page / wsgi.py
