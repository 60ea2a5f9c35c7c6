from requests.adapters import BaseAdapter
from requests.models import Response

NUMBER = "00000000"


class Echo(BaseAdapter):
    def send(self, request, **kwargs):
        response = Response()
        response.status_code, response.url, response.request = 200, request.url, request
        response._content = f"{request.url} token-{request.headers['X-Number']} token-{NUMBER}\n".encode()
        return response

    def close(self):
        pass
