"""How allauth's pages behave here: nobody signs up, secrets are sealed, words are ours, keys come before passwords."""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from io import BytesIO
from typing import Any, ClassVar

import qrcode  # type: ignore[import-untyped]
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import lazystr
from qrcode.image.svg import SvgPathImage  # type: ignore[import-untyped]

from jikim_desk import words
from jikim_desk.accounts import enrolment
from jikim_desk.accounts.models import User
from jikim_desk.config import desk_config
from jikim_desk.sealing import vault


class _Said:
    """A sentence in the language of whoever reads it."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __str__(self) -> str:
        return words.say(self._key)


def _say_later(key: str) -> Any:
    return lazystr(_Said(key))


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Of sign-in, sign-out and passwords."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": _say_later("accounts.error.inactive"),
        "username_password_mismatch": _say_later("accounts.error.wrong"),
        "incorrect_password": _say_later("accounts.error.wrong_password"),
        "enter_current_password": _say_later("accounts.error.wrong_password"),
        "too_many_login_attempts": _say_later("accounts.error.too_often"),
        "rate_limited": _say_later("accounts.error.too_often"),
        "invalid_login": _say_later("accounts.error.wrong"),
        "incorrect_code": _say_later("accounts.error.wrong_code"),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People are made by an administrator."""
        return False

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """No mail leaves the desk about who works here; the chain has it."""

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Says in our words what allauth's template of that name would."""
        if message_template:
            name = message_template.rpartition("/")[2].removesuffix(".txt")
            if name in _SAID_NOTHING:
                return
            message = words.say(f"accounts.said.{name}")
        messages.add_message(request, level, message or "", extra_tags=extra_tags)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whether they have to show a key again: not soon after, not before they have one."""
        request = self.request or context.request
        user = request.user
        if not Authenticator.objects.filter(user=user, type__in=enrolment.second_factors()).exists():
            return False
        shown = [record["at"] for record in get_authentication_records(request, user) if record.get("method") == "mfa"]
        return not any(0 <= time.time() - at < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT for at in shown)

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """The ways to confirm who one is: a security key first, a code of the app next, never a password alone."""
        kinds = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
        ways = (
            (Authenticator.Type.WEBAUTHN, "mfa_reauthenticate_webauthn", "accounts.with_key"),
            (Authenticator.Type.TOTP, "mfa_reauthenticate", "accounts.with_app"),
            (Authenticator.Type.RECOVERY_CODES, "mfa_reauthenticate", "accounts.with_recovery_code"),
        )
        found = [
            {"id": name, "description": words.say(key), "url": reverse(name)}
            for kind, name, key in ways
            if kind in kinds and kind in settings.MFA_SUPPORTED_TYPES
        ]
        return [way for at, way in enumerate(found) if way["id"] not in {earlier["id"] for earlier in found[:at]}]


_SAID_NOTHING = {"logged_in", "logged_out"}


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Of security keys, authenticator apps and recovery codes."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _say_later("accounts.error.wrong_code"),
        "cannot_delete_authenticator": _say_later("accounts.error.last_key"),
        "cannot_generate_recovery_codes": _say_later("accounts.error.no_key_yet"),
    }

    def encrypt(self, text: str) -> str:
        """Seals the secret of an app or of recovery codes."""
        return b64encode(vault().seal_field("mfa_authenticator", "", "secret", text)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """What `encrypt` sealed. Raises VaultError where the centre's key is lost or another."""
        return vault().open_field("mfa_authenticator", "", "secret", b64decode(encrypted_text))

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Not the last one that lets somebody in."""
        return enrolment.is_enrolled(authenticator.user, without=authenticator)

    def build_totp_svg(self, url: str) -> str:
        """A QR code as an `svg` element that stands in the page itself."""
        picture = BytesIO()
        qrcode.make(url, image_factory=SvgPathImage, border=2).save(picture)
        return picture.getvalue().decode().partition("?>")[2].strip()

    def generate_authenticator_name(self, user: User, type: str) -> str:
        """A name by which to tell keys apart."""
        return words.say("accounts.key_name", number=Authenticator.objects.filter(user=user, type=type).count() + 1)

    def _get_site_name(self) -> str:
        return desk_config().centre or words.say("console.name")

    def _get_user_identifier(self, user: User) -> str:
        return str(user.username)
