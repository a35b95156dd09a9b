"""The page of sources: the canary, the field that moved, what to do, and accepting a change."""

from __future__ import annotations

import msgspec
import pytest
from django.urls import reverse
from django.utils import timezone

from jikim.commands import places as asked_places
from jikim.state import State
from jikim_desk import flows
from jikim_desk.accounts.models import Role
from jikim_desk.audit.models import Entry
from jikim_desk.config import jikim_config
from jikim_desk.console import sources
from jikim_desk.records.models import Sweep, SweepState

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    flows.prepare()
    config = msgspec.structs.replace(jikim_config(), home=tmp_path, sources={}, canaries={"mastodon": "바다"})
    monkeypatch.setattr(sources, "jikim_config", lambda: config)
    with State.open(tmp_path) as state:
        state.record_authority("centre", "ground", "person")
    return tmp_path


@pytest.fixture
def answered(team):
    def answered(place, **health):
        now = timezone.now()
        name = place.partition("=")[0]
        answers = {name: {"state": "ok", "found": 0, "error": "", "field": "", **health}}
        Sweep.objects.create(places=[place], health=answers, ended_at=now, started_at=now, team=team, state=SweepState.DONE)

    return answered


def shown(signed_in, role=Role.REVIEWER):
    return signed_in(role).get(reverse("sources"), headers={"accept-language": "en"}).content.decode()


def test_the_field_that_moved_is_named_with_what_to_do(answered, signed_in):
    answered("peertube=https://tube.example", state="changed", error="sources.field_changed", field="data[0].name")
    page = shown(signed_in)
    assert "data[0].name" in page
    assert "look for a newer version" in page
    assert "source_accept" not in page
    assert reverse("source_accept") not in page, "a reviewer sets nothing up"


def test_the_canary_is_named_where_it_is_silent_and_where_it_is_well(answered, signed_in):
    answered("searxng=https://find.example", state="unknown", error="sweep.canary_silent")
    answered("mastodon=https://social.example", state="ok", found=3)
    answered("feed=https://news.example/rss", state="empty")
    page = shown(signed_in)
    assert "“날씨”" in page, "the keyword that gave nothing"
    assert "Canary: 바다" in page
    assert "No canary" in page


def test_a_change_is_accepted_by_who_sets_places_up(answered, signed_in, home):
    place = "sitemap=https://site.example/sitemap.xml"
    answered(place, state="changed", error="sources.field_gone", field="posted_at")
    with asked_places.opened(sources.jikim_config(), [place]) as [opened]:
        identity = opened.identity
    with State.open(home) as state:
        state.keep_fields(identity, {"posted_at": (100, 100)})
    browser = signed_in(Role.LEAD)
    assert reverse("source_accept") in browser.get(reverse("sources")).content.decode()
    assert browser.post(reverse("source_accept"), {"place": place}).status_code == 302
    with State.open(home) as state:
        assert state.fields_of(identity) == {}
    assert "change_accepted" in Entry.objects.order_by("-number")[0].facts
    assert signed_in(Role.REVIEWER).post(reverse("source_accept"), {"place": place}).status_code == 403
    assert browser.post(reverse("source_accept"), {"place": "nowhere"}).status_code == 302


def test_a_recipe_that_is_gone_breaks_no_page(answered, signed_in):
    answered("recipe=forum", state="dead", error="fetching.unreachable")
    assert "recipe=forum" in shown(signed_in)
