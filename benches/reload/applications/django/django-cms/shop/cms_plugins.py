from cms.plugin_base import CMSPluginBase
from cms.plugin_pool import plugin_pool


@plugin_pool.register_plugin
class OrderPlugin(CMSPluginBase):
    name = "token-00000000"
    render_template = "shop/page.html"
