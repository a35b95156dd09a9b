"""Signing in, setting up keys, and what one sees of one's own security. The ceremonies are allauth's, declared here one by one:
what is not named (signing up, addresses of mail, resetting by mail) is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account import views as account
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import views as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse, reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from jikim_desk import words
from jikim_desk.accounts import enrolment, people, sessions
from jikim_desk.accounts.models import User
from jikim_desk.accounts.rights import allow, before_enrolment, confirmed, public
from jikim_desk.console.visitor import visitor

_CEREMONY = {"has_ceremony": True}
"""For pages that talk to a security key: they load the script that does."""
_BACKEND = "django.contrib.auth.backends.ModelBackend"


@public
@never_cache
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """The link that works once. Opening it changes nothing, so that a preview does not use it up; the button does."""
    user = people.invited(secret)
    if user is None:
        return render(request, "console/join_over.html", {"title_key": "accounts.join.over"}, status=410)
    if request.method == "GET":
        return render(request, "console/join.html", {"title_key": "accounts.join.title", "user_named": user})
    user = people.accept(secret)
    if user is None:
        return render(request, "console/join_over.html", {"title_key": "accounts.join.over"}, status=410)
    if request.user.is_authenticated:
        logout(request)
    record_authentication(request, user, method="link")
    login(request, user, backend=_BACKEND)
    return redirect("home" if enrolment.is_waived(user) else "enrol")


@never_cache
@before_enrolment
@allow()
def enrol(request: HttpRequest) -> HttpResponse:
    """Where somebody sets up how they sign in, before anything else."""
    user = visitor(request)
    shown = {
        "needs_name": _is_address(request),
        "localhost": f"http://localhost:{request.get_port()}{reverse('enrol')}",
        "has_totp": "totp" in settings.MFA_SUPPORTED_TYPES,
        "has_password": user.has_usable_password(),
        "has_key": Authenticator.objects.filter(user=user, type__in=enrolment.second_factors()).exists(),
        "is_enrolled": enrolment.is_enrolled(user),
    }
    return render(request, "console/enrol.html", shown)


@allow()
@before_enrolment
@require_POST
def own_language(request: HttpRequest) -> HttpResponse:
    """Chooses how the desk speaks to oneself."""
    lang = request.POST.get("lang", "")
    User.objects.filter(pk=visitor(request).pk).update(lang=lang if lang in ("ko", "en") else "")
    return redirect("mfa_index")


@allow()
@require_POST
@confirmed
def end_own_sessions(request: HttpRequest) -> HttpResponse:
    """Signs oneself out everywhere, here too."""
    people.end_sessions(visitor(request), visitor(request))
    logout(request)
    return redirect("account_login")


def locked_out(request: HttpRequest, *_: Any) -> HttpResponse:
    """After too many wrong passwords."""
    return render(request, "console/locked_out.html", {"title_key": "accounts.locked_out.title"}, status=429)


class _RemoveKey(webauthn.RemoveWebAuthnView):  # type: ignore[misc]
    def form_valid(self, form: Any) -> HttpResponse:
        """Removes a key, unless it is the last one that lets its owner in."""
        if not get_adapter().can_delete_authenticator(self.get_object()):
            messages.error(self.request, words.say("accounts.error.last_key"))
            return HttpResponseRedirect(reverse("mfa_list_webauthn"))
        return super().form_valid(form)  # type: ignore[no-any-return]


class _Login(account.LoginView):  # type: ignore[misc]
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Says once why an earlier sign-in was ended."""
        reason = self.request.session.pop(sessions.ENDED, "")
        shown = {"has_ceremony": True, "ended_key": f"accounts.ended.{reason}" if reason else ""}
        return {**super().get_context_data(**kwargs), **shown}


class _Own(mfa.IndexView):  # type: ignore[misc]
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What one has to sign in with."""
        shown: dict[str, Any] = super().get_context_data(**kwargs)
        codes = shown["authenticators"].get(Authenticator.Type.RECOVERY_CODES)
        shown["own_keys"] = [key.instance for key in shown["authenticators"].get(Authenticator.Type.WEBAUTHN, [])]
        shown["codes_left"] = len(codes.get_unused_codes()) if codes else 0
        shown["languages"] = settings.LANGUAGES
        return shown


class _Authenticate(mfa.AuthenticateView):  # type: ignore[misc]
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the page needs besides: which ways this person has."""
        kinds = Authenticator.objects.filter(user=self.stage.login.user).values_list("type", flat=True)
        return {**super().get_context_data(**kwargs), "kinds": set(kinds), "has_ceremony": True}


def _is_address(request: HttpRequest) -> bool:
    """Whether the desk was opened by number: browsers keep keys for names only."""
    host = request.get_host().rpartition(":")[0] or request.get_host()
    return host.replace(".", "").isdigit() or host.startswith("[")


def _own(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    return before_enrolment(allow()(view))


_add_key = webauthn.AddWebAuthnView.as_view(extra_context=_CEREMONY)
_confirm_with_key = webauthn.ReauthenticateWebAuthnView.as_view(extra_context=_CEREMONY)
_set_password = account.PasswordSetView.as_view(success_url=reverse_lazy("enrol"))
_change_password = account.PasswordChangeView.as_view(success_url=reverse_lazy("mfa_index"))

addresses: list[URLPattern] = [
    path("join/<str:secret>/", join, name="join"),
    path("enrol/", enrol, name="enrol"),
    path("accounts/language/", own_language, name="own_language"),
    path("accounts/sessions/end/", end_own_sessions, name="end_own_sessions"),
    path("accounts/login/", public(_Login.as_view()), name="account_login"),
    path("accounts/logout/", public(account.logout), name="account_logout"),
    path("accounts/inactive/", public(account.account_inactive), name="account_inactive"),
    path("accounts/password/set/", _own(_set_password), name="account_set_password"),
    path("accounts/password/change/", _own(_change_password), name="account_change_password"),
    path("accounts/keys/", _own(_Own.as_view()), name="mfa_index"),
    path("accounts/keys/authenticate/", public(_Authenticate.as_view()), name="mfa_authenticate"),
    path("accounts/keys/confirm/", _own(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("accounts/keys/login/", public(webauthn.login_webauthn), name="mfa_login_webauthn"),
    path("accounts/keys/list/", _own(webauthn.list_webauthn), name="mfa_list_webauthn"),
    path("accounts/keys/add/", _own(_add_key), name="mfa_add_webauthn"),
    path(
        "accounts/keys/confirm/key/",
        _own(_confirm_with_key),
        name="mfa_reauthenticate_webauthn",
    ),
    path("accounts/keys/<int:pk>/remove/", _own(_RemoveKey.as_view()), name="mfa_remove_webauthn"),
    path("accounts/keys/<int:pk>/edit/", _own(webauthn.edit_webauthn), name="mfa_edit_webauthn"),
    path("accounts/codes/", _own(recovery_codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("accounts/codes/generate/", _own(recovery_codes.generate_recovery_codes), name="mfa_generate_recovery_codes"),
]
if "totp" in settings.MFA_SUPPORTED_TYPES:
    addresses += [
        path("accounts/app/activate/", _own(totp.activate_totp), name="mfa_activate_totp"),
        path("accounts/app/deactivate/", _own(totp.deactivate_totp), name="mfa_deactivate_totp"),
    ]
