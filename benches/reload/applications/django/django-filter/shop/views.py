from django.shortcuts import render

from .filters import OrderFilter
from .models import Order

NUMBER = "00000000"


def page(request):
    return render(request, "shop/page.html", {"filter": OrderFilter({"name": "A"}, queryset=Order.objects.all()), "number": NUMBER})
