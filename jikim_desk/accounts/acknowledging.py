"""Who may acknowledge that an older database was put back: an auditor or an administrator, with their own password."""

from __future__ import annotations

from jikim_desk.accounts.models import Role, User
from jikim_desk.audit import chain, restoring
from jikim_desk.audit.actions import Action
from jikim_desk.faults import BadAsk


def acknowledge(username: str, password: str) -> restoring.Lost:
    """As `restoring.acknowledge`, by the person with this name. Raises BadAsk also for a wrong name or password, or without the
    role: which of these is not said, and the attempt is on record."""
    person = User.objects.filter(username=username, is_active=True).first()
    is_right = person is not None and person.check_password(password)
    if person is None or not is_right or not person.has_role(Role.AUDITOR, Role.ADMINISTRATOR):
        chain.record(Action.SIGN_IN_FAILED, actor=person, subject="audit:chain", facts={"what": "acknowledge"})
        raise BadAsk("accounts.acknowledge.refused")
    return restoring.acknowledge(person)
