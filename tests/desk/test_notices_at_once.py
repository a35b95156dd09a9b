"""People and workers who act on one notice, find or removal at the same moment, on a real file and on a real server: one does
it, the others are told or do nothing, and nothing leaves twice."""

import email
import json
import uuid
from collections import Counter
from datetime import timedelta
from email import policy

import pytest
from django.utils import timezone

from jikim_desk.audit import chain
from jikim_desk.notices import drafting, escalating, evidence, sending
from jikim_desk.notices.faults import Changed
from jikim_desk.notices.models import Notice, NoticeKind, NoticeState, Receipt, Removal
from jikim_desk.notices.reuploads import noticing
from jikim_desk.notices.reuploads.mirroring import BANK
from jikim_desk.notices.reuploads.models import GuardedFile, Reupload
from tests.desk.items import capture, item
from tests.desk.mail import certificate, mail_server
from tests.desk.removals import confirmed, set_desk
from tests.desk.test_review_at_once import PEOPLE, at_once, people, place, postgres  # noqa: F401 - fixtures

TO = "a@board.example"


class Taking:
    """What the mail server does: counts each letter."""

    def __init__(self):
        self.letters = Counter()

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        read = email.message_from_bytes(envelope.content, policy=policy.default)
        self.letters[read["Message-ID"]] += 1
        return "250 OK"


@pytest.fixture
def mail(tmp_path, monkeypatch):
    taking, cert = Taking(), certificate(tmp_path)
    with mail_server(taking, cert) as port:
        removal = {"organisation": "Test Centre", "mailbox": "r@centre.example", "smtp_host": "localhost", "smtp_port": port}
        set_desk(monkeypatch, removal={**removal, "smtp_roots": str(cert)})
        yield taking


@pytest.fixture
def removal(place, mail):  # noqa: F811
    _, team = place
    row = confirmed(team, people()[0], uuid.uuid4().hex)
    capture(row)
    (made,) = [one for one in evidence.begin_due(timezone.now()) if one.pk == row.pk]
    Removal.objects.filter(pk=made.pk).update(next_step_at=None)
    return made


def drafted(removal):
    notice = drafting.draft(removal, NoticeKind.MAIL, by=people()[0], lang="en")
    drafting.edit(people()[0], notice, subject=notice.subject, body=notice.body, recipient=TO, version=1)
    return notice


def fresh(notice):
    """As another window has it."""
    return Notice.objects.select_related("removal__candidate__case").get(pk=notice.pk)


def kinds(said):
    return Counter(type(one).__name__ for one in said)


def deeds(removal, what):
    return sum(json.loads(entry.facts).get("what") == what for entry in chain.about(f"candidate:{removal.pk}"))


def test_of_many_who_approve_one_does_and_the_others_are_told(place, removal, mail):  # noqa: F811
    notice = drafted(removal)
    approvals = [lambda user=user: drafting.approve(user, fresh(notice), version=2) for user in people()]
    said = at_once(place[0], *approvals)
    assert kinds(said) == {"NoneType": 1, "Changed": PEOPLE - 1}, said
    notice.refresh_from_db()
    assert notice.state == NoticeState.APPROVED
    assert deeds(removal, "approve") == 1
    Notice.objects.filter(pk=notice.pk).update(leaves_at=timezone.now() - timedelta(seconds=1))
    at_once(place[0], *[lambda: sending.leave_due(timezone.now())] * PEOPLE)
    assert mail.letters == {sending.message_id(notice): 1}
    assert Receipt.objects.filter(notice=notice).count() == 1


def test_what_was_edited_meanwhile_is_not_approved_and_what_was_cancelled_never_leaves(place, removal, mail):  # noqa: F811
    first, second, *_ = people()
    for _ in range(5):
        notice = drafted(removal)
        words = {"subject": "other words", "body": notice.body, "recipient": TO}
        said = at_once(
            place[0],
            lambda notice=notice: drafting.approve(first, fresh(notice), version=2),
            lambda notice=notice, words=words: drafting.edit(second, fresh(notice), **words, version=2),
            lambda notice=notice: drafting.cancel(second, fresh(notice)),
        )
        assert all(one is None or isinstance(one, Changed) for one in said), said
        notice.refresh_from_db()
        if said[0] is None and said[1] is None:
            raise AssertionError("approved and edited at once")
        if said[2] is None:
            assert notice.state == NoticeState.CANCELLED
        Notice.objects.filter(pk=notice.pk).update(leaves_at=timezone.now() - timedelta(seconds=1))
        sending.leave_due(timezone.now())
        assert mail.letters[sending.message_id(notice)] == (said[0] is None and said[2] is not None)


def test_whether_an_unknown_one_left_is_settled_once(place, removal):  # noqa: F811
    notice = drafted(removal)
    Notice.objects.filter(pk=notice.pk).update(state=NoticeState.UNKNOWN, sending_at=timezone.now())
    words = [lambda user=user, has=has: drafting.settle(user, fresh(notice), has_left=has) for user, has in zip(
        people(), [True, False] * 3, strict=True)]  # fmt: skip
    said = at_once(place[0], *words)
    assert kinds(said) == {"NoneType": 1, "Changed": PEOPLE - 1}, said
    assert Receipt.objects.filter(notice=notice).count() == 1


def test_workers_begin_each_removal_once_and_draft_each_step_once(place, mail):  # noqa: F811
    _, team = place
    rows = [confirmed(team, people()[0], uuid.uuid4().hex) for _ in range(4)]
    for row in rows:
        capture(row)
    said = at_once(place[0], *[lambda: evidence.begin_due(timezone.now())] * PEOPLE)
    begun = [one.pk for some in said for one in some]
    assert sorted(begun) == sorted(row.pk for row in rows)
    assert GuardedFile.objects.filter(guard__in=begun).count() == len(rows)
    now = timezone.now()
    steps = at_once(place[0], *[lambda: escalating.step(rows[0].pk, now)] * PEOPLE)
    assert kinds(steps)["Notice"] == Notice.objects.filter(removal=rows[0].pk).count() == 1, steps


def test_a_re_upload_that_two_notice_is_one_alarm(place, removal):  # noqa: F811
    _, team = place
    Removal.objects.filter(pk=removal.pk).update(notified_at=timezone.now())
    value = {"bank": BANK, "item": removal.guard.files.get().sha256, "relation": "copy"}
    cue = {"analyzer": "known_copy", "name": "known_copy", "at_s": None, "confidence": 0.9, "value": value}
    row = item(team, uuid.uuid4().hex, cues=[cue])
    said = at_once(place[0], *[lambda: noticing.arrived(row.pk)] * PEOPLE)
    assert sum(len(one) for one in said) == 1, said
    assert Reupload.objects.get(candidate=row).is_alarm
