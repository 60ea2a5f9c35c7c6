from django.contrib import admin
from django.http import HttpResponse

from .models import Order

NUMBER = "00000000"


def page(request):
    if not Order.objects.exists():
        Order.objects.create(name="A")
    resource = admin.site._registry[Order].resource_classes[0]()
    return HttpResponse(f"token-{NUMBER} {resource.export().csv}")
