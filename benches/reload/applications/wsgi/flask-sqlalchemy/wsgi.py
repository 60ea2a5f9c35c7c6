from flask import Flask

from models import Order, db

NUMBER = "00000000"
application = Flask(__name__)
application.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:////tmp/orders.sqlite3"
db.init_app(application)
with application.app_context():
    db.create_all()


@application.route("/")
def index():
    order = Order(name=f"token-{NUMBER}")
    db.session.add(order)
    db.session.flush()
    text = f"{db.session.get(Order, order.id).name} {order.number}"
    db.session.rollback()
    return text
