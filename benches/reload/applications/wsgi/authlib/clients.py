from authlib.oauth2.rfc6749 import ClientMixin

NUMBER = "00000000"


class Client(ClientMixin):
    def get_client_id(self):
        return f"token-{NUMBER}"


def find(id):
    return Client()


def keep(token, request):
    pass
