"""Approved spellings of a watch are searched as such: letter by letter, where its own keywords go as they were typed."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from jikim_desk.accounts.models import Role
from jikim_desk.config import jikim_config
from jikim_desk.records import runs, watches
from jikim_desk.records.models import Variant, VariantState, Watch
from jikim_desk.sweeping import Errand

pytestmark = pytest.mark.django_db


def test_a_spelling_says_that_it_is_one(team, person):
    lead = person(Role.LEAD)
    ends_on = timezone.localdate() + timedelta(days=3)
    watch = watches.ask(lead, ["축제", "등불 -비"], ["practice"], every_minutes=60, ends_on=ends_on, team=team)
    spelling = Variant.objects.filter(watch=watch).order_by("pk")[0]
    Variant.objects.filter(pk=spelling.pk).update(state=VariantState.APPROVED)
    Watch.objects.filter(pk=watch.pk).update(next_at=timezone.now())
    sweep = runs.start(watch.pk, timezone.now())
    asked = [Errand(SimpleNamespace(config=jikim_config()), sweep)._keyword(str(number)) for number in (1, 2, 3)]
    assert [(one.text, one.origin) for one in asked] == [
        ("축제", "typed"),
        ("등불 -비", "typed"),
        (spelling.text, "variant"),
    ]
