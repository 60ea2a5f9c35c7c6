from django.urls import path

from . import views

app_name = "reviews"

urlpatterns = [
    path("", views.ReviewList.as_view(), name="list"),
    path("<int:pk>/", views.ReviewDetail.as_view(), name="detail"),
]
