from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from shop.views import OrderView

urlpatterns = [path("", SpectacularAPIView.as_view()), path("orders", OrderView.as_view())]
