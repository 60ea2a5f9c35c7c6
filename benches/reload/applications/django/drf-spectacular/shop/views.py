from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView

from .models import Order
from .serializers import OrderSerializer


@extend_schema(description="token-00000000")
class OrderView(ListAPIView):
    queryset = Order.objects.all()
    serializer_class = OrderSerializer
