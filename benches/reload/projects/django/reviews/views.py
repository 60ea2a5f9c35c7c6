from django.views.generic import DetailView, ListView

from .models import Review


class ReviewList(ListView):
    model = Review


class ReviewDetail(DetailView):
    model = Review
