from ninja import NinjaAPI

from .schemas import OrderOut

NUMBER = "00000000"
api = NinjaAPI(docs_url=None, openapi_url=None)


@api.get("/", response=OrderOut)
def page(request):
    return {"name": f"token-{NUMBER}"}
