import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim.errors import BadUse, FetchFailed
from jikim.sources.listing import ADDRESSES_LIMIT, ListingConfig, ListingSource, addresses_in
from jikim.types import Keyword

FESTIVAL = Keyword("축제")
PAGES = {f"https://city.example/{n}": f"<!doctype html><title>{n}</title><a href='/next'>축제</a>".encode() for n in range(5)}


def search(recorded, path, answers=PAGES, limit=300):
    fetcher = recorded(answers)
    source = ListingSource(ListingConfig(url=str(path)), fetcher)
    return source, fetcher, source.search(FESTIVAL, None, limit)


def test_a_list_as_people_make_it(recorded, tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes(
        "\ufeff# 받은 목록\r\n\r\n  https://city.example/0  \r\nHTTPS://CITY.EXAMPLE/0?utm_source=a\r\n축제\r\n"
        "https://city.example/v.mp4 # 영상\r\nftp://city.example/1\r\nhttps://city.example/1".encode()
    )
    source, _, found = search(recorded, path)
    found = list(found)
    assert [each.url for each in found] == ["https://city.example/0", "https://city.example/v.mp4", "https://city.example/1"]
    assert [(warning.key, warning.params["line"]) for warning in source.warnings] == [
        ("sources.bad_line", 5),
        ("sources.bad_line", 7),
    ]


def test_an_address_is_asked_for_only_when_its_turn_comes(recorded, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("\n".join(PAGES))
    _, fetcher, found = search(recorded, path)
    next(found)
    assert fetcher.asked == ["https://city.example/0"]
    assert len(list(search(recorded, path, limit=2)[2])) == 2


def test_what_fails_is_a_warning_and_the_rest_is_given(recorded, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("https://city.example/gone\nhttps://city.example/forbidden\nhttps://city.example/2\n")
    source, _, found = search(recorded, path)
    assert [each.url for each in found] == ["https://city.example/2"]
    assert [type(warning).__name__ for warning in source.warnings] == ["FetchFailed", "FetchRefused"]


def test_when_nothing_answers_it_is_dead_and_not_empty(recorded, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("https://city.example/gone\nhttps://city.example/gone2\n")
    with pytest.raises(FetchFailed):
        list(search(recorded, path)[2])


@pytest.mark.parametrize("content", [b"", b"# nothing\n\n", b"\xff\x00\xfe", b"no address here\n"])
def test_a_list_without_an_address_is_bad_use(recorded, tmp_path, content):
    path = tmp_path / "list.txt"
    path.write_bytes(content)
    with pytest.raises(BadUse):
        list(search(recorded, path)[2])


def test_a_list_that_is_not_there_is_bad_use(recorded, tmp_path):
    for path in (tmp_path, tmp_path / "none.txt", "a\0b"):
        with pytest.raises(BadUse, match="cannot be read"):
            list(search(recorded, path)[2])


def test_ten_thousand_addresses_and_no_more(recorded, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("\n".join(f"https://city.example/{n}.jpg" for n in range(ADDRESSES_LIMIT)))
    assert len(list(search(recorded, path, limit=20_000)[2])) == ADDRESSES_LIMIT
    path.write_text("\n".join(f"https://city.example/{n}.jpg" for n in range(ADDRESSES_LIMIT + 1)))
    with pytest.raises(BadUse, match="too long"):
        list(search(recorded, path)[2])


@pytest.mark.parametrize("encoding", ["utf-16", "cp949", "utf-8-sig"])
def test_encodings(recorded, tmp_path, encoding):
    path = tmp_path / "list.txt"
    path.write_bytes("# 받은 목록 쌰\nhttps://city.example/축제.jpg".encode(encoding))
    (found,) = search(recorded, path)[2]
    assert found.title == "축제.jpg"


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_any_list_is_read(text):
    lines, bad = addresses_in(text)
    assert len(lines) + len(bad) <= len(text.splitlines())


@pytest.mark.parametrize(("status", "asked"), [(503, 5), (429, 1), (404, 30)])
def test_a_site_in_trouble_is_not_asked_for_everything_else(status, asked, recorded, tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("\n".join([*(f"https://gone.example/{number}" for number in range(30)), "https://city.example/1"]))
    fetcher = recorded(PAGES, otherwise=status)
    source = ListingSource(ListingConfig(url=str(path)), fetcher)
    assert [each.url for each in source.search(FESTIVAL, None, 300)] == ["https://city.example/1"]
    assert sum("gone" in url for url in fetcher.asked) == asked
    left = [one.params["count"] for one in source.warnings if one.key == "sources.host_left"]
    assert left == ([30 - asked] if asked < 30 else [])
