"""Writes sign-ins, sign-outs and changes of keys to the chain, and starts the clocks of a session."""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from jikim_desk.accounts import sessions
from jikim_desk.accounts.enrolment import second_factors
from jikim_desk.accounts.models import User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action


@receiver(user_logged_in)
def _signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    sessions.begin(request)
    methods = sorted({str(record.get("type") or record.get("method")) for record in get_authentication_records(request, user)})
    chain.record(Action.SIGN_IN, actor=user, subject=f"person:{user.pk}", facts={"method": methods})


@receiver(user_logged_out)
def _signed_out(user: User | None, **_: Any) -> None:
    if user is not None:
        chain.record(Action.SIGN_OUT, actor=user, subject=f"person:{user.pk}")


@receiver(user_login_failed)
def _failed(credentials: dict[str, Any], **_: Any) -> None:
    name = str(credentials.get("username", ""))[:150]
    chain.record(Action.SIGN_IN_FAILED, actor=None, subject=f"username:{name.casefold()}", facts={"method": "password"})


@receiver(mfa.authentication_failed)
def _second_factor_failed(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    """Counts towards the lock-out as a wrong password does."""
    user_login_failed.send(sender=__name__, credentials={"username": user.username}, request=request)


@receiver(mfa.authenticator_added)
def _key_added(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    """Who has just registered a key or an app has shown it."""
    if authenticator.type in second_factors():
        record_authentication(request, user, method="mfa", id=authenticator.pk, type=authenticator.type)
    _record_key(user, "added", authenticator)


@receiver(mfa.authenticator_removed)
def _key_removed(user: User, authenticator: Authenticator, **_: Any) -> None:
    _record_key(user, "removed", authenticator)


@receiver(mfa.authenticator_reset)
def _codes_made(user: User, authenticator: Authenticator, **_: Any) -> None:
    _record_key(user, "made_anew", authenticator)


@receiver([account.password_set, account.password_changed])
def _password_set(user: User, **_: Any) -> None:
    chain.record(Action.KEY, actor=user, subject=f"person:{user.pk}", facts={"what": "set", "kind": "password"})


def _record_key(user: User, what: str, authenticator: Authenticator) -> None:
    facts = {"what": what, "kind": str(authenticator.type)}
    chain.record(Action.KEY, actor=user, subject=f"person:{user.pk}", facts=facts)
