from .base import *  # noqa: F403
from .base import INSTALLED_APPS, MIDDLEWARE, TEMPLATES

INSTALLED_APPS += ["cms", "menus", "treebeard", "sekizai", "djangocms_text"]
MIDDLEWARE += [
    "django.middleware.locale.LocaleMiddleware",
    "cms.middleware.user.CurrentUserMiddleware",
    "cms.middleware.page.CurrentPageMiddleware",
    "cms.middleware.toolbar.ToolbarMiddleware",
    "cms.middleware.language.LanguageCookieMiddleware",
]
TEMPLATES[0]["OPTIONS"]["context_processors"] += ["sekizai.context_processors.sekizai", "cms.context_processors.cms_settings"]
CMS_CONFIRM_VERSION4 = True
CMS_TEMPLATES = [("shop/page.html", "token-00000000")]
LANGUAGES = [("en", "English")]
X_FRAME_OPTIONS = "SAMEORIGIN"
