from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim.errors import BadUse
from jikim.sources.canonical import canonical, origin, resolved, site

TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
HOSTS = st.sampled_from(
    ["city.example", "CITY.Example", "축제.example", "127.0.0.1", "[2001:DB8::1]", "a_b.example", "city.example."]
)


@pytest.mark.parametrize(
    ("given_url", "expected"),
    [
        ("HTTP://City.Example", "http://city.example/"),
        ("https://city.example:443/a", "https://city.example/a"),
        ("http://city.example:8080/a", "http://city.example:8080/a"),
        ("http://city.example./a", "http://city.example/a"),
        ("http://city.example/a/./b/../c", "http://city.example/a/c"),
        ("http://city.example/a/%2e%2E/c/..", "http://city.example/"),
        ("http://city.example/%7euser/%e1%ab%2f", "http://city.example/~user/%E1%AB%2F"),
        ("http://city.example/축제?q=불꽃", "http://city.example/%EC%B6%95%EC%A0%9C?q=%EB%B6%88%EA%BD%83"),
        ("http://축제.example/", "http://xn--9y5b33h.example/"),
        ("http://city.example/100%", "http://city.example/100%25"),
        ("http://city.example/a?utm_source=x&b=2&fbclid=1&a=1&gclid=#top", "http://city.example/a?b=2&a=1"),
        ("http://city.example/a?igshid=3", "http://city.example/a"),
        ("http://city.example/a?b=&&c", "http://city.example/a?b=&c"),
        (" http://city.example/a\n", "http://city.example/a"),
        ("http://[2001:DB8:0:0::1]:80/", "http://[2001:db8::1]/"),
        ("http://city.example/a\\b", "http://city.example/a/b"),
    ],
)
def test_one_form(given_url, expected):
    assert canonical(given_url) == expected
    assert canonical(expected) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "city.example",
        "ftp://city.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "http://",
        "http:///a",
        "http://user:secret@city.example/",
        "http://city.example\\@other.example/",
        "http://city.example:99999/",
        "http://city.example:0/",
        "http://city.example:8x/",
        "http://[::1",
        "http://city.example\\a",
        "http://[fe80::1%eth0]/",
        "http://a b/",
        "http://.../",
        "http://city.example/\x00",
        "http://city.example/\ud800",
        "ftp://city.example/\u202e\u2028\x85",
        "http://city.example/" + "a" * 9000,
    ],
)
def test_what_is_no_address_is_refused_in_one_line(url):
    with pytest.raises(BadUse) as error:
        canonical(url)
    for words in error.value.message():
        assert words.isprintable()
    assert "secret" not in error.value.message(masked=True).en


def test_fetching_keeps_what_merging_drops():
    assert (
        resolved("http://city.example/a/", "b.mp4?sig=1&utm_source=x#t=3") == "http://city.example/a/b.mp4?sig=1&utm_source=x"
    )


@pytest.mark.parametrize(
    "reference", ["", "  ", "javascript:void(0)", "data:image/png;base64,AAAA", "mailto:a@b.example", "http://[", "tel:1"]
)
def test_what_leads_nowhere_is_none(reference):
    assert resolved("http://city.example/", reference) is None


def test_origin_and_site():
    assert origin("HTTP://www.City.example:80/a?b") == "http://www.city.example"
    assert site("http://www.city.example/") == site("https://city.example:8443/x")


@given(host=HOSTS, path=TEXT, query=TEXT, fragment=TEXT)
def test_canonical_is_idempotent(host, path, query, fragment):
    try:
        once = canonical(f"http://{host}/{path}?{query}#{fragment}")
    except BadUse:
        return
    assert canonical(once) == once
    assert once.isascii()


@given(TEXT)
def test_any_text_gives_an_address_or_bad_use(text):
    for url in (text, f"http://{text}", f"https://city.example{text}"):
        with suppress(BadUse):
            assert canonical(canonical(url)) == canonical(url)


@given(TEXT, TEXT)
def test_resolving_never_fails(base, reference):
    address = resolved(f"http://city.example/{base}", reference)
    assert address is None or canonical(address)
