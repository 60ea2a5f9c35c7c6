import strawberry
from flask import current_app


@strawberry.type
class Order:
    name: str

    @strawberry.field
    def number(self) -> str:
        return "token-00000000"


@strawberry.type
class Query:
    @strawberry.field
    def order(self) -> Order:
        return Order(name="token-" + current_app.config["NUMBER"])


schema = strawberry.Schema(query=Query)
