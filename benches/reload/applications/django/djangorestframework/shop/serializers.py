from rest_framework import serializers

from .models import Order


class OrderSerializer(serializers.ModelSerializer):
    number = serializers.SerializerMethodField()

    class Meta:
        model = Order
        fields = ["name", "number"]

    def get_number(self, order):
        return "token-00000000"
