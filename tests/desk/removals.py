"""Finds that were confirmed, for the tests of removal; every settings change goes through `set_desk`."""

from __future__ import annotations

import sys
from datetime import timedelta

import msgspec
from django.utils import timezone

from jikim_desk import config
from jikim_desk.accounts.models import Role
from jikim_desk.notices import evidence
from jikim_desk.records.models import CandidateState, Capture
from jikim_desk.review.models import Applied, Decision, Kind
from tests.desk.items import capture, item

PAGE = "<!doctype html><title>축제</title><p>동네 축제 <img src='/media/a.png'></p>".encode()


def set_desk(monkeypatch, **changes):
    """The desk with other settings; `removal` may be given as a dict of changes to that section."""
    removal = msgspec.structs.replace(config.desk_config().removal, **changes.pop("removal", {}))
    changed = msgspec.structs.replace(config.desk_config(), removal=removal, **changes)
    for name, module in list(sys.modules.items()):
        if name.startswith("jikim_desk.") and getattr(module, "desk_config", None) is not None:
            monkeypatch.setattr(module, "desk_config", lambda: changed)
    return changed


def confirmed(team, person, name="one", *, kind=Kind.CONFIRMED, category="", ago_s=3600, is_test=False, case=None, **told):
    """A find that `person` confirmed `ago_s` ago."""
    row = item(team, name, state=CandidateState.DECIDED, case=case, **told)
    type(row).objects.filter(pk=row.pk).update(is_test=is_test)
    row.refresh_from_db()
    at = timezone.now() - timedelta(seconds=ago_s)
    decision = Decision(
        form_id=f"form-{name}-x", item=row.pk, candidate=row, team=team, person=person, kind=kind, decided_at=at
    )
    decision.category = category
    decision.save(force_insert=True)
    Applied.objects.create(decision=decision, candidate=row)
    return row


def with_page(row, page=PAGE):
    """Its page and one drawn picture, as a sweep kept them."""
    capture(row, page, content_type="text/html", part="page", name="page")
    media = capture(row)
    first = {"headers": {"location": "/b", "server": "test"}, "peer_ip": "192.0.2.7", "at": "2026-11-22T03:04:05+00:00"}
    last = {"headers": {"server": "test", "etag": '"1"'}, "peer_ip": "192.0.2.7", "at": "2026-11-22T03:04:06+00:00"}
    chain = [{"url": row.url, "status": 302, **first}, {"url": row.url + "/b", "status": 200, **last}]
    media.chain = chain
    media.save(update_fields=["chain_sealed"])
    return Capture.objects.filter(candidate=row)


def begun(team, person, name="one", **told):
    """The removal of a find that was confirmed."""
    row = confirmed(team, person(Role.REVIEWER), name, **told)
    with_page(row)
    (removal,) = [one for one in evidence.begin_due(timezone.now()) if one.candidate_id == row.pk]
    return removal
