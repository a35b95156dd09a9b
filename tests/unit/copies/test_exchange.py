"""Exchange files, in the shapes that threatexchange's documentation and the vPDQ samples show."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from bank_samples import item, picture
from hypothesis import given, settings
from hypothesis import strategies as st

from jikim.copies import exchange
from jikim.copies.bank_items import BankSettings
from jikim.copies.exchange import Form, Skipped, read_file, write_csv, write_text, write_vpdq
from jikim.copies.pdq import to_hex
from jikim.copies.store import create_bank
from jikim.errors import BadUse
from jikim.types import MediaKind

ONE, TWO = (np.random.default_rng(seed).bytes(32).hex() for seed in (1, 2))


@pytest.fixture
def read(tmp_path):
    def reading(content, form=None):
        path = tmp_path / "hashes"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        skipped = Skipped()
        return list(read_file(path, "a hotline", "their label", skipped, form)), skipped

    return reading


def test_the_text_form_with_and_without_types(read):
    items, skipped = read(f"pdq {ONE}\n\n{TWO.upper()}\r\npdq   {ONE}\n")
    assert [to_hex(new.fingerprint.frames[0].pdq[0]) for new in items] == [ONE, TWO, ONE]
    assert items[0].fingerprint.sha256 == items[2].fingerprint.sha256 != items[1].fingerprint.sha256
    assert {(new.label, new.source, new.is_third_party) for new in items} == {("their label", "a hotline", True)}
    assert not skipped.counts


def test_a_video_in_the_text_form(read):
    items, skipped = read("vpdq " + json.dumps([f"{TWO},49,1.5", f"{ONE},100,0.0"]) + "\n")
    video = items[0].fingerprint
    assert (video.kind, video.duration_s) == (MediaKind.VIDEO, 1.5)
    assert [(frame.at_s, frame.quality, to_hex(frame.pdq[0])) for frame in video.frames] == [(0.0, 100, ONE), (1.5, 49, TWO)]
    assert not skipped.counts


def test_the_csv_form(read):
    items, skipped = read(
        "signal_type,signal_str,collab,category,tags\n"
        f"pdq,{ONE},Some Centre,POSITIVE_CLASS,tag other\n"
        f'pdq,{TWO},"Some, Centre",INVESTIGATION_SEED,\n'
        f"pdq,{TWO},Some Centre,NEGATIVE_CLASS,\n"
        f"pdq,{TWO},Some Centre,DISPUTED,\n"
        "url,https://example.org/,Some Centre,POSITIVE_CLASS,\n"
        'pdq,"broken\n'
        "pdq\n"
    )
    assert [(to_hex(new.fingerprint.frames[0].pdq[0]), new.label) for new in items] == [
        (ONE, "tag other"),
        (TWO, "their label"),
    ]
    assert skipped.counts == {
        "copies.line_disputed": 2,
        "copies.line_other_type": 1,
        "copies.line_bad_csv": 1,
        "copies.line_bad_hash": 1,
    }


def test_a_vpdq_hash_file_is_one_video(read):
    lines = [f"0,100,{ONE},0.000", f"30,100,{TWO},1.001", "rubbish", f"60,101,{TWO},2.0", f"90,7,{'0' * 64},3.003"]
    items, skipped = read("\n".join(lines))
    assert [(frame.at_s, frame.quality) for frame in items[0].fingerprint.frames] == [(0.0, 100), (1.001, 100), (3.003, 0)]
    assert skipped.counts == {"copies.line_bad_hash": 2}
    assert [bad.params["number"] for bad in skipped.first] == [3, 4]


def test_of_a_video_with_very_many_frames_some_are_kept_from_beginning_to_end(read, monkeypatch):
    monkeypatch.setattr(exchange, "FRAMES_MAX", 100)
    lines = [f"{number},{100 if number % 2 else 7},{ONE},{number}.5" for number in range(5000)]
    items, skipped = read("\n".join(lines))
    film = items[0].fingerprint
    times = [frame.at_s for frame in film.frames]
    assert 50 <= len(times) <= 100
    assert {frame.quality for frame in film.frames} == {100}
    assert max(np.diff([0.0, *times, 4999.5])) <= 130
    assert film.duration_s == 4999.5
    assert not skipped.counts
    assert read("\n".join(reversed(lines)))[0][0].fingerprint.duration_s == 4999.5


def test_one_frame_that_can_be_found_among_very_many_is_kept(read, monkeypatch):
    monkeypatch.setattr(exchange, "FRAMES_MAX", 100)
    lines = [f"{number},7,{TWO},{number}.0" for number in range(501)]
    lines[401] = f"401,50,{ONE},401.0"
    assert [to_hex(frame.pdq[0]) for frame in read("\n".join(lines))[0][0].fingerprint.frames] == [ONE]


def test_a_video_of_which_nothing_can_be_found_is_said_with_its_first_line(read):
    items, skipped = read(f"\n0,7,{ONE},0.0\n1,7,{TWO},1.0\n")
    assert not items
    assert [(bad.key, bad.params["number"]) for bad in skipped.first] == [("copies.line_uniform", 2)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("pdq abc", "bad_hash"),
        (f"pdq {ONE}0", "bad_hash"),
        (f"pdq {ONE} surplus", "bad_hash"),
        (f"pdq {'0' * 64}", "uniform"),
        (f"pdq {'f' * 64}", "uniform"),
        ("video_md5 d41d8cd98f00b204e9800998ecf8427e", "other_type"),
        ("vpdq {}", "bad_hash"),
        ("vpdq []", "uniform"),
        ("vpdq " + "[" * 100_000, "bad_hash"),
        ("vpdq " + json.dumps([ONE]), "bad_hash"),
        ("vpdq " + json.dumps([f"{ONE},100,-1"]), "bad_hash"),
        ("vpdq " + json.dumps([f"{ONE},{'9' * 5000},1"]), "bad_hash"),
        ("vpdq " + json.dumps([f"{ONE},49,1"]), "uniform"),
        (b"\xff\xfe\x00", "not_text"),
    ],
)
def test_a_bad_line_is_skipped_counted_and_said_and_the_others_are_read(read, line, reason):
    bad = line if isinstance(line, bytes) else line.encode()
    items, skipped = read(b"pdq " + ONE.encode() + b"\n" + bad + b"\npdq " + TWO.encode())
    assert len(items) == 2
    assert skipped.counts == {f"copies.line_{reason}": 1}
    assert "2" in str(skipped.first[0])


def test_a_line_without_an_end_is_skipped_in_bounded_memory(read, monkeypatch):
    monkeypatch.setattr(exchange, "LINE_MAX_BYTES", 1000)
    items, skipped = read(f"pdq {ONE}\n" + "x" * 4321 + f"\npdq {TWO}\n")
    assert len(items) == 2
    assert skipped.counts == {"copies.line_too_long": 1}


def test_nothing_and_what_cannot_be_opened(read, tmp_path):
    assert read("")[0] == read("\n \n")[0] == []
    with pytest.raises(BadUse):
        list(read_file(tmp_path / "absent", "", "", Skipped()))


@settings(max_examples=300)
@given(
    st.sampled_from([None, *Form]),
    st.lists(
        st.one_of(
            st.binary(max_size=90),
            st.text(max_size=60).map(str.encode),
            st.sampled_from([f"pdq {ONE}", f"0,100,{ONE},0.0", "signal_type,signal_str", f'vpdq ["{ONE},100,0"]', ",,,"]).map(
                str.encode
            ),
        ),
        max_size=12,
    ),
)
def test_whatever_a_file_holds_it_is_read_or_counted(tmp_path_factory, form, lines):
    path = tmp_path_factory.mktemp("any") / "hashes"
    path.write_bytes(b"\n".join(lines))
    skipped = Skipped()
    items = list(read_file(path, "", "", skipped, form))
    assert len(items) + sum(skipped.counts.values()) <= path.read_bytes().count(b"\n") + 2
    assert all(frame.pdq.shape == (8, 32) for new in items for frame in new.fingerprint.frames)


FILM = item(5, picture(5), picture(6, at_s=1.25, quality=20), picture(7, at_s=2.5))


def test_what_is_written_is_what_the_peers_read(read):
    text = "".join(write_text([item(1), FILM, item(2, picture(2, quality=3))]))
    kinds = [line.partition(" ") for line in text.splitlines()]
    assert [(kind, gap) for kind, gap, _ in kinds] == [("pdq", " "), ("vpdq", " ")]
    assert kinds[0][2] == to_hex(picture(1).pdq[0])
    rows = list(csv.DictReader(write_csv([item(1), FILM])))
    assert list(rows[0]) == ["signal_type", "signal_str", "collab", "category", "tags"]
    assert [(row["signal_type"], row["signal_str"]) for row in rows] == [(kind, value) for kind, _, value in kinds]
    assert [[part.split(",")[1:] for part in json.loads(rows[1]["signal_str"])]] == [[["100", "0.000"], ["100", "2.500"]]]
    assert "".join(write_vpdq(FILM)).splitlines()[1] == f"1,20,{to_hex(picture(6).pdq[0])},1.250"
    for content in (text, "".join(write_csv([item(1), FILM])), "".join(write_vpdq(FILM))):
        again, skipped = read(content)
        assert again
        assert not skipped.counts
        assert np.array_equal(again[-1].fingerprint.frames[-1].pdq[0], picture(7).pdq[0])


def test_what_was_read_twice_is_there_once(tmp_path, read):
    items, _ = read(f"{ONE}\n{TWO}\n")
    with create_bank(tmp_path, "feed", BankSettings()) as bank:
        assert bank.add_all(items) == 2
        assert bank.add_all(items) == 0
        assert bank.near(items[0].fingerprint.frames[0].pdq[:1]).items.tolist() == [1]
