from django.db import models
from wagtail.admin.panels import FieldPanel
from wagtail.blocks import CharBlock
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Page
from wagtail.snippets.models import register_snippet


class OrderPage(Page):
    intro = RichTextField(blank=True)
    body = StreamField([("heading", CharBlock(label="token-00000000"))], blank=True)
    content_panels = Page.content_panels + [FieldPanel("intro"), FieldPanel("body")]


@register_snippet
class Customer(models.Model):
    name = models.CharField(max_length=30)
    panels = [FieldPanel("name")]
