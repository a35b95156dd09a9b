"""The whole way on real servers: confirmed, evidence, a letter by mail, taken down there, verified gone, and back again."""

import email
from datetime import timedelta
from email import policy

import msgspec
import pytest
from django.utils import timezone

from jikim import config
from jikim.state import State
from jikim_desk.accounts.models import Role
from jikim_desk.config import Vantage
from jikim_desk.notices import drafting, hosts, packing, rechecking, rounds
from jikim_desk.notices.models import Notice, NoticeState, Outcome, Removal, RemovalState
from jikim_desk.sealing import vault
from tests.desk.items import capture
from tests.desk.removals import confirmed, set_desk
from tests.desk.test_notices_rechecks import FILE, PAGE, host, proxy  # noqa: F401 - fixtures
from tests.desk.test_notices_sending import cert, server  # noqa: F401 - fixtures

MAILBOX = "abuse@host.example"


@pytest.fixture
def desk(monkeypatch, tmp_path, server, cert, host, proxy):  # noqa: F811
    """A desk with a mail server, another network, its authority on record, and leave to reach the test's host."""
    set_desk(
        monkeypatch,
        removal={
            "organisation": "시험 지원센터",
            "mailbox": "r@centre.example",
            "smtp_host": "localhost",
            "smtp_port": server.port,
            "smtp_roots": str(cert),
            "vantages": (Vantage("abroad", proxy),),
        },
    )
    fetching = msgspec.structs.replace(config.load().fetching, loopback_allowed=(f"127.0.0.1:{host.port}",), pace_s=0.0)
    made = msgspec.structs.replace(config.load(), home=tmp_path, fetching=fetching)
    with State.open(tmp_path) as state:
        state.record_authority("시험 지원센터", "시험", "담당자")
    monkeypatch.setattr(rechecking, "jikim_config", lambda: made)


def find(team, person, host):  # noqa: F811
    row = confirmed(team, person, "post", title="동네 축제 사진 모음")
    row.url = f"{host.url}/post/1"
    row.save(update_fields=["url_sealed"])
    for kept, path in (
        (capture(row, PAGE, content_type="text/html", part="page", name="page"), "/post/1"),
        (capture(row, FILE), "/media/festival-1.png"),
    ):
        hop = {"url": host.url + path, "status": 200, "headers": {}, "peer_ip": "127.0.0.1", "at": "2026-11-22T03:04:05+00:00"}
        kept.chain = [hop]
        kept.save(update_fields=["chain_sealed"])
    return row


def look_now():
    Removal.objects.update(next_recheck_at=timezone.now())
    rounds.go()
    return Removal.objects.get()


def test_from_confirmed_to_gone_and_back(desk, team, person, server, host, tmp_path):  # noqa: F811
    worker = person(Role.REVIEWER)
    row = find(team, worker, host)
    hosts.keep(worker, "board.example", mailbox=MAILBOX, lang="en")
    rounds.go()
    removal = Removal.objects.get(candidate=row)
    pack = tmp_path / "pack.zip"
    from jikim_desk.notices import evidence

    pack.write_bytes(evidence.file_of(removal.packs.get()))
    assert packing.verify(pack, public_key=vault().public_key()).is_whole
    notice = Notice.objects.get()
    assert (notice.state, notice.recipient) == (NoticeState.DRAFT, MAILBOX)
    rounds.go()
    assert server.letters == [], "a draft never leaves by itself"

    drafting.approve(worker, notice, version=notice.version)
    rounds.go()
    assert server.letters == [], "it waits"
    Notice.objects.update(leaves_at=timezone.now() - timedelta(seconds=1))
    rounds.go()
    rounds.go()
    ((_, _, to, content),) = server.letters
    assert to == [MAILBOX]
    assert f"{host.url}/post/1" in email.message_from_bytes(content, policy=policy.default).get_content()
    assert look_now().state == RemovalState.OPEN

    for path in ("/post/1", "/media/festival-1.png"):
        host.answers[path] = (410, {}, b"")
    notice.refresh_from_db()
    drafting.answered(worker, notice, Outcome.REMOVED)
    removal = look_now()
    assert removal.state == RemovalState.GONE
    assert removal.reviewed_at < removal.begun_at <= removal.notified_at <= removal.gone_at
    assert {(one.vantage, one.sign) for one in removal.rechecks.filter(seen="gone")} == {
        ("here", "status_410"),
        ("abroad", "status_410"),
    }

    host.answers["/post/1"] = (200, {"content-type": "text/html"}, PAGE)
    assert look_now().state == RemovalState.BACK
    rounds.go()
    assert Notice.objects.filter(kind="reminder", state=NoticeState.DRAFT).count() == 1, "the next step is drafted at once"
    assert len(server.letters) == 1
