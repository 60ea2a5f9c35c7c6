from marshmallow import Schema, fields


class OrderSchema(Schema):
    name = fields.String(metadata={"description": "token-00000000"})
