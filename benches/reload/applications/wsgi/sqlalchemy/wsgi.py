from sqlalchemy import create_engine, event, select
from sqlalchemy.orm import Session

from models import Base, Order

NUMBER = "00000000"
engine = create_engine("sqlite:////tmp/shop.sqlite3")
Base.metadata.create_all(engine)


@event.listens_for(Order, "init")
def number(target, args, kwargs):
    target.note = f"token-{NUMBER}"


def application(environ, start_response):
    with Session(engine) as session:
        order = Order(customer="A")
        session.add(order)
        session.flush()
        found = session.scalars(select(Order).where(Order.id == order.id)).one()
        text = f"{found.note} {found.number}"
        session.rollback()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]
