from django.conf import settings
from django.http import HttpResponse

NUMBER = "00000000"


def page(request):
    return HttpResponse(f"token-{NUMBER} token-{settings.SHOP_NUMBER}")
