"""Banks made, filled, exchanged and held against files as a person does it."""

from __future__ import annotations

import json
import sqlite3
import wave

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from jikim.copies.pdq import pdq, to_hex

ITEM = {"bank", "item", "label", "score", "relation", "coverage_query", "coverage_item", "segments", "edit"}


def scene(seed, size=(400, 300)):
    """A soft abstract picture, different for each seed."""
    random = np.random.default_rng(seed)
    layers = [cv2.resize(random.integers(0, 256, (side, side, 3), np.uint8), size) for side in (5, 9, 17, 60)]
    return np.mean(layers, axis=0).astype(np.uint8)


def film(path, pictures):
    """A film at 10 frames a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.bit_rate = 320, 240, 2_000_000
        for pixels in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")))
        container.mux(stream.encode())


def moving(seed, seconds, mirrored=False):
    """Frames of slow wanderings over scenes, another scene every two seconds."""
    for number in range(10 * seconds):
        wide = scene(100 * seed + number // 20, (480, 360))
        at = 2 * (number % 20)
        pixels = wide[at : at + 240, at : at + 320]
        yield pixels[:, ::-1] if mirrored else pixels


@pytest.fixture
def media(tmp_path):
    folder = tmp_path / "media"
    folder.mkdir()
    for seed in (1, 2, 3):
        Image.fromarray(scene(seed)).save(folder / f"picture {seed}.png")
    Image.fromarray(scene(1)[:, ::-1]).resize((300, 225)).save(folder / "posted.jpg", quality=60)
    film(folder / "film.mp4", moving(5, 10))
    film(folder / "clip.mp4", list(moving(5, 10, mirrored=True))[30:80])
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 not a picture")
    return folder


def test_from_an_empty_bank_to_copies_told_with_their_seconds(jikim, media, home):
    assert "no banks" in jikim("bank", "list").out
    assert jikim("bank", "create", "피해-1", "--note", "a case").status == 0
    added = jikim(
        "bank",
        "add",
        "피해-1",
        media / "picture 1.png",
        media / "broken.jpg",
        media / "film.mp4",
        "--label-from-name",
        "--source",
        "her",
    )
    assert added.status == 1
    assert "broken.jpg" in added.err
    assert added.out.count("added") == 2
    listed = jikim("bank", "list", "피해-1", "--json").objects
    assert [(item["label"], item["kind"], item["source"], item["state"]) for item in listed] == [
        ("picture 1", "image", "her", "active"),
        ("film", "video", "her", "active"),
    ]
    ran = jikim("match", media / "posted.jpg", media / "clip.mp4", media / "picture 2.png", media / "broken.jpg", "--json")
    assert ran.status == 1
    assert "broken.jpg" in ran.err
    posted, clip, other, broken = ran.objects
    assert [one["schema"] for one in ran.objects] == [1] * 4
    assert all(set(match) == ITEM for one in ran.objects for match in one["matches"])
    assert [(match["label"], match["relation"], match["item"]) for match in posted["matches"]] == [
        ("picture 1", "copy", listed[0]["item"])
    ]
    assert "mirrored" in posted["matches"][0]["edit"]
    (match,) = clip["matches"]
    (segment,) = match["segments"]
    assert (match["label"], match["relation"]) == ("film", "copy")
    assert segment["start_s"] == pytest.approx(0, abs=1)
    assert segment["item_start_s"] == pytest.approx(3, abs=1)
    assert segment["item_end_s"] == pytest.approx(8, abs=1)
    assert other["matches"] == broken["matches"] == []
    said = jikim("match", media / "clip.mp4", lang="ko").out
    assert "사본" in said
    assert "좌우 뒤집음" in said
    originals = [(media / name).read_bytes()[200:400] for name in ("picture 1.png", "film.mp4")]
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert not any(piece in kept for piece in originals)


def test_scans_and_sweeps_see_the_banks_without_any_setting(jikim, media):
    jikim("bank", "create", "own")
    jikim("bank", "add", "own", media / "picture 1.png", "--label", "hers")
    (seen,) = jikim("scan", media / "posted.jpg", "--only", "known_copy", "--json").objects
    assert seen["assessment"]["level"] == "urgent"
    (cue,) = [cue for cue in seen["cues"] if cue["name"] == "known_copy"]
    assert cue["value"]["bank"] == "own"
    assert cue["value"]["relation"] == "copy"
    assert "hers" in seen["assessment"]["reasons"][0]["text"]["en"]
    manifest = media / "manifest.tsv"
    manifest.write_text("file\titem\nposted.jpg\thers\npicture 2.png\t\n", "utf-8")
    (measured,) = jikim("evaluate", "copies", manifest, "--json").objects
    assert measured["metrics"]["copies_found"]["value"] == 1.0
    assert measured["metrics"]["others_called_copies"]["value"] == 0.0


def recording(path, seed, seconds, start_s=0.0):
    """A melody of its own for each seed, from `start_s` on."""
    random = np.random.default_rng(seed)
    pitches = 220 * 2 ** (random.integers(0, 44, 400) / 12)
    moments = np.arange(int((start_s + seconds) * 16_000)) / 16_000
    note = (moments / 0.23).astype(int)
    loud = np.exp(-2 * (moments / 0.23 - note)) * np.sin(2 * np.pi * np.cumsum(pitches[note]) / 16_000)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((8000 * loud[int(start_s * 16_000) :]).astype("<i2").tobytes())


def test_a_sound_alone_is_found_by_match_and_scan_and_said_to_be_that(jikim, media):
    recording(media / "song.wav", 1, 40)
    recording(media / "part.wav", 1, 20, start_s=10)
    recording(media / "other.wav", 2, 20)
    jikim("bank", "create", "own")
    jikim("bank", "add", "own", media / "song.wav", media / "film.mp4", "--label-from-name")
    part, other = jikim("match", media / "part.wav", media / "other.wav", "--json").objects
    (match,) = part["matches"]
    (segment,) = match["segments"]
    assert (match["label"], match["relation"]) == ("song", "same_scene")
    assert [segment["start_s"], segment["item_start_s"], segment["item_end_s"]] == pytest.approx([0, 10, 30], abs=1)
    assert other["matches"] == []
    assert "only the sound is the same" in jikim("match", media / "part.wav").out
    (seen,) = jikim("scan", media / "part.wav", "--only", "known_copy", "--json").objects
    (cue,) = [cue for cue in seen["cues"] if cue["name"] == "known_copy"]
    assert (cue["value"]["relation"], cue["value"]["edit"]) == ("same_scene", "sound")
    assert seen["assessment"]["level"] != "urgent"


def test_a_scan_looks_a_second_time_where_a_known_film_begins_and_ends(jikim, media):
    jikim("bank", "create", "own")
    jikim("bank", "add", "own", media / "film.mp4")
    frames = [*moving(6, 30), *list(moving(5, 10))[20:80], *moving(7, 30)]
    film(media / "long.mp4", frames)
    (seen,) = jikim("scan", media / "long.mp4", "--only", "known_copy", "--json").objects
    (cue,) = [cue for cue in seen["cues"] if cue["name"] == "known_copy"]
    found = [cue["value"][key] for key in ("start_s", "end_s", "item_start_s")]
    assert cue["value"]["relation"] == "copy"
    assert found == pytest.approx([30, 36, 2], abs=1)


def test_items_are_left_out_taken_up_and_removed(jikim, media, home):
    jikim("bank", "create", "own")
    (added,) = jikim("bank", "add", "own", media / "picture 1.png", "--label", "MARKED", "--json").objects
    assert added["is_new"]
    (again,) = jikim("bank", "add", "own", media / "picture 1.png", "--json").objects
    assert (again["item"], again["is_new"]) == (added["item"], False)

    def is_found():
        return bool(jikim("match", media / "posted.jpg", "--json").objects[0]["matches"])

    for command, expected in (
        (("disable", "own", added["item"][:8]), False),
        (("disable", "own", added["item"], "--undo"), True),
        (("disable", "own"), False),
        (("disable", "own", "--undo"), True),
        (("reject", "own", added["item"]), False),
        (("confirm", "own", added["item"]), True),
        (("remove", "own", added["item"]), False),
    ):
        ran = jikim("bank", *command)
        assert ran.status == 0, ran.err
        assert is_found() == expected, command
    kept = b"".join(path.read_bytes() for path in (home / "banks").rglob("*") if path.is_file())
    assert b"MARKED" not in kept
    assert jikim("bank", "remove", "own", "--whole").status == 0
    assert jikim("bank", "list").out.count("own") == 0


def test_an_allow_list_silences_what_it_holds(jikim, media):
    blend = cv2.addWeighted(scene(1), 0.8, scene(2), 0.2, 0)
    Image.fromarray(blend).save(media / "harmless.png")
    jikim("bank", "create", "own")
    jikim("bank", "add", "own", media / "picture 1.png")
    assert jikim("match", media / "harmless.png", "--json").objects[0]["matches"]
    jikim("bank", "create", "known-harmless", "--allow-list")
    jikim("bank", "add", "known-harmless", media / "harmless.png")
    assert not jikim("match", media / "harmless.png", "--json").objects[0]["matches"]
    assert jikim("match", media / "posted.jpg", "--json").objects[0]["matches"]


def test_hashes_go_out_exactly_and_a_third_partys_stay(jikim, media, tmp_path):
    jikim("bank", "create", "own")
    jikim("bank", "add", "own", media / "picture 1.png", media / "film.mp4")
    text, table, folder = tmp_path / "out.txt", tmp_path / "out.csv", tmp_path / "vpdq"
    assert "2 items" in jikim("bank", "export", "own", text).out
    assert jikim("bank", "export", "own", table).status == jikim("bank", "export", "own", folder, "--form", "vpdq").status == 0
    picture, video = text.read_text("utf-8").splitlines()
    assert picture == f"pdq {to_hex(pdq(scene(1))[0])}"
    frames = json.loads(video.removeprefix("vpdq "))
    assert len(frames) >= 10
    assert table.read_text("utf-8").splitlines()[0] == "signal_type,signal_str,collab,category,tags"
    assert len(list(folder.iterdir())) == 2

    jikim("bank", "create", "feed")
    text.write_text(text.read_text("utf-8") + "pdq rubbish\nurl https://example.org/\n", "utf-8")
    ran = jikim("bank", "import", "feed", text, "--source", "a hotline", "--label", "theirs")
    assert ran.status == 1
    assert "2 new items, 0 there already, 2 lines skipped" in ran.out
    assert [number in line for number, line in zip("34", ran.err.splitlines(), strict=True)] == [True, True]
    assert "0 new items, 2 there already" in jikim("bank", "import", "feed", text).out
    ran = jikim("match", media / "posted.jpg", media / "clip.mp4", "--bank", "feed", "--json")
    assert [one["matches"][0]["label"] for one in ran.objects] == ["theirs", "theirs"]
    out = jikim("bank", "export", "feed", tmp_path / "again.txt").out
    assert "0 items written. 2 items" in out
    assert (tmp_path / "again.txt").read_text("utf-8") == ""


def test_wrong_use_is_one_line(jikim, media, home):
    jikim("bank", "create", "own")
    for arguments in (
        ("create", "own"),
        ("create", "test"),
        ("create", "a/b"),
        ("add", "nowhere", media / "picture 1.png"),
        ("remove", "own"),
        ("remove", "own", "00000000"),
        ("disable", "own", "x"),
        ("import", "own", media / "absent.txt"),
        ("import", "own", media / "broken.jpg", "--form", "nonsense"),
        ("export", "own", media / "no" / "folder.txt"),
    ):
        ran = jikim("bank", *arguments)
        assert ran.status == 2, arguments
        assert not ran.out
        assert len(ran.err.splitlines()) == 1, ran.err
    assert jikim("match", media / "picture 1.png", "--bank", "nowhere").status == 2


def test_a_newer_bank_is_refused_and_named(jikim, media, home):
    jikim("bank", "create", "own")
    connection = sqlite3.connect(home / "banks" / "own" / "bank.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    ran = jikim("match", media / "picture 1.png")
    assert ran.status == 1
    assert "own/bank.sqlite" in ran.err
    ran = jikim("scan", media / "picture 1.png", "--only", "known_copy", "--json")
    assert ran.status == 1
