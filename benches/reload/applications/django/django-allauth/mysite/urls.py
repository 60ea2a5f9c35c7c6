from allauth.account.views import LoginView
from django.urls import include, path

from shop import views

urlpatterns = [path("accounts/", include("allauth.urls")), path("", views.page), path("login", LoginView.as_view())]
