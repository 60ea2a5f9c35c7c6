from flask import current_app
from flask_appbuilder import IndexView, expose

NUMBER = "00000000"


class Index(IndexView):
    @expose("/")
    def index(self):
        return f"token-{NUMBER} token-{current_app.config['NUMBER']} {self.appbuilder.app_name}"
