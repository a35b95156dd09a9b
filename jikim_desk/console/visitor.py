"""Who is asking: the signed-in person, as the type the rest of the desk takes."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from jikim_desk.accounts.models import User


def visitor(request: HttpRequest) -> User:
    """The person behind a request. Raises PermissionDenied where nobody is signed in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
