from import_export import fields, resources

from .models import Order


class OrderResource(resources.ModelResource):
    number = fields.Field()

    class Meta:
        model = Order
        fields = ["name", "number"]

    def dehydrate_number(self, order):
        return "token-00000000"
