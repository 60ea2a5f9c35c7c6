from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "shop"
    number = "00000000"

    def ready(self):
        from corsheaders.signals import check_request_enabled

        check_request_enabled.connect(lambda sender, request, **kwargs: True, weak=False)
