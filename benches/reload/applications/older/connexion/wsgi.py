import connexion

NUMBER = "00000000"
app = connexion.FlaskApp(__name__, specification_dir="/app", options={"swagger_ui": False})
app.add_api("openapi.yaml")
application = app.app
application.config["NUMBER"] = NUMBER
