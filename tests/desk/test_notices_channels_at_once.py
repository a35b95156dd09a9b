"""People who act on the channels at the same moment, on a real file and on a real server: each request goes into one file, is
filed once and answered once, and nobody waits for ever."""

import uuid
from collections import Counter

import pytest
from django.utils import timezone

from jikim_desk.audit import chain
from jikim_desk.audit.models import Entry
from jikim_desk.notices import drafting, evidence
from jikim_desk.notices.channels import bulk, filling, replies, sheet_files, suggestions
from jikim_desk.notices.channels.models import BulkFile, Filing, Reply, ReplyState, Suggestion, SuggestionState
from jikim_desk.notices.faults import BadLetter, Changed
from jikim_desk.notices.models import Notice, NoticeKind, NoticeState, Outcome, Removal
from tests.desk.items import capture
from tests.desk.removals import confirmed, set_desk
from tests.desk.test_notices_channels import HEAD, table
from tests.desk.test_review_at_once import PEOPLE, at_once, people, place, postgres  # noqa: F401 - fixtures


@pytest.fixture(autouse=True)
def desk(monkeypatch):
    set_desk(monkeypatch, removal={"organisation": "시험 지원센터", "mailbox": "r@centre.example"})


@pytest.fixture
def removals(place):  # noqa: F811
    _, team = place
    rows = [confirmed(team, people()[0], uuid.uuid4().hex) for _ in range(3)]
    for row in rows:
        capture(row)
    evidence.begin_due(timezone.now())
    return list(Removal.objects.filter(pk__in=[row.pk for row in rows]))


def drafted(removals, kind=NoticeKind.REGULATOR):
    return [drafting.draft(removal, kind, by=people()[0], lang="ko") for removal in removals]


def fresh(notice):
    return Notice.objects.select_related("removal__candidate__case").get(pk=notice.pk)


def kinds(said):
    return Counter(type(one).__name__ for one in said)


def deeds(removal, what):
    return sum(f'"what":"{what}"' in entry.facts for entry in chain.about(f"candidate:{removal.pk}"))


def test_of_many_who_approve_for_different_ways_one_does(place, removals):  # noqa: F811
    (notice, *_) = drafted(removals)
    ways = [lambda user=user: bulk.collect(user, fresh(notice), version=1) for user in people()[:3]]
    ways += [lambda user=user: drafting.download(user, fresh(notice), version=1) for user in people()[3:]]
    said = at_once(place[0], *ways)
    assert kinds(said) == {"NoneType": 1, "Changed": PEOPLE - 1}, said
    notice.refresh_from_db()
    assert notice.state in (NoticeState.APPROVED, NoticeState.DOWNLOADED)
    assert deeds(notice.removal, "approve_by_hand") + deeds(notice.removal, "download") == 1
    if notice.state == NoticeState.APPROVED:  # the next test collects what is waiting
        drafting.cancel(people()[0], notice)


def test_each_request_goes_into_one_file(place, removals):  # noqa: F811
    _, team = place
    notices = drafted(removals)
    for notice in notices:
        bulk.collect(people()[0], fresh(notice), version=1)
    said = at_once(place[0], *[lambda user=user: bulk.make(user, team.pk) for user in people()])
    assert all(isinstance(one, tuple | BadLetter) for one in said), said
    numbers = [row["number"] for file in BulkFile.objects.all() for row in file.rows]
    assert sorted(one for one in numbers if one in {notice.number for notice in notices}) == sorted(
        one.number for one in notices
    )
    assert {deeds(one, "hand_in") for one in removals} == {1}


def test_one_reply_is_applied_once_by_many_and_two_equal_ones_too(place, removals):  # noqa: F811
    _, team = place
    notices = drafted(removals)
    for notice in notices:
        bulk.collect(people()[0], fresh(notice), version=1)
    bulk.make(people()[0], team.pk)
    content = table([HEAD, *([one.number, "", "각하", "", ""] for one in notices)])
    taken = [replies.take_in(user, team.pk, content) for user in people()[:3]]
    acts = [lambda one=one: replies.apply(one.uploaded_by, Reply.objects.get(pk=one.pk)) for one in taken for _ in range(2)]
    said = at_once(place[0], *acts)
    assert kinds(said) == {"NoneType": 3, "Changed": 3}, said
    for one in taken:
        replies.finish(one.pk)
        one.refresh_from_db()
    assert {one.state for one in taken} == {ReplyState.APPLIED}
    assert sum(one.changed for one in taken) == len(notices)
    assert sum(one.overtaken for one in taken) == 2 * len(notices)
    assert {deeds(one, "answer") for one in removals} == {1}
    assert set(Notice.objects.filter(pk__in=[one.pk for one in notices]).values_list("outcome", flat=True)) == {Outcome.REFUSED}


def test_workers_who_go_on_with_one_reply_apply_each_row_once(place, removals, monkeypatch):  # noqa: F811
    _, team = place
    monkeypatch.setattr(replies, "_PIECE", 1)
    notices = drafted(removals)
    for notice in notices:
        bulk.collect(people()[0], fresh(notice), version=1)
    bulk.make(people()[0], team.pk)
    reply = replies.take_in(people()[0], team.pk, table([HEAD, *([one.number, "", "삭제", "", ""] for one in notices)]))
    replies.apply(people()[0], reply, within_s=0)
    said = at_once(place[0], *[lambda: replies.finish(reply.pk)] * PEOPLE)
    assert kinds(said) == {"NoneType": PEOPLE}, said
    reply.refresh_from_db()
    assert (reply.state, reply.changed, reply.overtaken) == (ReplyState.APPLIED, 3, 0)
    assert {deeds(one, "answer") for one in removals} == {1}


def test_a_form_is_filed_by_one_or_cancelled_by_one(place, removals):  # noqa: F811
    notice = drafting.draft(removals[0], NoticeKind.MAIL, by=people()[0], lang="en")
    filling.choose(people()[0], fresh(notice), "platform", version=1)
    acts = [lambda user=user: filling.file(user, fresh(notice), f"R-{user.pk}") for user in people()[:5]]
    said = at_once(place[0], *acts, lambda: drafting.cancel(people()[5], fresh(notice)))
    assert kinds(said) == {"NoneType": 1, "Changed": PEOPLE - 1}, said
    notice.refresh_from_db()
    filing = Filing.objects.get(notice=notice)
    if said[5] is None:
        assert (notice.state, filing.receipt) == (NoticeState.CANCELLED, "")
    else:
        winner = said.index(None)
        assert (notice.state, filing.receipt) == (NoticeState.DOWNLOADED, f"R-{people()[winner].pk}")


def test_each_search_engine_is_drafted_for_once(place, removals):  # noqa: F811
    engines = len(sheet_files.engines())
    acts = [lambda user=user: filling.draft_for_engines(user, Removal.objects.get(pk=removals[0].pk)) for user in people()]
    said = at_once(place[0], *acts)
    assert sorted(map(len, said)) == [0] * (PEOPLE - 1) + [engines], said
    assert Filing.objects.filter(notice__removal=removals[0]).count() == engines


def test_a_suggestion_is_filed_once(place):  # noqa: F811
    _, team = place
    one = suggestions.enter(people()[0], team.pk, "naver_suggestion", "가을 축제")
    acts = [lambda user=user: suggestions.file(user, Suggestion.objects.get(pk=one.pk), f"N-{user.pk}") for user in people()]
    said = at_once(place[0], *acts)
    assert kinds(said) == {"NoneType": 1, "Changed": PEOPLE - 1}, said
    one.refresh_from_db()
    assert (one.state, one.receipt) == (SuggestionState.FILED, f"N-{people()[said.index(None)].pk}")
    assert isinstance(said[said.index(None) - 1], Changed)
    assert Entry.objects.filter(facts__contains="suggestion_filed").count() == 1
