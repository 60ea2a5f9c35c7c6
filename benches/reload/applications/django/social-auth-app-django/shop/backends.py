from social_core.backends.oauth import BaseOAuth2

NUMBER = "00000000"


class ShopOAuth2(BaseOAuth2):
    name = "shop"
    AUTHORIZATION_URL = f"http://localhost/token-{NUMBER}"
    ACCESS_TOKEN_URL = "http://localhost/token"
