"""Recipes: sites their writer never saw, and recipes that cannot work."""

from datetime import UTC, datetime

import msgspec
import pytest

from jikim.errors import BadUse, NotConfigured, SourceChanged
from jikim.sources.recipe import RecipeConfig, RecipeSource
from jikim.sources.recipes import is_on, read_recipe, recipes, switched
from jikim.types import Keyword

FESTIVAL = Keyword("축제")

FORUM = """
search = "https://forum.example/find?q={query}"
results = "article.post"
[fields]
url = "h2 a@href"
title = "h2"
text = "p"
author = ".by"
posted = "time@datetime"
thumbnail = "img@src"
[paging]
next = "nav a[rel=next]@href"
"""
VIDEOS = """
search = "https://tube.example/api?q={query}&offset={page}"
format = "json"
results = "items[?kind=='video']"
[fields]
url = "page"
title = "title"
media = "files[].src"
duration = "length"
[paging]
first = 0
step = 2
"""
BOARD = """
search = "http://board.example/list.asp?word={query}&p={page}"
charset = "cp949"
results = "table#list tr"
[fields]
url = "td.subject a@href"
title = "td.subject"
posted = "td.day"
[dates]
format = "%y/%m/%d %H:%M"
zone = "Asia/Seoul"
"""


@pytest.fixture
def searched(recorded, tmp_path):
    def search(recipe, answers, *, limit=300, since=None):
        file = tmp_path / "site.toml"
        file.write_text(recipe)
        fetcher = recorded(answers)
        source = RecipeSource(RecipeConfig(url=str(file)), fetcher)
        return source, list(source.search(FESTIVAL, since, limit)), fetcher

    return search


@pytest.mark.parametrize("recipe", [FORUM, VIDEOS, BOARD])
def test_a_recipe_is_short(recipe):
    assert len(recipe.strip().splitlines()) <= 25


def post(number):
    return (
        f'<article class="post"><h2><a href="/t/{number}">가을 <b>축제</b></a></h2><p>강변의</p><p>등불</p>'
        f'<img src="/s/{number}.jpg">'
        f'<span class="by">글쓴이</span><time datetime="2026-10-03T18:00:00+09:00"></time></article>'
    )


def test_a_forum_by_its_next_link(searched):
    answers = {
        "https://forum.example/find?q=%EC%B6%95%EC%A0%9C": f'{post(1)}{post(2)}<nav><a rel="next" href="/find?from=2">',
        "https://forum.example/find?from=2": f"{post(2)}{post(3)}<nav></nav>",
    }
    _, found, _ = searched(FORUM, {url: f"<html><body>{body}</body></html>".encode() for url, body in answers.items()})
    assert [each.url for each in found] == [f"https://forum.example/t/{n}" for n in (1, 2, 3)]
    first = found[0]
    assert (first.title, first.text, first.author_ref) == ("가을 축제", "강변의 등불", "글쓴이")
    assert first.posted_at == datetime(2026, 10, 3, 9, tzinfo=UTC)
    assert first.thumbnail_urls == ("https://forum.example/s/1.jpg",)


def test_a_video_site_by_json(searched):
    def answer(*numbers):
        items = [
            {"kind": "video", "page": f"/v/{n}", "title": "축제", "files": [{"src": f"/f/{n}.mp4"}], "length": "1:05"}
            for n in numbers
        ]
        return msgspec.json.encode({"items": [*items, {"kind": "advert", "page": "/ad"}]})

    base = "https://tube.example/api?q=%EC%B6%95%EC%A0%9C&offset="
    answers = {f"{base}0": answer(1, 2), f"{base}2": answer(3, 4), f"{base}4": b'{"items": []}'}
    _, found, fetcher = searched(VIDEOS, answers)
    assert [each.url for each in found] == [f"https://tube.example/v/{n}" for n in (1, 2, 3, 4)]
    assert (found[0].media_urls, found[0].duration_s) == (("https://tube.example/f/1.mp4",), 65.0)
    assert fetcher.asked == list(answers)


def test_a_board_in_cp949(searched):
    row = '<tr><td class="subject"><a href="read.asp?no=7">똠방각하 축제</a><td class="day">26/10/03 18:00'
    head = '<meta http-equiv="content-type" content="text/html; charset=ks_c_5601-1987">'
    page = f'{head}<table id="list"><tr><th>제목{row}</table>'
    url = "http://board.example/list.asp?word=%C3%E0%C1%A6&p=1"
    _, (found,), fetcher = searched(BOARD.replace("[dates]", "[paging]\npages = 1\n[dates]"), {url: page.encode("cp949")})
    assert fetcher.asked == [url]
    assert found.title == "똠방각하 축제"
    assert found.posted_at == datetime(2026, 10, 3, 9, tzinfo=UTC)
    assert found.url == "http://board.example/read.asp?no=7"


def test_pages_that_never_end_are_left(searched):
    source, found, fetcher = searched(
        FORUM.replace("[paging]\nnext", "[paging]\npages = 50\nnext"),
        {
            "https://forum.example/find?q=%EC%B6%95%EC%A0%9C": f'{post(1)}<nav><a rel="next" href="/find?q=2">'.encode(),
            "https://forum.example/find?q=2": f'{post(1)}<nav><a rel="next" href="/find?q=%EC%B6%95%EC%A0%9C">'.encode(),
        },
    )
    assert len(found) == 1
    assert len(fetcher.asked) == 2
    assert [warning.key for warning in source.warnings] == ["sources.repeated_page"]


def test_rows_whose_address_has_moved_are_a_change(searched):
    body = post(1).replace("<a href=", "<a data-to=").encode()
    with pytest.raises(SourceChanged) as caught:
        searched(FORUM, {"https://forum.example/find?q=%EC%B6%95%EC%A0%9C": body})
    assert caught.value.params["field"] == "fields.url"


def test_an_empty_answer_is_nothing_found(searched):
    _, found, _ = searched(FORUM, {"https://forum.example/find?q=%EC%B6%95%EC%A0%9C": b"<html><body>0</body></html>"})
    assert found == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("{query}", ""), "query"),
        (("{query}", "{query}{other}"), "query"),
        (("article.post", "article..post"), "results"),
        (("h2 a@href", "h2 >> a@href"), "fields.url"),
        (("[fields]", 'charset = "klingon"\n[fields]'), "klingon"),
        (("[fields]", 'format = "xml"\n[fields]'), "format"),
        (("[fields]", 'colour = "red"\n[fields]'), "colour"),
        (("https://forum.example", "ftp://forum.example"), "http"),
        (("[paging]", '[dates]\nzone = "Mars/Olympus"\n[paging]'), "Mars"),
        (("[paging]", "[paging]\npages = 5000"), "pages"),
        (("[fields]", "[fields"), "line"),
    ],
)
def test_a_recipe_that_cannot_work_says_where(tmp_path, change, named):
    file = tmp_path / "site.toml"
    file.write_text(FORUM.replace(*change))
    with pytest.raises(BadUse) as caught:
        read_recipe(file)
    said = str(caught.value)
    assert named in said
    assert "\n" not in said


def test_a_jmespath_that_cannot_be_read_says_where(tmp_path):
    file = tmp_path / "site.toml"
    file.write_text(VIDEOS.replace("files[].src", "files[.src"))
    with pytest.raises(BadUse, match=r"fields\.media"):
        read_recipe(file)


def test_no_file_too_large_a_file_and_no_recipe(tmp_path):
    with pytest.raises(BadUse):
        read_recipe(tmp_path / "none.toml")
    (tmp_path / "large.toml").write_text("#" * 100_000)
    with pytest.raises(BadUse):
        read_recipe(tmp_path / "large.toml")
    with pytest.raises(NotConfigured):
        RecipeSource.verify(RecipeConfig())
    assert list(recipes(tmp_path)) == ["large"]


def test_a_site_is_asked_to_speak_the_language_of_its_recipe(searched):
    page = "https://forum.example/find?q=%EC%B6%95%EC%A0%9C"
    answers = {page: f"<html><body>{post(1)}</body></html>".encode()}
    _, _, fetcher = searched(f'language = "ru"\n{FORUM}', answers)
    assert fetcher.sent_headers[0]["accept-language"].startswith("ru,")
    with pytest.raises(BadUse):
        searched(f'language = "ru\\r\\nx: y"\n{FORUM}', answers)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('search = "x"\non = false # later\n[fields]\non = "a"\n', 'on = true\nsearch = "x"\n[fields]\non = "a"\n'),
        ('words = """\n[a]\non = true\n"""\non = true\n', 'on = true\nwords = """\n[a]\non = true\n"""\n'),
        ('words = [\n["a"],\n]\non = true\n', 'on = true\nwords = [\n["a"],\n]\n'),
        ('words = """\non = true\n"""\n', 'on = true\nwords = """\non = true\n"""\n'),
        ("no toml\non = false\n[fields\n", "on = true\nno toml\n[fields\n"),
    ],
)
def test_a_recipe_is_switched_by_its_own_line_alone(tmp_path, before, after):
    assert switched(before, is_on=True) == after
    file = tmp_path / "a.toml"
    for on in (True, False, True):
        file.write_text(switched(before, is_on=on), "utf-8")
        assert is_on(file) is on
