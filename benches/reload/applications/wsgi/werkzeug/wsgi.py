from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request

from urls import endpoints, url_map

NUMBER = "00000000"


@Request.application
def application(request):
    try:
        endpoint, values = url_map.bind_to_environ(request.environ).match()
        return endpoints[endpoint](request, NUMBER, **values)
    except HTTPException as error:
        return error
