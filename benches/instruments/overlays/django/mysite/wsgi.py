import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mysite.settings")

application = get_wsgi_application()

if os.environ.get("MEASURED_BY") == "cprofile":
    from werkzeug.middleware.profiler import ProfilerMiddleware

    application = ProfilerMiddleware(application, stream=None, profile_dir="/app/.measured")
