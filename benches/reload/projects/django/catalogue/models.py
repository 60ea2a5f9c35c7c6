from django.db import models


class Category(models.Model):
    name = models.CharField(max_length=80)

    class Meta:
        verbose_name_plural = "categories"

    def __str__(self):
        return self.name


class Item(models.Model):
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="items")
    name = models.CharField(max_length=80)
    price = models.DecimalField(max_digits=8, decimal_places=2)

    def __str__(self):
        return self.name
