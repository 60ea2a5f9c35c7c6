import json

from django.conf import settings
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from lines import answer
from seeded import told, work

from .urls import urlpatterns as of_the_project


def mark(what):
    """What is looked for in all that was stored; it is not in the source, which some tools store as well."""
    return f"seen-response-{what}"


@csrf_exempt
def order(request):
    name = request.POST.get("name", "")
    found = Group.objects.filter(name=name).count()
    return HttpResponse(f"{mark('body')} {found}", headers={"X-Answer": mark("header")})


def fail(request):
    raise ValueError("-".join(["seen", "exception"]))


def busy(request):
    return HttpResponse(str(work()))


def truth(request):
    return HttpResponse(json.dumps(told))


def lines(request):
    return HttpResponse(answer(request.GET.get("kind", "")))


def items(request):
    return HttpResponse("".join(f"<li>{number}</li>" for number in range(200)))


def always(request):
    return True


urlpatterns = [
    *of_the_project,
    path("measured/order", order),
    path("measured/fail", fail),
    path("measured/busy", busy),
    path("measured/truth", truth),
    path("measured/lines", lines),
    path("measured/items", items),
]

if "silk" in settings.INSTALLED_APPS:
    urlpatterns.append(path("silk/", include("silk.urls", namespace="silk")))

if "debug_toolbar" in settings.INSTALLED_APPS:
    from debug_toolbar.store import get_store
    from debug_toolbar.toolbar import debug_toolbar_urls

    def kept(request):
        store = get_store()
        ids = list(store.request_ids())
        return HttpResponse(json.dumps([[str(id), [list(panel) for panel in store.panels(id)]] for id in ids], default=str))

    urlpatterns += [*debug_toolbar_urls(), path("measured/kept", kept)]
