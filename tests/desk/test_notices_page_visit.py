"""A page that no sweep kept is fetched once when its evidence is completed, from a real server; a file is not."""

import json
import zipfile

import msgspec
import pytest
from django.utils import timezone

from jikim import config
from jikim.state import State
from jikim_desk.accounts.models import Role
from jikim_desk.notices import evidence, packing, page_visit, webarchive
from jikim_desk.notices.pictures import browser, drawing
from jikim_desk.records.models import Capture
from jikim_desk.sealing import vault
from tests.desk.items import capture, picture
from tests.desk.removals import confirmed, set_desk
from tests.desk.test_notices_rechecks import PAGE, host  # noqa: F401 - a fixture

FIND = {
    "native_id": "1",
    "author_ref": None,
    "media_urls": [],
    "thumbnail_urls": [],
    "duration_s": None,
    "keyword": "축제",
    "lang": "ko",
    "origin": "given",
    "place": "feed",
}


@pytest.fixture
def desk(monkeypatch, tmp_path, host):  # noqa: F811
    set_desk(monkeypatch, removal={"organisation": "시험 지원센터"})
    settings = msgspec.structs.replace(config.load().fetching, loopback_allowed=(f"127.0.0.1:{host.port}",), pace_s=0.0)
    made = msgspec.structs.replace(config.load(), home=tmp_path, fetching=settings)
    with State.open(tmp_path) as state:
        state.record_authority("시험 지원센터", "시험", "담당자")
    monkeypatch.setattr(page_visit, "jikim_config", lambda: made)
    return made


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """The picture of a page may take its time on a busy machine."""
    monkeypatch.setattr(drawing, "TIME_LIMIT_S", 60.0)


@pytest.fixture
def removal(team, person, host):  # noqa: F811
    row = confirmed(team, person(Role.REVIEWER), "post")
    row.url = f"{host.url}/post/1"
    row.find = FIND
    row.save(update_fields=["url_sealed", "find_sealed"])
    (made,) = evidence.begin_due(timezone.now())
    return made


def packed(removal, tmp_path, **given):
    path = tmp_path / "pack.zip"
    removal.packs.all().delete()  # a worker makes no second one
    path.write_bytes(evidence.file_of(evidence.complete(removal, **given)))
    assert packing.verify(path, public_key=vault().public_key()).is_whole
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def told(found):
    return json.loads(found[packing.JSON])["page_visit"]


def test_the_page_is_fetched_once_and_is_in_the_pack(desk, removal, host, tmp_path):  # noqa: F811
    found = packed(removal, tmp_path)
    assert told(found)["why_none"] == ""
    assert PAGE in [body for _, body in webarchive.bodies_in(found[packing.WARC])]
    assert (packing.PICTURE in found) == bool(browser.found())
    assert json.loads(found[packing.JSON])["network"]["servers"][0]["ip"] == "127.0.0.1"
    kept = Capture.objects.get(candidate=removal.candidate, part="page")
    assert (kept.content_type, kept.size_bytes) == ("text/html", len(PAGE))
    assert told(packed(removal, tmp_path)) == {}
    assert [path for _, path, _ in host.asked if path != "/robots.txt"] == ["/post/1"]


def test_what_is_gone_by_then_is_told(desk, removal, host, tmp_path):  # noqa: F811
    host.answers["/post/1"] = (404, {}, b"")
    said = told(packed(removal, tmp_path))
    assert (said["why_none"], said["params"]["status"], said["chain"][-1]["status"]) == ("fetching.status", 404, 404)


def test_a_file_at_its_address_is_not_kept(desk, removal, host, tmp_path):  # noqa: F811
    host.answers["/post/1"] = (200, {"content-type": "image/png"}, picture())
    found = packed(removal, tmp_path)
    assert told(found)["why_none"] == "evidence.visit.no_page"
    assert not Capture.objects.exists()
    assert not any(picture()[:64] in content for content in found.values())


def test_robots_and_private_addresses_are_kept_to(desk, removal, host, tmp_path):  # noqa: F811
    host.answers["/robots.txt"] = (200, {"content-type": "text/plain"}, b"User-agent: *\nDisallow: /")
    assert told(packed(removal, tmp_path))["why_none"] == "fetching.robots_forbid"
    removal.candidate.url = "http://127.0.0.1:8099/post/1"
    assert told(packed(removal, tmp_path))["why_none"] == "fetching.private_address"


def test_nothing_is_visited_when_a_person_asks_or_for_a_file(desk, removal, host, tmp_path, person):  # noqa: F811
    assert told(packed(removal, tmp_path, by=person(Role.REVIEWER))) == {}
    removal.candidate.find = {**FIND, "media_urls": [removal.candidate.url]}
    capture(removal.candidate)
    assert told(packed(removal, tmp_path)) == {}
    assert host.asked == []


def test_nothing_is_visited_without_authority(desk, removal, host, tmp_path, monkeypatch):  # noqa: F811
    none = msgspec.structs.replace(desk, home=tmp_path / "none")
    none.home.mkdir()
    monkeypatch.setattr(page_visit, "jikim_config", lambda: none)
    assert told(packed(removal, tmp_path))["why_none"] == "state.authority_missing"
    assert host.asked == []
