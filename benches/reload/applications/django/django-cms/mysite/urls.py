from django.contrib import admin
from django.urls import include, path

from shop import views

urlpatterns = [path("admin/", admin.site.urls), path("", views.page), path("cms/", include("cms.urls"))]
