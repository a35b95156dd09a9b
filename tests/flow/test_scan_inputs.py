"""`jikim scan` over awkward names, dead addresses and wrong use: one line each, the rest delivered, nothing shown outside."""

from __future__ import annotations

import os

import pytest

from jikim.seams import SOURCES, plugins
from tests.flow.harness import CARD, allow, drawing
from tests.flow.test_sweep import authorise

PAGE = """<!doctype html><title>숨긴제목</title><body><p>숨긴본문 중학교 2학년 3반 학생입니다</p><img src="/card.png"></body>"""


@pytest.fixture
def picture(tmp_path):
    drawing("연").save(tmp_path / "kite.png")
    return tmp_path / "kite.png"


@pytest.mark.parametrize("arguments", [["--json"], []])
def test_what_hinders_a_real_address_shows_nothing_of_it(jikim, home, site, picture, arguments):
    host = site({"/page-hush": PAGE.encode(), "/card.png": CARD.read_bytes(), "/broken-hush": b"\xff\xd8\xff\xe0 none"})
    allow(home, host)
    authorise(jikim)

    named = [f"http://{host}/{path}" for path in ("gone-hush", "page-hush", "broken-hush")]
    ran = jikim("scan", *named, "http://user:hush@hush.example/", "http://:hush/", picture, *arguments)

    assert ran.status == 1
    assert not [secret for secret in ("hush", "숨긴", "중학교", host) if secret in ran.out + ran.err]
    assert picture.name in ran.out
    if arguments:
        assert len(ran.objects) == 6
        assert [bool(one["errors"]) for one in ran.objects] == [True, False, True, True, True, False]


def test_a_dead_practice_address_does_not_keep_the_rest(jikim, site, picture):
    host = site({})
    ran = jikim("scan", picture, f"http://{host}/", picture, "--json")
    assert ran.status == 1
    assert [[error["key"] for error in one["errors"]] for one in ran.objects] == [[], ["fetching.not_practice"], []]
    assert len(ran.err.splitlines()) == 1


def test_without_authority_nothing_is_looked_at(jikim, picture):
    ran = jikim("scan", picture, "https://example.org/", picture)
    assert (ran.status, ran.out) == (2, "")
    assert "jikim authority" in ran.err
    assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize("only", ["", ",", " , "])
def test_no_analyzer_is_wrong_use(jikim, picture, only):
    ran = jikim("scan", picture, "--only", only)
    assert (ran.status, ran.out) == (2, "")
    assert "known_copy" in ran.err


def test_any_name_a_file_can_have_is_written_readably(jikim, picture):
    names = [b"\xff\xfe.png", b"esc\x1b[31m.png", b"line\nbreak.png", "한글 이름.png".encode()]
    for name in names:
        os.link(picture, os.path.join(os.fsencode(picture.parent), name))
    paths = [os.fsdecode(os.path.join(os.fsencode(picture.parent), name)) for name in names]

    ran = jikim("scan", *paths, os.fsdecode(b"absent\xff\x1b"), "--json")
    assert [one["input"].rpartition("/")[2] for one in ran.objects] == [
        "\\udcff\\udcfe.png",
        "esc\\x1b[31m.png",
        "line\\nbreak.png",
        "한글 이름.png",
        "absent\\udcff\\x1b",
    ]
    assert "\x1b" not in ran.err

    ran = jikim("scan", *paths)
    assert ran.status == 0
    assert "\x1b" not in ran.out
    assert "Traceback" not in ran.err


def test_a_pipe_is_no_file(jikim, picture):
    os.mkfifo(picture.parent / "pipe")
    ran = jikim("scan", picture.parent / "pipe", "/dev/zero", picture, "--json", timeout_s=60)
    assert ran.status == 1
    assert [[error["key"] for error in one["errors"]] for one in ran.objects] == [
        ["media.not_regular"],
        ["media.not_regular"],
        [],
    ]


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_every_source_is_listed_with_what_it_is(jikim, lang):
    ran = jikim("source", "list", lang=lang)
    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert [line.split()[0] for line in lines] == list(plugins(SOURCES))
    assert all(len(line) > 25 for line in lines)


def test_a_text_file_is_read_as_words(jikim, tmp_path):
    post = tmp_path / "post.txt"
    post.write_text("중2 반 배정 나왔다, 급식 맛있었음", "utf-8")
    ran = jikim("scan", post, "--json")
    assert (ran.status, ran.err) == (0, "")
    [found] = ran.objects
    assert found["kind"] == "text"
    assert [cue["name"] for cue in found["cues"]] == ["youth_language"]
    assert found["assessment"]["level"] != "urgent"
