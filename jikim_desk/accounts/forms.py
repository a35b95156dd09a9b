"""Forms of allauth that have to do more here."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms
from axes.handlers.proxy import AxesProxyHandler
from django.core.exceptions import ValidationError

from jikim_desk import words


class CodeForm(AuthenticateForm):  # type: ignore[misc]
    """The code after the password. Wrong codes count towards the lock-out, and who is locked out is not asked for one."""

    def clean_code(self) -> str:
        """The code, if it is right."""
        if not AxesProxyHandler.is_allowed(context.request, {"username": self.user.username}):
            raise ValidationError(words.say("accounts.locked_out"))
        return str(super().clean_code())


@contextmanager
def _no_credential() -> Iterator[None]:
    """What no browser sends is a forged form: refused like a wrong key. Reading it fails in as many ways as it can be wrong."""
    try:
        yield
    except (TypeError, KeyError, AttributeError, ValueError, IndexError, struct.error) as error:
        raise get_adapter().validation_error("incorrect_code") from error


class AddKeyForm(forms.AddWebAuthnForm):  # type: ignore[misc]
    """A new security key."""

    def clean(self) -> dict[str, Any]:
        """The credential, checked against the challenge."""
        with _no_credential():
            return dict(super().clean())


class KeyForm(forms.AuthenticateWebAuthnForm):  # type: ignore[misc]
    """A security key after the password."""

    def clean_credential(self) -> Authenticator:
        """The key it is."""
        with _no_credential():
            return super().clean_credential()


class KeyAloneForm(forms.LoginWebAuthnForm):  # type: ignore[misc]
    """A security key instead of a password."""

    def clean_credential(self) -> Authenticator:
        """The key it is."""
        with _no_credential():
            return super().clean_credential()


class KeyAgainForm(forms.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """A security key to confirm who one is."""

    def clean_credential(self) -> Authenticator:
        """The key it is."""
        with _no_credential():
            return super().clean_credential()
