"""The report says everything it should, nothing it must not, asks nobody for anything, and stays bounded."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from jikim.errors import BadUse, FetchFailed, FetchRefused, MediaUnreadable
from jikim.messages import catalogue
from jikim.reporting import ReportNotWritten, report_paths
from jikim.reporting.report import write_whole
from jikim.scan import Failure
from jikim.sweep import Health
from jikim.types import Reason, SourceState
from tests.unit.reporting.finds import cue, found, reference

VOID = {"meta", "input", "br"}


class Elements(HTMLParser):
    """Reads a page strictly: every element closed in order; keeps the elements, their attributes and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)


def test_it_asks_nobody_for_anything_and_runs_nothing(report):
    page = report([found(cues=[cue(), cue("object", 20.0)])])
    elements = Elements(page).seen
    assert not {tag for tag, _ in elements} & {
        "script",
        "img",
        "iframe",
        "object",
        "embed",
        "link",
        "a",
        "form",
        "video",
        "image",
    }
    for _, attributes in elements:
        assert not {name for name in attributes if name.startswith("on")} | (
            {"src", "href", "style", "srcset"} & set(attributes)
        )
    style = re.search(r"<style>(.*?)</style>", page, re.S).group(1)
    assert "url(" not in style
    assert "@import" not in style
    policy = next(attributes["content"] for tag, attributes in elements if attributes.get("http-equiv"))
    assert policy.startswith("default-src 'none'; style-src 'sha256-" + b64encode(sha256(style.encode()).digest()).decode())


def test_a_find_is_told_in_both_languages_with_times_axes_and_bars(report):
    text = Elements(report([found(cues=[cue(at_s=14.0), cue(at_s=39.0), cue("object", 17.0)])])).text
    for words in (
        "얼굴로 본 추정 나이 14세(11~17세)",
        "Estimated age from a face 14 (11-17)",
        "00:14, 00:39",
        "미성년 의심 높음",
        "Suspected minor: high",
        "성적 내용 여부: 판단 불가",
        "Sexual content: cannot tell",
        "2026. 5. 22.(금)",
        "22 May 2026",
        "의심을 높임",
    ):
        assert words in text


def test_a_reader_without_script_chooses_the_language(report):
    page = report([found()])
    elements = Elements(page).seen
    inputs = [attributes for tag, attributes in elements if tag == "input"]
    assert [(one["type"], one["id"], "checked" in one) for one in inputs] == [
        ("radio", "in-ko", True),
        ("radio", "in-en", False),
    ]
    assert {attributes.get("for") for tag, attributes in elements if tag == "label"} == {"in-ko", "in-en"}


def test_outside_practice_nothing_leads_anywhere(report, authority):
    secret = "비밀hush"
    failure = Failure("fetch", FetchFailed("fetching.status", where=f"https://{secret}.example/x", status=404))
    one = found(
        is_test=False, source="feed", title=secret, url=f"https://{secret}/", text=secret, cues=[cue()], failures=[failure]
    )
    health = {"feed": Health(SourceState.DEAD, 1, FetchRefused("fetching.private_address", where=secret, address="10.0.0.1"))}
    text = report([one], health, practice=(), authority=authority)
    assert secret not in text
    assert "handle" not in text
    assert reference("candidate", one.candidate.id) in text
    assert one.candidate.id not in text
    for words in ("지원센터", "근거 조항", "담당", "응답 없음", "(주소 가림)"):
        assert words in text
    assert "연습용 플랫폼에서" not in text


def test_practice_says_so_and_shows_titles_as_harmless_text(report):
    title = '<script>alert(1)</script>"\u202egnp.exe\x00\x1b[31m' + "가\u0301" * 3
    page = report([found(title=title, url="javascript:alert(1)")], keyword="<b>축제\u2066")
    elements = Elements(page)
    assert "연습용 플랫폼에서 찾은 건은" in elements.text
    assert '<script>alert(1)</script>"�gnp.exe��[31m' in elements.text
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", page)
    assert "script" not in {tag for tag, _ in elements.seen}


def test_what_was_not_looked_at_is_said(report):
    late = Reason("reason.not_looked_at", {}, 0.0, ())
    unread = Reason("reason.not_read", {}, 0.0, ())
    broken = Failure("open", MediaUnreadable("media.damaged", where="x"))
    health = {"practice": Health(SourceState.LIMITED, 3), "feed": Health(SourceState.SLOW, 0)}
    finds = [found(1, remarks=[late]), found(2, is_final=False, remarks=[unread]), found(3, failures=[broken])]
    text = Elements(report(finds, health, limit=3, is_interrupted=True)).text
    for words in (
        "영상물을 살펴보지 못한 의심 건: 1건",
        "화면 글자와 소리를 살펴보지 못한 의심 건: 1건",
        "분석이 끝나지 않은 의심 건: 1건",
        "정한 수(3건)",
        "출처 feed: 응답이 늦음",
        "출처 practice: 요청 한도에 걸림",
        "사람이 탐색을 중지했습니다",
        "(1번)",
    ):
        assert words in text
    assert "찾은 것은 모두 살펴보았고" not in text


def test_nothing_found_is_said(report):
    text = Elements(report([], {"practice": Health(SourceState.EMPTY, 0)})).text
    assert "찾은 것이 없습니다" in text
    assert "찾은 것은 모두 살펴보았고" in text


@pytest.mark.parametrize("state", SourceState)
def test_every_state_of_a_source_stands_in_words(report, state):
    text = Elements(report([], {"practice": Health(state, 0)})).text
    assert catalogue()[f"state.{state}"].ko in text
    assert catalogue()[f"state.{state}"].en in text


def test_what_took_part_is_named_with_its_hashes(report):
    text = report([found(cues=[cue()])])
    from jikim.assessing.rules import shipped
    from jikim.reporting.provenance import package_sha256

    assert shipped().sha256 in text
    assert package_sha256() in text
    assert "onnxruntime" in text
    assert "yolox-nano" in text


def test_ten_thousand_finds_are_all_there_and_the_report_stays_bounded(report):
    cues = [cue(at_s=float(second)) for second in range(300)]
    finds = [found(number, cues=cues if number < 400 else (), title="축" * 100_000) for number in range(10_000)]
    page = report(finds)
    assert len(page.encode()) < 20 * 2**20
    assert page.count('<li class="sheet"') == 200
    assert page.count('<tr><td class="number">') == 9_800
    assert page.count("축" * 301) == 0


def test_a_report_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("the one before")

    def broken():
        yield "half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, broken())
    assert path.read_text() == "the one before"
    assert list(tmp_path.iterdir()) == [path]
    write_whole(path, ["whole ", "축제"])
    assert path.read_text("utf-8") == "whole 축제"
    assert path.stat().st_mode & 0o077 == 0


def test_a_disk_that_would_not_take_it_is_one_clear_error(tmp_path):
    with pytest.raises(ReportNotWritten) as raised:
        write_whole(tmp_path / "gone" / "report.html", ["x"])
    assert "report.html" in raised.value.message().ko


def test_bad_places_are_known_before_the_sweep(tmp_path):
    (tmp_path / "folder.html").mkdir()
    for path in (tmp_path / "none" / "r.html", tmp_path / "folder.html"):
        with pytest.raises(BadUse):
            report_paths(path, 1)
    assert list(tmp_path.iterdir()) == [tmp_path / "folder.html"]


def test_several_keywords_have_a_report_each(tmp_path):
    assert report_paths(tmp_path / "r.html", 1) == [tmp_path / "r.html"]
    assert report_paths(tmp_path / "r.html", 2) == [tmp_path / "r-1.html", tmp_path / "r-2.html"]
