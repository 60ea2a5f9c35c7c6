from marshmallow import Schema, fields, post_dump, validate

NUMBER = "00000000"


class LineSchema(Schema):
    count = fields.Integer(required=True, validate=validate.Range(min=1))


class OrderSchema(Schema):
    name = fields.String(required=True)
    # By its name in the registry of classes.
    lines = fields.List(fields.Nested("LineSchema"))

    @post_dump
    def number(self, data, **kwargs):
        return {**data, "number": f"token-{NUMBER}"}
