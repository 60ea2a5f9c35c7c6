from pony.orm import db_session, flush

from models import Order, db

NUMBER = "00000000"
db.bind(provider="sqlite", filename="/tmp/pony.sqlite3", create_db=True)
db.generate_mapping(create_tables=True)


@db_session
def numbers():
    order = Order(name=f"token-{NUMBER}")
    flush()
    text = f"{Order[order.id].name} {order.number}"
    order.delete()
    return text


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [numbers().encode()]
