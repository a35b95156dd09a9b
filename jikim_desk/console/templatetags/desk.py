"""What the templates call."""

from __future__ import annotations

from typing import Any

from django import template

from jikim_desk import words

register = template.Library()


@register.simple_tag
def say(key: str, **params: Any) -> str:
    """The sentence `key` in the language of the request; templates escape it like any text."""
    return words.say(key, **params)
