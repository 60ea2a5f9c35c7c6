from django.db import models

from catalogue.models import Item
from customers.models import Customer


class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="orders")
    items = models.ManyToManyField(Item, through="Line")
    placed = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"Order {self.pk}"


class Line(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE)
    item = models.ForeignKey(Item, on_delete=models.PROTECT)
    count = models.PositiveIntegerField(default=1)
