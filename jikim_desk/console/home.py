"""What needs me today, what is due, what is wrong, and one box."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from jikim_desk.accounts.rights import allow


@allow()
def page(request: HttpRequest) -> HttpResponse:
    """The first page."""
    return render(request, "console/home.html", {})
