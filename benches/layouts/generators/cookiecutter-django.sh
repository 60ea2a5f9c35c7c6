# The shape of cookiecutter-django: settings and requirements in three parts, django-environ, applications in a package beside `config`.
tool 'django==5.2.*'
django-admin startproject config .
mkdir config/settings requirements shop shop/users
mv config/settings.py config/settings/base.py
touch config/settings/__init__.py shop/__init__.py shop/users/__init__.py
cat >>config/settings/base.py <<'END'
import environ
env = environ.Env()
BASE_DIR = BASE_DIR.parent
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR}/db.sqlite3")}
STATIC_ROOT = str(BASE_DIR / "staticfiles")
INSTALLED_APPS += ["shop.users"]
END
printf 'from .base import *\nDEBUG = True\nSECRET_KEY = env("DJANGO_SECRET_KEY", default="local")\nALLOWED_HOSTS = ["localhost", "0.0.0.0", "127.0.0.1"]\n' \
    >config/settings/local.py
printf 'from .base import *\nSECRET_KEY = env("DJANGO_SECRET_KEY")\nALLOWED_HOSTS = env.list("DJANGO_ALLOWED_HOSTS", default=["example.com"])\n' \
    >config/settings/production.py
sed -i 's/config\.settings/config.settings.local/' manage.py
sed -i 's/config\.settings/config.settings.production/' config/wsgi.py config/asgi.py
printf 'DJANGO_SECRET_KEY=not-a-secret-{of}-"ours"\nDJANGO_ALLOWED_HOSTS=localhost,127.0.0.1\n' >.env
printf 'django==5.2.*\ndjango-environ\n' >requirements/base.txt
printf -- '-r base.txt\ndjango-debug-toolbar\n' >requirements/local.txt
printf -- '-r base.txt\nwhitenoise\n' >requirements/production.txt
printf 'from django.http import HttpResponse\n\n\ndef page(request):\n    return HttpResponse("number-1")\n' >shop/users/views.py
printf 'from shop.users import views\nurlpatterns += [path("users/", views.page)]\n' >>config/urls.py
page /users/ shop/users/views.py
