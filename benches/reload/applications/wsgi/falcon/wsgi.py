import falcon

from resources import Orders

NUMBER = "00000000"
application = falcon.App()
application.add_route("/", Orders(NUMBER))
