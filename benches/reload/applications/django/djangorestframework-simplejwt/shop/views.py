from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from .tokens import ShopToken

NUMBER = "00000000"


class Who(APIView):
    def get(self, request):
        return Response(f"{request.auth['iss']} {request.auth['number']} {request.user.id}")


def page(request):
    token = ShopToken.for_customer(f"token-{NUMBER}")
    return Who.as_view()(APIRequestFactory().get("/", HTTP_AUTHORIZATION=f"Bearer {token}")).render()
