from webob.dec import wsgify

from answers import Numbered

NUMBER = "00000000"


@wsgify
def application(request):
    return Numbered(text=f"token-{NUMBER}")
