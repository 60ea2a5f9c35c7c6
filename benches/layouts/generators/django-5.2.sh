# django-admin startproject and startapp of Django 5.2, as they are, and one view.
tool 'django==5.2.*'
django-admin startproject mysite .
python manage.py startapp shop
printf 'django==5.2.*\n' >requirements.txt
printf 'from django.http import HttpResponse\n\n\ndef page(request):\n    return HttpResponse("number-1")\n' >shop/views.py
printf 'from shop import views\nurlpatterns += [path("shop/", views.page)]\n' >>mysite/urls.py
page /shop/ shop/views.py
