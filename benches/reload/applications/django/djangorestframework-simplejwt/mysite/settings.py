from .base import *  # noqa: F403
from .base import INSTALLED_APPS

INSTALLED_APPS += ["rest_framework", "rest_framework_simplejwt"]
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTStatelessUserAuthentication"]}
SIMPLE_JWT = {"ISSUER": "token-00000000"}
