from .base import *  # noqa: F403
from .base import INSTALLED_APPS

INSTALLED_APPS += ["django_filters"]
