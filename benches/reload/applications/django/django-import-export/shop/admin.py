from django.contrib import admin
from import_export.admin import ImportExportModelAdmin

from .models import Order
from .resources import OrderResource


@admin.register(Order)
class OrderAdmin(ImportExportModelAdmin):
    resource_classes = [OrderResource]
