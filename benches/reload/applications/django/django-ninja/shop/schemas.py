from ninja import Schema


class OrderOut(Schema):
    name: str
    number: str = "token-00000000"
