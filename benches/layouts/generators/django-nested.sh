# The Django project one directory down, and the requirements at the top: what `django-admin startproject backend` in a repository gives.
tool 'django==5.2.*'
django-admin startproject backend
printf 'django==5.2.*\nwhitenoise\n' >requirements.txt
printf 'from django.http import HttpResponse\n\n\ndef page(request):\n    return HttpResponse("number-1")\n' >backend/backend/views.py
printf 'from . import views\nurlpatterns += [path("shop/", views.page)]\n' >>backend/backend/urls.py
page /shop/ backend/backend/views.py
