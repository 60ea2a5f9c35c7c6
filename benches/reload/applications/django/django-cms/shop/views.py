from cms.plugin_pool import plugin_pool
from cms.utils.conf import get_cms_setting
from django.http import HttpResponse

NUMBER = "00000000"


def page(request):
    template = get_cms_setting("TEMPLATES")[0][1]
    return HttpResponse(f"token-{NUMBER} {plugin_pool.get_plugin('OrderPlugin').name} {template}")
