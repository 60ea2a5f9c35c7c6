from rest_framework import serializers

from .models import Order


class OrderSerializer(serializers.ModelSerializer):
    name = serializers.CharField(help_text="token-00000000")

    class Meta:
        model = Order
        fields = ["name"]
