import bottle

import pages

NUMBER = "00000000"
bottle.TEMPLATE_PATH.insert(0, "/app/views/")
application = bottle.default_app()
application.config["shop.number"] = NUMBER
assert pages
