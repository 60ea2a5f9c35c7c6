import web

NUMBER = "00000000"
urls = ("/", "Index")
render = web.template.render("/app/templates/")


class Index:
    def GET(self):
        web.header("Content-Type", "text/html")
        return render.page(NUMBER, web.config.number)


views = {"Index": Index}
