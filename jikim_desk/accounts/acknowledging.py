"""Who may acknowledge that an older database was put back: an auditor or an administrator, with their own password."""

from __future__ import annotations

from jikim_desk.accounts import at_terminal
from jikim_desk.accounts.models import Role
from jikim_desk.audit import restoring


def acknowledge(username: str, password: str) -> restoring.Lost:
    """As `restoring.acknowledge`, by the auditor or administrator with this name. Raises BadAsk as `at_terminal.person` too."""
    roles = (Role.AUDITOR, Role.ADMINISTRATOR)
    return restoring.acknowledge(at_terminal.person(username, password, *roles, subject="audit:chain", what="acknowledge"))
