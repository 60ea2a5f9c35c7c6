from mako.lookup import TemplateLookup

from helpers import heading

NUMBER = "00000000"
# As its documentation has it: compiled templates are kept beside the application.
lookup = TemplateLookup(directories=["/app/templates"], module_directory="/app/var/cache")


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html")])
    return [lookup.get_template("page.mako").render_unicode(number=NUMBER, heading=heading).encode()]
