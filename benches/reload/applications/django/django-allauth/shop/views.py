from allauth.account.adapter import get_adapter
from allauth.account.views import LoginView
from django.http import HttpResponse

NUMBER = "00000000"


def page(request):
    form = LoginView.as_view()(request).context_data["form"]
    return HttpResponse(f"token-{NUMBER} {get_adapter(request).number} {form.number}")
