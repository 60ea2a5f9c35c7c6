import os

from django.contrib.auth.decorators import login_required
from django.http import JsonResponse
from django.shortcuts import redirect, render

from .forms import NoteForm
from .models import Note


def count_visit(request):
    request.session["visits"] = request.session.get("visits", 0) + 1
    return request.session["visits"]


def home(request):
    form = NoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect("home")
    context = {"notes": Note.objects.all()[:20], "form": form, "visits": count_visit(request)}
    return render(request, "notes/home.html", context)


@login_required
def mine(request):
    return render(request, "notes/mine.html")


def visits(request):
    return JsonResponse({"visits": count_visit(request), "pid": os.getpid()})


def boom(request):
    raise RuntimeError("this page always fails")
