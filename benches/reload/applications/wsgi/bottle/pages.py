import bottle

NUMBER = "00000000"


@bottle.route("/")
@bottle.view("page")
def index():
    return {"number": NUMBER, "other": bottle.default_app().config["shop.number"]}
