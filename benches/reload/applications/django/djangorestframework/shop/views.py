from rest_framework.viewsets import ModelViewSet

from .models import Order
from .serializers import OrderSerializer

NUMBER = "00000000"


class OrderViewSet(ModelViewSet):
    serializer_class = OrderSerializer

    def get_queryset(self):
        if not Order.objects.exists():
            Order.objects.create(name="A")
        return Order.objects.all()

    def list(self, request):
        answer = super().list(request)
        answer.data.append(f"token-{NUMBER}")
        return answer
