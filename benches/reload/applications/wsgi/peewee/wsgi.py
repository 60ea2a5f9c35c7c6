from models import Order, database

NUMBER = "00000000"
database.create_tables([Order])


def application(environ, start_response):
    with database.atomic() as transaction:
        order = Order.create(name=f"token-{NUMBER}")
        found = Order.get(Order.id == order.id)
        text = f"{found.name} {found.number}"
        transaction.rollback()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]
