"""A sweep's report as a person asks for it."""

from __future__ import annotations

from jikim.messages import catalogue
from tests.flow.harness import CARD, allow

FEED = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>소식</title>
<item><title>축제 비밀제목</title><link>http://{host}/post-hush</link><guid>guid-hush</guid><author>handle-hush</author>
<description>축제 비밀본문</description><enclosure url="http://{host}/card.png" type="image/png" length="1"/></item>
</channel></rss>"""


def test_a_sweep_of_practice_and_a_real_place_writes_what_it_may(jikim, home, platform, site, tmp_path):
    pages = {"/card.png": CARD.read_bytes()}
    host = site(pages)
    pages["/feed"] = FEED.format(host=host).encode()
    allow(home, host)
    set_up = ("--organisation", "지원센터", "--legal-ground", "근거 조항", "--responsible", "담당")
    assert jikim("authority", "set", *set_up).status == 0
    path = tmp_path / "report.html"
    sources = ("--source", f"practice={platform.origin}", "--source", f"feed=http://{host}/feed")
    ran = jikim("sweep", "축제", *sources, "--json", "--report", path)
    assert ran.summary["candidates"] == 5
    page = path.read_text("utf-8")
    assert page.count('<li class="sheet"') == 5
    for candidate in ran.candidates:
        assert candidate["id"] in page
        assert ("title" in candidate) == (candidate["source"] == "practice")
    for words in (
        "축제 그림",
        catalogue()["reason.test_card"].ko,
        "대조목록의 영상물과 일치",
        "지원센터",
        "연습용 플랫폼에서",
        "분석하지 못함",
    ):
        assert words in page
    for secret in ("비밀", "hush", host):
        assert secret not in page


def test_each_keyword_has_its_report(jikim, platform, tmp_path):
    source = ("--source", f"practice={platform.origin}")
    ran = jikim("sweep", "축제", "어디에도없는말", *source, "--report", tmp_path / "r.html")
    assert ran.status == 0, ran.err
    assert "찾은 것이 없습니다" not in (tmp_path / "r-1.html").read_text("utf-8")
    assert "찾은 것이 없습니다" in (tmp_path / "r-2.html").read_text("utf-8")


def test_a_bad_place_is_one_line_before_anything_is_searched(jikim, platform, tmp_path):
    ran = jikim("sweep", "축제", "--source", f"practice={platform.origin}", "--report", tmp_path / "none" / "r.html")
    assert ran.status == 2
    assert not ran.out
    assert len(ran.err.splitlines()) == 1
