"""The settings, and what MEASURED_BY names beside them."""

import os

from .settings import *  # noqa: F403
from .settings import BASE_DIR, INSTALLED_APPS, MIDDLEWARE

BY = os.environ.get("MEASURED_BY", "")
ROOT_URLCONF = "mysite.measured_urls"
MEASURED = str(BASE_DIR / ".measured")

if BY.startswith("silk"):
    INSTALLED_APPS = [*INSTALLED_APPS, "silk"]
    MIDDLEWARE = ["silk.middleware.SilkyMiddleware", *MIDDLEWARE]
if BY == "silk-profiler":
    SILKY_PYTHON_PROFILER = True
    SILKY_PYTHON_PROFILER_BINARY = True
    SILKY_PYTHON_PROFILER_RESULT_PATH = MEASURED
if BY == "toolbar":
    INSTALLED_APPS = [*INSTALLED_APPS, "debug_toolbar"]
    MIDDLEWARE = ["debug_toolbar.middleware.DebugToolbarMiddleware", *MIDDLEWARE]
    # By default it is shown to 127.0.0.1, which nobody is from outside of a container.
    DEBUG_TOOLBAR_CONFIG = {"SHOW_TOOLBAR_CALLBACK": "mysite.measured_urls.always"}
if BY == "pyinstrument":
    MIDDLEWARE = ["pyinstrument.middleware.ProfilerMiddleware", *MIDDLEWARE]
    PYINSTRUMENT_PROFILE_DIR = MEASURED
    PYINSTRUMENT_PROFILE_DIR_RENDERER = "pyinstrument.renderers.JSONRenderer"
