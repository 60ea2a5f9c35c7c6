from flask import Flask
from flask_admin import Admin
from flask_babel import Babel

from models import Order, db
from views import OrderView

NUMBER = "00000000"
application = Flask(__name__)
application.config.update(SQLALCHEMY_DATABASE_URI="sqlite:////tmp/admin.sqlite3", SECRET_KEY="only tried with")
db.init_app(application)
Babel(application)
admin = Admin(application, name=f"token-{NUMBER}")
admin.add_view(OrderView(Order, db))
with application.app_context():
    db.create_all()


@application.route("/")
def index():
    return application.test_client().get("/admin/order/").get_data(as_text=True)
