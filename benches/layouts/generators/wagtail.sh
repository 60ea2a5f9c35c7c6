# wagtail start.
tool wagtail setuptools
wagtail start mysite . >/dev/null
printf 'from django.http import HttpResponse\n\n\ndef page(request):\n    return HttpResponse("number-1")\n' >search/shop.py
printf '\nfrom search import shop\nurlpatterns = [path("shop/", shop.page)] + urlpatterns\n' >>mysite/urls.py
page /shop/ search/shop.py
