import os
import time

from django.http import StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

TOKEN = "00000000"


@csrf_exempt
def index(request):
    return render(request, "catalogue/index.html", {"token": TOKEN, "process": os.getpid()})


def slow(request):
    return StreamingHttpResponse(slowly(), content_type="text/plain")


def slowly():
    for _ in range(8):
        yield f"token-{TOKEN}\n"
        time.sleep(0.05)
    yield "end\n"
