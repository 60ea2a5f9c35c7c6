from .base import *  # noqa: F403
from shop.headers import add

from .base import BASE_DIR, MIDDLEWARE

MIDDLEWARE.insert(1, "whitenoise.middleware.WhiteNoiseMiddleware")
WHITENOISE_ROOT = BASE_DIR / "public"
WHITENOISE_ADD_HEADERS_FUNCTION = add
