from rest_framework.routers import DefaultRouter

from shop.views import OrderViewSet

router = DefaultRouter(use_regex_path=False)
router.include_root_view = False
router.register("", OrderViewSet, basename="order")
urlpatterns = router.urls
