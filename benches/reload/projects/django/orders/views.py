from django.views.generic import DetailView, ListView

from .models import Order


class OrderList(ListView):
    model = Order


class OrderDetail(DetailView):
    model = Order
