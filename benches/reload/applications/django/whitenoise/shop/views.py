from django.http import HttpResponse
from django.test import Client

NUMBER = "00000000"


def page(request):
    found = Client().get("/robots.txt")
    return HttpResponse(f"token-{NUMBER} {found.status_code} {found.headers['X-Number']}")
