"""A keyword in, ranked and explained suspicions out: the whole way, over real HTTP, as a person runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess

import pytest

from tests.flow.harness import CARD, JIKIM, allow

FEED = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>소식</title>
<item><title>축제 비밀제목</title><link>http://{host}/post-hush</link><guid>guid-hush</guid><author>handle-hush</author>
<description>축제 비밀본문</description><enclosure url="http://{host}/card.png" type="image/png" length="1"/></item>
<item><title>축제 다른제목</title><link>http://{host}/other-hush</link><description>축제</description></item>
</channel></rss>"""
SECRETS = ("비밀", "hush", "127.0.0.1", "http:", "다른제목")


def test_the_planted_card_rises_for_the_right_reason(jikim, platform):
    ran = jikim("sweep", "축제", "--source", f"practice={platform.origin}", "--json")
    assert ran.status == 0, ran.err
    assert ran.summary["candidates"] == len(ran.candidates) == 4
    assert ran.summary["sources"] == {"practice": {"state": "ok", "found": 4}}
    by_title = {one["title"]: one for one in ran.candidates}
    card = by_title["축제 그림"]["assessment"]
    assert (card["level"], card["is_test"]) == ("urgent", True)
    assert card["reasons"][0]["key"] == "reason.known_copy"
    assert set(card["reasons"][0]["text"]) == {"ko", "en"}
    assert by_title["등불 축제"]["assessment"]["level"] == "none"
    assert by_title["축제 날씨"]["kind"] == "text"


def test_what_cannot_be_opened_stays_for_a_person_and_says_so(jikim, platform):
    ran = jikim("sweep", "축제", "--source", f"practice={platform.origin}", "--json")
    broken = next(one for one in ran.candidates if one["title"] == "축제 사진")
    assert broken["assessment"]["level"] == "look"
    assert [reason["key"] for reason in broken["assessment"]["reasons"]] == ["reason.failed"]
    assert broken["errors"]
    assert len([line for line in ran.err.splitlines() if line]) == 1


def test_the_same_find_has_the_same_id_in_every_run(jikim, platform):
    ids = [
        {one["id"] for one in jikim("sweep", "축제", "--source", f"practice={platform.origin}", "--json").candidates}
        for _ in range(2)
    ]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 4


def test_a_person_reads_the_ranking_in_korean_with_reasons(jikim, platform):
    ran = jikim("sweep", "축제", "--source", f"practice={platform.origin}", lang="ko")
    lines = ran.out.splitlines()
    assert re.match(r" *1\. 긴급 ", lines[0])
    assert "대조목록의 영상물과 일치" in lines[1]
    assert any("출처 practice: 정상, 4건" in line for line in lines)


def test_a_real_source_needs_the_centres_authority_first(jikim):
    ran = jikim("sweep", "축제", "--source", "feed=https://example.org/feed")
    assert ran.status == 2
    assert "jikim authority" in ran.err
    assert len(ran.err.splitlines()) == 1
    assert not ran.out


def authorise(jikim):
    set_up = ("--organisation", "지원센터", "--legal-ground", "근거 조항", "--responsible", "담당")
    assert jikim("authority", "set", *set_up).status == 0


def test_a_real_sweep_shows_ids_and_reasons_and_nothing_that_leads_anywhere(jikim, home, site):
    pages = {"/card.png": CARD.read_bytes()}
    host = site(pages)
    pages["/feed"] = FEED.format(host=host).encode()
    allow(home, host)
    authorise(jikim)
    for arguments in (["--json"], []):
        ran = jikim("sweep", "축제", "--source", f"feed=http://{host}/feed", *arguments)
        assert ran.status == 0, ran.err
        assert not [secret for secret in SECRETS if secret in ran.out + ran.err]
    ran = jikim("sweep", "축제", "--source", f"feed=http://{host}/feed", "--json")
    assert len(ran.candidates) == 2
    assert all("url" not in one and "title" not in one for one in ran.candidates)


def test_the_test_card_elsewhere_changes_nothing(jikim, home, site):
    pages = {"/card.png": CARD.read_bytes()}
    host = site(pages)
    pages["/feed"] = FEED.format(host=host).encode()
    pages["/other-hush"] = "<!doctype html><title>축제 다른제목</title>".encode()
    allow(home, host)
    authorise(jikim)
    ran = jikim("sweep", "축제", "--source", f"feed=http://{host}/feed", "--json")
    card = next(one["assessment"] for one in ran.candidates if one["kind"] == "image")
    words = next(one["assessment"] for one in ran.candidates if one["kind"] == "text")
    assert [reason["key"] for reason in card["reasons"]] == ["reason.test_card"]
    assert (card["is_test"], card["level"], card["score"], card["axes"]) == (False, "none", words["score"], words["axes"])


def test_an_allowed_test_server_is_no_practice_platform(jikim, home, site):
    host = site({"/.well-known/jikim-practice": b'{"hmac": "' + b"0" * 64 + b'"}'})
    allow(home, host)
    ran = jikim("sweep", "축제", "--source", f"practice=http://{host}")
    assert ran.status != 0
    assert not ran.out
    assert len(ran.err.splitlines()) == 1


def test_a_dead_source_is_dead_and_the_rest_is_delivered(jikim, home, platform, site):
    authorise(jikim)
    host = site({})
    allow(home, host)
    ran = jikim("sweep", "축제", "--source", f"practice={platform.origin}", "--source", f"feed=http://{host}/nothing", "--json")
    assert ran.status == 1
    assert ran.summary["sources"]["feed"] == {"state": "dead", "found": 0}
    assert ran.summary["sources"]["practice"]["found"] == 4
    assert [error["source"] for error in ran.summary["errors"]] == ["feed"]
    assert host not in ran.out + ran.err
    health = jikim("source", "health")
    assert health.status == 1
    assert "feed" in health.out


def test_two_places_of_one_kind_answer_each_for_itself(jikim, home, site):
    host = site({"/feed": b'<rss version="2.0"><channel><title>t</title></channel></rss>'})
    allow(home, host)
    authorise(jikim)
    for paths, states in ((("feed", "gone"), ("empty", "dead")), (("gone", "feed"), ("dead", "empty"))):
        named = [argument for path in paths for argument in ("--source", f"feed=http://{host}/{path}")]
        ran = jikim("sweep", "축제", *named, "--json")
        assert ran.status == 1
        assert [ran.summary["sources"][name]["state"] for name in ("feed", "feed:2")] == list(states)


def test_a_place_that_answers_after_the_end_is_slow_and_makes_no_noise(jikim, home, stalling):
    host = stalling()
    allow(home, host)
    authorise(jikim)
    ran = jikim("sweep", "축제", "불꽃", "--source", f"feed=http://{host}/feed", "--json", "--budget", "1")
    assert ran.status == 1
    assert [one["summary"]["sources"]["feed"]["state"] for one in ran.objects] == ["slow", "slow"]
    assert "Traceback" not in ran.err


def test_nothing_found_is_said_as_nothing_found(jikim, platform):
    ran = jikim("sweep", "어디에도없는말", "--source", f"practice={platform.origin}", "--json")
    assert (ran.status, ran.candidates) == (0, [])
    assert ran.summary["sources"]["practice"] == {"state": "empty", "found": 0}


def test_bad_keywords_and_sources_give_one_line_and_status_2(jikim, platform):
    practice = ["--source", f"practice={platform.origin}"]
    for arguments in (
        ["   ", *practice],
        ["가" * 10_000, *practice],
        ["축\x00제\x1b[2J" if os.name == "nt" else "축\x1b[2J제", *practice],
        ["축제"],
        ["축제", "--source", "nowhere"],
        ["축제", "--source", "feed"],
    ):
        ran = jikim("sweep", *arguments)
        assert ran.status == 2, (arguments, ran.err)
        assert len(ran.err.strip().splitlines()) == 1, (arguments, ran.err)
        assert "\x1b" not in ran.err


def test_when_the_time_is_up_what_was_not_looked_at_is_said(jikim, home, site, stalling):
    slow = stalling()
    entries = "".join(
        f"<item><title>축제 {name}</title><link>http://{slow}/{name}</link>"
        f'<enclosure url="http://{slow}/{name}.png" type="image/png" length="1"/></item>'
        for name in ("a", "b")
    )
    host = site({"/feed": f'<rss version="2.0"><channel><title>t</title>{entries}</channel></rss>'.encode()})
    allow(home, host, slow)
    authorise(jikim)
    ran = jikim("sweep", "축제", "--source", f"feed=http://{host}/feed", "--json", "--budget", "3")
    assert ran.summary["candidates"] == len(ran.candidates) == 2
    for one in ran.candidates:
        assert [reason["key"] for reason in one["assessment"]["reasons"]] == ["reason.not_looked_at"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_delivers_what_was_found(home, jikim, site, stalling, tmp_path, number):
    slow = stalling()
    words = "<item><title>축제</title><link>http://{host}/{n}</link></item>"
    media = (
        f"<item><title>축제 사진</title><link>http://{slow}/a</link>"
        f'<enclosure url="http://{slow}/a.png" type="image/png" length="1"/></item>'
    )
    told = site({f"/{n}": "<!doctype html><title>축제</title><p>축제</p>".encode() for n in range(3)})
    entries = "".join(words.format(host=told, n=n) for n in range(3)) + media
    host = site({"/feed": f'<rss version="2.0"><channel><title>t</title>{entries}</channel></rss>'.encode()})
    allow(home, host, told, slow)
    authorise(jikim)
    said = tmp_path / "said"
    with (
        said.open("w") as stderr,
        subprocess.Popen(
            # whoever runs the tests in the background has interrupts ignored, and hands that on
            ["env", "--default-signal=INT", JIKIM, "sweep", "축제", "--source", f"feed=http://{host}/feed", "--json"],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env={**os.environ, "JIKIM_HOME": str(home), "JIKIM_LANG": "en"},
            start_new_session=True,
        ) as running,
    ):
        first = running.stdout.readline()  # the words of one are final while the picture of another still stalls
        send = os.killpg if number == signal.SIGINT else os.kill  # a terminal interrupts the whole group
        send(running.pid, number)
        lines = [first, *running.stdout]
    assert '"schema":1' in first
    assert '"summary"' in lines[-1]
    assert running.returncode == 1, said.read_text()
    assert "Traceback" not in said.read_text()


def test_pages_that_a_search_names_are_opened_for_their_media(jikim, home, site, tmp_path):
    card = CARD.read_bytes()
    page = '<html><head><title>등불</title></head><body><p>중학교 2학년 3반 축제</p><img src="/a.png"></body></html>'.encode()
    host = site({"/page": page, "/a.png": card, "/gone": None})
    listing = f"<urlset><url><loc>http://{host}/page?축제</loc></url><url><loc>http://{host}/gone?축제</loc></url></urlset>"
    index = site({"/sitemap.xml": listing.encode()})
    allow(home, host, index)
    authorise(jikim)
    ran = jikim("sweep", "축제", "--source", f"sitemap=http://{index}", "--json")
    by_frames = sorted(ran.candidates, key=lambda one: -one["frames"])
    assert [one["frames"] for one in by_frames] == [1, 0]
    assert "youth_language" in {cue["name"] for cue in by_frames[0]["cues"]}, "the words of the page count"
    assert by_frames[1]["assessment"]["level"] == "look", "what could not be opened is shown, not hidden"
    assert by_frames[1]["errors"]
