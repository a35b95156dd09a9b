"""People come and go: made by an administrator, let in by a link that works once, granted roles, put out again."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from hashlib import sha256

from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from jikim_desk.accounts.models import TEAM_ROLES, Grant, Invitation, Role, Team, User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.faults import BadAsk

INVITATION_LASTS = timedelta(hours=48)
PRACTICE = "practice"
"""The user name of who tries things on a practice desk; nobody else may have it."""
_USERNAME = re.compile(r"[\w.@+-]{2,150}")


def require_administrator(actor: User) -> None:
    """Raises PermissionDenied for anybody who is no administrator."""
    if not (actor.is_active and actor.has_role(Role.ADMINISTRATOR)):
        raise PermissionDenied


def create(actor: User, *, username: str, name: str, lang: str) -> tuple[User, str]:
    """Makes a person without any role, and the secret of the link by which they first sign in. Raises BadAsk."""
    require_administrator(actor)
    with transaction.atomic():
        user = _new_user(username, name, lang)
        chain.record(Action.PERSON, actor=actor, subject=_subject(user), facts={"what": "created"})
        return user, _invitation(actor, user)


def create_first(*, username: str, name: str, lang: str) -> tuple[User, str]:
    """As `create`, for the first administrator, on a desk where there is none. Raises BadAsk where there is one."""
    with transaction.atomic():
        _take_turn()
        if has_administrator():
            raise BadAsk("accounts.has_administrator")
        user = _new_user(username, name, lang)
        Grant.objects.create(user=user, role=Role.ADMINISTRATOR)
        chain.record(Action.PERSON, actor=None, subject=_subject(user), facts={"what": "created", "role": Role.ADMINISTRATOR})
        return user, _invitation(None, user)


def has_administrator() -> bool:
    """Whether somebody can run this desk."""
    return User.objects.filter(is_active=True, grants__role=Role.ADMINISTRATOR).exists()


def invite_again(actor: User, user: User) -> str:
    """A new link for somebody who lost their keys: what they signed in with no longer works, their sessions end, nothing else
    of theirs is touched. Returns the secret of the link."""
    require_administrator(actor)
    with transaction.atomic():
        Authenticator.objects.filter(user=user).delete()
        user.set_unusable_password()
        user.save(update_fields=["password"])
        _end_sessions(user)
        chain.record(Action.KEY, actor=actor, subject=_subject(user), facts={"what": "all_removed"})
        return _invitation(actor, user)


def invite(user: User) -> str:
    """A link for somebody whom the desk itself made; returns its secret. Earlier ones of theirs no longer work."""
    with transaction.atomic():
        return _invitation(None, user)


def accept(secret: str) -> User | None:
    """Uses up an invitation: whose it was, or None where it is unknown, used, too old, or its person was put out."""
    with transaction.atomic():
        now = timezone.now()
        invitation = _open_invitations(secret).select_related("user").first()
        if invitation is None or not Invitation.objects.filter(pk=invitation.pk, used_at=None).update(used_at=now):
            return None
        return invitation.user


def invited(secret: str) -> User | None:
    """Whose invitation this is, without using it up."""
    invitation = _open_invitations(secret).select_related("user").first()
    return invitation.user if invitation else None


def grant(actor: User, user: User, role: str, team: Team | None) -> None:
    """Grants a role; `team` counts for the roles that are held in one. Raises BadAsk, PermissionDenied."""
    require_administrator(actor)
    if role not in Role.values:
        raise BadAsk("accounts.unknown_role")
    if role in TEAM_ROLES and team is None:
        raise BadAsk("accounts.role_needs_team")
    in_team = team if role in TEAM_ROLES or role == Role.MACHINE else None
    with transaction.atomic():
        _, is_new = Grant.objects.get_or_create(user=user, role=role, team=in_team, defaults={"granted_by": actor})
        if is_new:
            _record_right(actor, user, "granted", role, in_team)


def withdraw(actor: User, found: Grant) -> None:
    """Takes a role away. Raises BadAsk for the last administrator's."""
    require_administrator(actor)
    with transaction.atomic():
        _take_turn()
        if found.role == Role.ADMINISTRATOR:
            _keep_an_administrator(found.user)
        if Grant.objects.filter(pk=found.pk).delete()[0]:
            _record_right(actor, found.user, "withdrawn", found.role, found.team)


def put_out(actor: User, user: User) -> None:
    """Somebody who leaves: they cannot sign in any more and their sessions end; what they did stays on record.

    Raises BadAsk for the last administrator.
    """
    require_administrator(actor)
    with transaction.atomic():
        _take_turn()
        if user.has_role(Role.ADMINISTRATOR):
            _keep_an_administrator(user)
        User.objects.filter(pk=user.pk).update(is_active=False)
        _end_sessions(user)
        chain.record(Action.PERSON, actor=actor, subject=_subject(user), facts={"what": "put_out"})


def take_back(actor: User, user: User) -> str:
    """Somebody comes back: they need a new link, the secret of which is returned."""
    require_administrator(actor)
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(is_active=True)
        user.refresh_from_db()
        chain.record(Action.PERSON, actor=actor, subject=_subject(user), facts={"what": "taken_back"})
        return invite_again(actor, user)


def end_sessions(actor: User, user: User) -> None:
    """Signs somebody out everywhere: an administrator anybody, everyone themselves. Raises PermissionDenied."""
    if actor.pk != user.pk:
        require_administrator(actor)
    with transaction.atomic():
        _end_sessions(user)
        chain.record(Action.SESSION_ENDED, actor=actor, subject=_subject(user), facts={"reason": "all"})


def create_team(actor: User, name: str) -> Team:
    """Makes a team. Raises BadAsk where there is one of that name."""
    require_administrator(actor)
    if not name.strip() or Team.objects.filter(name=name.strip()).exists():
        raise BadAsk("accounts.bad_team_name")
    with transaction.atomic():
        team = Team.objects.create(name=name.strip()[:80])
        chain.record(Action.SETTING, actor=actor, subject=f"team:{team.pk}", facts={"what": "team_created"})
        return team


def _new_user(username: str, name: str, lang: str) -> User:
    if not _USERNAME.fullmatch(username):
        raise BadAsk("accounts.bad_username")
    if username.casefold() == PRACTICE or User.objects.filter(username__iexact=username).exists():
        raise BadAsk("accounts.username_taken")
    return User.objects.create_user(username, name=name.strip()[:80], lang=lang if lang in ("ko", "en") else "")


def _invitation(actor: User | None, user: User) -> str:
    Invitation.objects.filter(user=user, used_at=None).delete()
    secret = secrets.token_urlsafe(32)
    expires_at = timezone.now() + INVITATION_LASTS
    Invitation.objects.create(user=user, digest=_digest(secret), made_by=actor, expires_at=expires_at)
    return secret


def _open_invitations(secret: str) -> QuerySet[Invitation]:
    return Invitation.objects.filter(digest=_digest(secret), used_at=None, expires_at__gt=timezone.now(), user__is_active=True)


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _end_sessions(user: User) -> None:
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
    user.refresh_from_db(fields=["session_epoch"])


def _keep_an_administrator(leaving: User) -> None:
    others = User.objects.filter(is_active=True, grants__role=Role.ADMINISTRATOR).exclude(pk=leaving.pk)
    if not others.exists():
        raise BadAsk("accounts.last_administrator")


def _take_turn() -> None:
    """Two who take roles away at the same moment wait for each other; SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        list(Grant.objects.select_for_update().filter(role=Role.ADMINISTRATOR).order_by("pk").values_list("pk"))


def _record_right(actor: User, user: User, what: str, role: str, team: Team | None) -> None:
    facts = {"what": what, "role": role, "team": str(team.pk) if team else None}
    chain.record(Action.RIGHTS, actor=actor, subject=_subject(user), facts=facts)


def _subject(user: User) -> str:
    return f"person:{user.pk}"
