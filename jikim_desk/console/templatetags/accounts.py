"""What the pages of people and rights call."""

from __future__ import annotations

from django import template

from jikim_desk import words
from jikim_desk.accounts.models import Role

register = template.Library()


@register.filter
def role(value: str) -> str:
    """The name of a role."""
    return words.say(f"accounts.role.{value}")


@register.filter
def token_right(value: str) -> str:
    """The name of a right of a token."""
    return words.say(f"accounts.token_right.{value}")


@register.simple_tag
def person_roles() -> list[str]:
    """The roles that people hold."""
    return [value for value in Role.values if value != Role.MACHINE]
