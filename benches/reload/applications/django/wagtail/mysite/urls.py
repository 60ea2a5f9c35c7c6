from django.urls import include, path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls

from shop import views

urlpatterns = [path("", views.page), path("cms/", include(wagtailadmin_urls)), path("pages/", include(wagtail_urls))]
