from django.contrib import admin

from .models import Line, Order


class LineInline(admin.TabularInline):
    model = Line


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    inlines = [LineInline]
    date_hierarchy = "placed"
