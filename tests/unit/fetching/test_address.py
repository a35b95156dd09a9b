from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jikim.errors import BadUse, FetchRefused
from jikim.fetching.address import Reach, is_loopback, is_public, parse
from jikim.provenance import ProvenPractice

PUBLIC = ["1.1.1.1", "93.184.215.14", "172.32.0.1", "100.128.0.1", "223.130.192.247", "2606:4700::1111", "2400:cb00::1"]
NOT_PUBLIC = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254", "169.254.169.254"),
    *("168.63.129.16", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::ffff:1.1.1.1", "::ffff:127.0.0.1", "::1.1.1.1", "64:ff9b::1.1.1.1", "64:ff9b::7f00:1", "64:ff9b:1::1"),
    *("100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1"),
    *("2002:7f00:1::", "2002:101:101::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1"),
    *("2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:1.1.1.1", "fe80::1%eth0", "2606:4700::1%eth0", "127.1", "0x7f.1", ""),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address):
    assert is_public(address)
    assert not is_loopback(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_not_public(address):
    assert not is_public(address)


@given(st.ip_addresses())
def test_nothing_is_public_that_the_library_knows_as_special(address):
    special = address.is_private or address.is_loopback or address.is_multicast or address.is_link_local
    assert not (is_public(str(address)) and (special or address.is_reserved or address.is_unspecified))


@given(st.ip_addresses(v=4))
def test_no_form_that_carries_an_address_is_public(address):
    carried = int(address)
    forms = (0xFFFF << 32, 0, 0x64FF9B << 96, 0x64FF9B0001 << 80)
    for form in forms:
        assert not is_public(str(ipaddress.IPv6Address(form | carried)))
    assert not is_public(str(ipaddress.IPv6Address(0x2002 << 112 | carried << 80 | 1)))


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("HTTP://Example.ORG", "http://example.org/"),
        ("http://example.org.:80/a?b=c#d", "http://example.org/a?b=c"),
        ("https://example.org:8443/%EA%B0%80", "https://example.org:8443/%EA%B0%80"),
        ("https://한국.example/축제?q=봄 꽃", None),
        ("http://[2606:4700::1111]:8080/", "http://[2606:4700::1111]:8080/"),
    ],
)
def test_normal_form(url, normal):
    target = parse(url)
    assert target.url == (normal or "https://xn--3e0b707e.example/%EC%B6%95%EC%A0%9C?q=%EB%B4%84%20%EA%BD%83")
    assert parse(target.url) == target


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("", "scheme"),
        ("example.org", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("ws://example.org/", "scheme"),
        ("http://", "bad_address"),
        ("http:///path", "bad_address"),
        ("http://a..b/", "bad_address"),
        ("http://" + "a" * 64 + ".org/", "bad_address"),
        ("http://exam%70le.org/", "bad_address"),
        ("http://example.org\x00/", "bad_address"),
        ("http://example.org/\r\nHost: inner", "bad_address"),
        ("http://[::1%25lo]/", "bad_address"),
        ("http://[1.2.3.4]/", "bad_address"),
        ("http://a:b@example.org/", "userinfo"),
        ("http://example.org:0/", "port"),
        ("http://example.org:25/", "port"),
        ("http://example.org:6667/", "port"),
    ],
)
def test_refused_by_spelling(url, key):
    with pytest.raises(FetchRefused) as raised:
        parse(url)
    assert raised.value.key == f"fetching.{key}"


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    for url in (text, f"http://{text}", f"http://example.org/{text}"):
        try:
            target = parse(url)
        except FetchRefused:
            continue
        assert target.scheme in ("http", "https")
        assert target.url.isascii()
        assert not set(target.host) & set(" \r\n/@%?#")


def test_a_relative_reference_is_read_against_its_page():
    page = parse("http://example.org/a/b")
    assert parse("../c?d", base=page).url == "http://example.org/c?d"
    assert parse("//example.com/x", base=page).url == "http://example.com/x"


def never():
    raise AssertionError("a numeric host is not looked up")


def test_reach():
    reach = Reach(["127.0.0.1:8000", "[::1]:8000", "site.test:8000"])

    assert reach.checked(parse("http://127.0.0.1:8000/"), never) == ("127.0.0.1",)
    assert reach.checked(parse("http://[::1]:8000/"), never) == ("::1",)
    assert reach.checked(parse("http://site.test:8000/"), lambda: ["127.0.0.1", "::1", "127.0.0.1"]) == ("127.0.0.1", "::1")
    assert reach.checked(parse("http://93.184.215.14/"), never) == ("93.184.215.14",)
    for url, found in [
        ("http://127.0.0.1:8001/", None),
        ("http://127.0.0.2:8000/", None),
        ("http://localhost:8000/", ["127.0.0.1"]),
        ("http://2130706433:8000/", ["127.0.0.1"]),
        ("http://site.test:8000/", ["::ffff:127.0.0.1"]),
        ("http://site.test:8000/", ["127.0.0.1", "10.0.0.1"]),
        ("http://site.test:8001/", ["127.0.0.1"]),
    ]:
        with pytest.raises(FetchRefused, match="not a public"):
            reach.checked(parse(url), lambda found=found: found)


def test_with_a_practice_host_there_is_nothing_else():
    practice = ProvenPractice(origin="http://localhost:8000", host="localhost", ip="127.0.0.1", port=8000)
    reach = Reach(["127.0.0.1:9000"], practice)

    assert reach.checked(parse("http://localhost:8000/a"), never) == ("127.0.0.1",)
    assert reach.checked(parse("http://127.0.0.1:8000/a"), never) == ("127.0.0.1",)
    for url in ("http://127.0.0.1:9000/", "http://example.org/", "https://localhost:8000/", "http://127.0.0.2:8000/"):
        with pytest.raises(FetchRefused) as raised:
            reach.checked(parse(url), never)
        assert raised.value.key == "fetching.outside_practice"


@pytest.mark.parametrize("entry", ["", "localhost", ":80", "localhost:", "localhost:http", "localhost:70000"])
def test_a_wrong_setting_is_told(entry):
    with pytest.raises(BadUse, match="loopback_allowed"):
        Reach([entry])
