from .base import *  # noqa: F403
from .base import INSTALLED_APPS

INSTALLED_APPS += ["rest_framework"]
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["shop.renderers.Numbered"],
    "DEFAULT_PERMISSION_CLASSES": [],
}
