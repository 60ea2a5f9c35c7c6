from django.contrib import admin
from django.shortcuts import render

from .models import Order

NUMBER = "00000000"


def page(request):
    order = Order.objects.create(name=f"token-{NUMBER}")
    found = Order.objects.get(pk=order.pk)
    order.delete()
    return render(request, "shop/page.html", {"order": found, "admin": admin.site._registry[Order]})
