"""Who does something by a command instead of a page: named, and asked for their password."""

from __future__ import annotations

import typer

from jikim_desk import words
from jikim_desk.accounts.models import Role, User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.faults import BadAsk


def ask_password(username: str, lang: str) -> str:
    """What is typed, unseen."""
    typed: str = typer.prompt(words.say("accounts.at_terminal.password", lang, name=username), hide_input=True)
    return typed


def person(username: str, password: str, *roles: Role, subject: str, what: str) -> User:
    """The person with this name and one of `roles`. Raises BadAsk for a wrong name or password, or without the role: which of
    these is not said, and the attempt to do `what` to `subject` is on record."""
    found = User.objects.filter(username=username, is_active=True).first()
    is_right = found is not None and found.check_password(password)
    if found is None or not is_right or not found.has_role(*roles):
        chain.record(Action.SIGN_IN_FAILED, actor=found, subject=subject, facts={"what": what})
        raise BadAsk("accounts.at_terminal.refused")
    return found
