from django.conf import settings
from django.http import HttpResponse
from wagtail import hooks
from wagtail.models import Site
from wagtail.snippets.models import get_snippet_models

from .models import OrderPage

NUMBER = "00000000"


def page(request):
    block = OrderPage._meta.get_field("body").stream_block.child_blocks["heading"]
    hooked = [hook() for hook in hooks.get_hooks("insert_global_admin_css") if hook.__module__.startswith("shop")]
    names = [model.__name__ for model in get_snippet_models()]
    return HttpResponse(f"token-{NUMBER} {block.label} {settings.WAGTAIL_SITE_NAME} {hooked} {names} {Site.find_for_request(request)}")
