from .base import *  # noqa: F403
from .base import INSTALLED_APPS

INSTALLED_APPS += ["social_django"]
AUTHENTICATION_BACKENDS = ["shop.backends.ShopOAuth2", "django.contrib.auth.backends.ModelBackend"]
SOCIAL_AUTH_SHOP_KEY = "token-00000000"
SOCIAL_AUTH_SHOP_SECRET = "only tried with"
