# Django 3.2, of 2021: what it needs of Python is told by a runtime.txt, as on Heroku.
tool 'django==3.2.*' setuptools
django-admin startproject mysite .
printf 'django==3.2.*\n' >requirements.txt
printf 'python-3.11.9\n' >runtime.txt
printf 'from django.http import HttpResponse\n\n\ndef page(request):\n    return HttpResponse("number-1")\n' >mysite/views.py
printf 'from . import views\nurlpatterns += [path("shop/", views.page)]\n' >>mysite/urls.py
page /shop/ mysite/views.py
