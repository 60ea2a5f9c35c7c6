from schemas import Order, Settings

NUMBER = "00000000"
settings = Settings()


def application(environ, start_response):
    order = Order.model_validate({"lines": [{"name": f"token-{NUMBER}", "count": "2"}], "shop": settings.shop})
    start_response("200 OK", [("Content-Type", "application/json")])
    return [order.model_dump_json().encode()]
