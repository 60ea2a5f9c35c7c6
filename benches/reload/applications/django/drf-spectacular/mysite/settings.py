from .base import *  # noqa: F403
from .base import INSTALLED_APPS

INSTALLED_APPS += ["rest_framework", "drf_spectacular"]
REST_FRAMEWORK = {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema", "DEFAULT_PERMISSION_CLASSES": []}
SPECTACULAR_SETTINGS = {"TITLE": "token-00000000"}
