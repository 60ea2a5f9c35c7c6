from django.db.models.signals import post_init
from django.dispatch import receiver

from .models import Order

NUMBER = "00000000"


@receiver(post_init, sender=Order)
def number(sender, instance, **kwargs):
    instance.number = f"token-{NUMBER}"
