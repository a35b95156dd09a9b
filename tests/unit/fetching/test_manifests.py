"""Manifests as sites write them, and as they should not."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jikim.errors import FetchFailed, JikimError
from jikim.fetching import manifests
from jikim.fetching.address import parse
from jikim.fetching.manifests import film
from jikim.fetching.streams import SEGMENTS_LIMIT, Part

URL = "https://tube.example/v/film.mpd"
TEMPLATE = '<SegmentTemplate media="$RepresentationID$-$Number%05d$.m4s" initialization="$RepresentationID$.mp4" duration="2"/>'


def mpd(inside, said='mediaPresentationDuration="PT10S"'):
    return f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" {said}>{inside}</MPD>'.encode()


def pictures(inside, said=""):
    return f'<Period><AdaptationSet contentType="video" {said}>{inside}</AdaptationSet></Period>'


def read(text, *, only_sound=False):
    return film(text, URL, parse(URL), only_sound=only_sound)


def references(text):
    return [part.reference for part in read(text).parts]


def test_a_template_is_filled_in_and_inherited():
    low, high = (
        '<Representation id="low" height="240" bandwidth="9"/>',
        '<Representation id="high" height="1080" bandwidth="99"/>',
    )
    assert references(mpd(pictures(f"{TEMPLATE}{high}{low}"))) == ["low.mp4", *(f"low-{n:05}.m4s" for n in range(1, 6))]


def test_of_renditions_that_are_all_too_high_the_lowest_is_taken():
    named = "".join(f'<Representation id="h{px}" height="{px}"/>' for px in (2160, 720, 1080))
    assert references(mpd(pictures(TEMPLATE + named)))[0] == "h720.mp4"


def test_times_of_a_timeline():
    timeline = '<SegmentTimeline><S t="5" d="10" r="2"/><S d="7"/><S t="100" d="50" r="-1"/></SegmentTimeline>'
    template = f'<SegmentTemplate media="$Time$.m4s" timescale="100">{timeline}</SegmentTemplate>'
    text = mpd(pictures(f"{template}<Representation/>"), 'mediaPresentationDuration="PT2.5S"')
    assert references(text) == [f"{time}.m4s" for time in (5, 15, 25, 35, 100, 150, 200)]


@pytest.mark.parametrize(
    "template",
    [
        '<SegmentTemplate media="$Number$" duration="1" timescale="100000000"/>',
        '<SegmentTemplate media="$Time$"><SegmentTimeline><S d="1" r="999999999999"/></SegmentTimeline></SegmentTemplate>',
        '<SegmentTemplate media="$Time$"><SegmentTimeline><S d="1" r="-1"/></SegmentTimeline></SegmentTemplate>',
    ],
)
def test_however_many_segments_are_claimed_some_are_wanted(template):
    text = mpd(pictures(f"{template}<Representation/>"), 'mediaPresentationDuration="P99999D"')
    assert len(set(references(text))) == SEGMENTS_LIMIT


def test_a_name_as_long_as_a_manifest_is_not_filled_in_as_often_as_it_says():
    template = f'<SegmentTemplate media="$Number$" initialization="{"$RepresentationID$" * 2000}" duration="2"/>'
    for inside in (f'{template}<Representation id="a"/>', f'{TEMPLATE}<Representation id="{"a" * 5000}"/>'):
        with pytest.raises(FetchFailed, match="names no segments"):
            read(mpd(pictures(inside)))


def test_each_level_is_read_once_however_many_renditions_share_it(monkeypatch):
    looked = []
    named = manifests._named
    monkeypatch.setattr(manifests, "_named", lambda element, name: looked.append(len(element)) or named(element, name))
    count = 5000
    renditions = "".join(f'<Representation id="h{px}" height="{px}"/>' for px in range(count))
    assert references(mpd(pictures(TEMPLATE + renditions)))[0] == "h480.mp4"
    assert sum(looked) < 20 * count


def test_a_list_of_ranges():
    segments = '<SegmentURL mediaRange="100-199"/><SegmentURL mediaRange="200-299"/><SegmentURL media="b.mp4"/>'
    inside = f'<SegmentList><Initialization range="0-99"/>{segments}</SegmentList>'
    text = mpd(pictures(f"<Representation><BaseURL>a.mp4</BaseURL>{inside}</Representation>"))
    assert list(read(text).parts) == [Part("a.mp4", 0, 100), Part("a.mp4", 100, 100), Part("a.mp4", 200, 100), Part("b.mp4")]


def test_levels_of_bases_lead_on_from_each_other():
    inside = "<BaseURL>../c/</BaseURL><Representation><BaseURL>film.mp4</BaseURL><SegmentBase/></Representation>"
    text = mpd(f"<BaseURL>https://cdn.example/a/b/</BaseURL>{pictures(inside)}")
    assert references(text) == ["https://cdn.example/a/c/film.mp4"]


def test_the_longest_period_is_the_film():
    spot = '<Period duration="PT6S"><AdaptationSet mimeType="video/mp4"><Representation id="spot"/></AdaptationSet></Period>'
    main = pictures(f'{TEMPLATE}<Representation id="main"/>').replace("<Period", '<Period start="PT6S"')
    text = mpd(spot + main + spot.replace("<Period", '<Period start="PT26S"'), 'mediaPresentationDuration="PT32S"')
    assert references(text) == ["main.mp4", *(f"main-{n:05}.m4s" for n in range(1, 11))]


def test_a_broadcast_is_fetched_where_it_is_now():
    begun = (datetime.now(UTC) - timedelta(seconds=1000)).isoformat()
    said = f'type="dynamic" availabilityStartTime="{begun}" timeShiftBufferDepth="PT20S"'
    numbers = [int(one[-9:-4]) for one in references(mpd(pictures(f'{TEMPLATE}<Representation id="a"/>'), said))[1:]]
    assert len(numbers) == 10
    assert numbers[-1] in (500, 501)


def test_the_sound_of_a_film_is_its_own_address_and_sound_alone_is_a_file():
    sound = (
        '<AdaptationSet mimeType="audio/mp4"><Representation id="s"><BaseURL>s.mp4</BaseURL></Representation></AdaptationSet>'
    )
    picture = '<AdaptationSet mimeType="video/mp4"><Representation><BaseURL>p.mp4</BaseURL></Representation></AdaptationSet>'
    both, alone = mpd(f"<Period>{picture}{sound}</Period>"), mpd(f"<Period>{sound}</Period>")
    assert (references(both), read(both).sound) == (["p.mp4"], f"{URL}#track=audio")
    assert [part.reference for part in read(both, only_sound=True).parts] == ["s.mp4"]
    assert (references(alone), read(alone).sound) == (["s.mp4"], None)


LOCK = '<ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011" value="cenc"/>'


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (mpd(pictures(f"{LOCK}{TEMPLATE}<Representation/>")), "stream_encrypted"),
        (mpd(pictures(f"{TEMPLATE}<Representation>{LOCK}</Representation>")), "stream_encrypted"),
        (mpd(""), "stream_empty"),
        (mpd(pictures("")), "stream_empty"),
        (mpd(pictures("<Representation/>")), "stream_empty"),
        (mpd(pictures("<SegmentTemplate/><Representation/>")), "stream_empty"),
        (mpd(pictures(f"{TEMPLATE}<Representation/>"), ""), "stream_empty"),  # nobody says how long it is
        (b"<MPD><Period>", "stream_unreadable"),
        (b"", "stream_unreadable"),
        (b'<?xml version="1.0" encoding="klingon"?><MPD/>', "stream_unreadable"),
    ],
)
def test_what_cannot_be_fetched_is_said(text, key):
    with pytest.raises(FetchFailed) as error:
        read(text)
    assert error.value.key == f"fetching.{key}"
    assert URL not in error.value.message(masked=True).ko


def test_entities_are_not_expanded_and_nothing_is_read():
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    text = (
        f'<!DOCTYPE MPD [<!ENTITY l0 "lol">{lol}<!ENTITY file SYSTEM "file:///etc/hostname">]>'
        f"<MPD>{pictures('<Representation><BaseURL>&l9;&file;a.mp4</BaseURL></Representation>')}</MPD>"
    )
    try:
        named = "".join(references(text.encode()))
    except FetchFailed:
        return
    assert "lol" not in named
    assert len(named) < 100


@settings(max_examples=200)
@given(st.data())
def test_whatever_a_manifest_says_it_is_parts_or_an_error_of_ours(data):
    said = st.sampled_from(
        ["", "-1", "0", "1", "9" * 30, "PT1S", "PT" + "9" * 9 + "S", "$$$Number%099d$", "http://[", "//x", "a"]
    )
    name = st.sampled_from(
        [
            "media",
            "initialization",
            "duration",
            "timescale",
            "startNumber",
            "t",
            "d",
            "r",
            "height",
            "range",
            "mediaRange",
            "type",
            "start",
        ]
    )
    tag = st.sampled_from(
        [
            "Period",
            "AdaptationSet",
            "Representation",
            "SegmentTemplate",
            "SegmentTimeline",
            "S",
            "SegmentList",
            "SegmentURL",
            "Initialization",
            "BaseURL",
        ]
    )

    def element(depth):
        attributes = "".join(f' {key}="{value}"' for key, value in data.draw(st.dictionaries(name, said, max_size=4)).items())
        inside = "".join(element(depth + 1) for _ in range(data.draw(st.integers(0, 3)))) if depth < 5 else ""
        kind = data.draw(tag)
        return f'<{kind} mimeType="video/mp4"{attributes}>{inside}{data.draw(said)}</{kind}>'

    with suppress(JikimError):
        assert len(read(mpd("".join(element(0) for _ in range(2)))).parts) <= SEGMENTS_LIMIT + 1
