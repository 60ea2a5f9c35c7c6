from django.urls import path

from . import views

urlpatterns = [
    path("", views.home, name="home"),
    path("mine/", views.mine, name="mine"),
    path("visits/", views.visits, name="visits"),
    path("boom/", views.boom, name="boom"),
]
