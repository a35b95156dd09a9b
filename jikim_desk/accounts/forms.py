"""Forms of allauth that have to do more here."""

from __future__ import annotations

from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
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


class AddKeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """A new security key; what a browser sends for one that was registered before, or cannot be read, is said and not kept."""

    def clean(self) -> dict[str, Any]:
        """The credential, checked against the challenge."""
        try:
            return dict(super().clean())
        except (TypeError, KeyError, AttributeError) as error:  # a forged form: no shape a browser would send
            raise get_adapter().validation_error("incorrect_code") from error
