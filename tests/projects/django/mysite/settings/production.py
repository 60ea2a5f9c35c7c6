import os

from .base import *

ALLOWED_HOSTS += [host for host in os.environ.get("DJANGO_ALLOWED_HOSTS", "").split(",") if host]

# Behind TLS the cookies must not travel without it.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = bool(os.environ.get("DJANGO_HTTPS"))
