from django.http import HttpResponse
from social_django.utils import load_backend, load_strategy

NUMBER = "00000000"


def page(request):
    backend = load_backend(load_strategy(request), "shop", "/")
    return HttpResponse(f"token-{NUMBER} {backend.auth_url()}")
