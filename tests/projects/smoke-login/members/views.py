from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse


def home(request):
    return HttpResponse("hello %s" % (request.user.get_username() or "stranger"), content_type="text/plain")


@login_required
def me(request):
    return JsonResponse({"name": request.user.get_username()})
