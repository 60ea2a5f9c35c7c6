from django.http import HttpResponse

from .models import Order

NUMBER = "00000000"


def page(request):
    return HttpResponse(f"<html><body>token-{NUMBER} {Order.objects.count()}</body></html>")
