from django.urls import include, path

from shop import views

urlpatterns = [path("", views.page), path("social/", include("social_django.urls", namespace="social"))]
