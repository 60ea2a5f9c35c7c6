from django.db import models

from catalogue.models import Item
from customers.models import Customer


class Review(models.Model):
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="reviews")
    author = models.ForeignKey(Customer, on_delete=models.CASCADE)
    stars = models.PositiveSmallIntegerField()
    text = models.TextField(blank=True)

    def __str__(self):
        return f"{self.stars} stars"
