"""A world is read as it stands, and a wrong line is named."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from jikim.errors import BadUse
from jikim.practice.world import load_world, write_truth


def test_a_post_has_what_its_line_says(world_of):
    world = world_of("a.jpg;b.mp4\t가을 축제\t사진과 영상\tknown_copy;object", files={"a.jpg": b"1", "b.mp4": b"2"})
    (item,) = world.items
    assert (item.title, item.text, item.kind) == ("가을 축제", "사진과 영상", "image")
    assert [(media.kind, media.mime) for media in item.media] == [("image", "image/jpeg"), ("video", "video/mp4")]
    assert item.cues == ("known_copy", "object")
    assert item.posted_at.utcoffset() is not None


def test_ids_come_from_content_and_two_equal_posts_are_two(world_of):
    first = world_of("\t가\t나\t", "\t다\t라\t", "\t다\t라\t")
    again = world_of("\t다\t라\t", "\t가\t나\t", "\t다\t라\t")
    assert len({item.id for item in first.items}) == 3
    assert {item.id for item in first.items} == {item.id for item in again.items}


def test_a_text_post_needs_no_file_and_the_last_column_may_be_dropped(world_of):
    world = world_of("\t제목\t글")
    assert world.items[0].kind == "text"
    assert world.items[0].cues == ()


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm(tmp_path: Path):
    (tmp_path / "items.tsv").write_bytes("\ufefffile\ttitle\ttext\tcue\r\n\t축제\t글\tobject\r\n\r\n".encode())
    (item,) = load_world(tmp_path).items
    assert (item.title, item.cues) == ("축제", ("object",))


def test_an_empty_world_finds_nothing(world_of):
    assert world_of().search("축제") == ()


def test_every_word_must_stand_in_title_or_text(world_of):
    world = world_of("\t가을 축제\t강변에서\t", "\t가을\t산에서\t")
    assert [item.title for item in world.search("강변 축제")] == ["가을 축제"]
    assert len(world.search("가을")) == 2
    assert world.search("겨울") == ()
    assert world.search("  ") == ()


def test_search_ignores_case_and_the_way_letters_are_composed(world_of):
    world = world_of("\tJIKIM Straße\t" + unicodedata.normalize("NFD", "축제") + "\t")
    assert len(world.search("jikim strasse")) == 1
    assert len(world.search("축제")) == 1
    assert len(world.search(unicodedata.normalize("NFD", "축제"))) == 1


def test_durations_and_small_pictures_are_told_beforehand(world_of):
    world = world_of(
        "a.mp4\t축제\t\t",
        files={"a.mp4": b"1", "thumbs/a.jpg": b"2"},
        media="file\tduration_s\tthumbnail\na.mp4\t12.5\tthumbs/a.jpg\n",
    )
    (media,) = world.items[0].media
    assert media.duration_s == 12.5
    assert media.thumbnail is not None
    assert media.thumbnail.read_bytes() == b"2"


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("없음.jpg\t제목\t글\t", "practice.items_file_missing"),
        ("\0.jpg\t제목\t글\t", "practice.items_file_missing"),
        ("가" * 300 + ".jpg\t제목\t글\t", "practice.items_file_missing"),
        ("folder.jpg\t제목\t글\t", "practice.items_file_missing"),
        ("../outside.jpg\t제목\t글\t", "practice.items_file_outside"),
        ("link.jpg\t제목\t글\t", "practice.items_file_outside"),
        ("a.exe\t제목\t글\t", "practice.items_file_ending"),
        ("제목뿐", "practice.items_columns"),
        ("\ta\tb\tc\td", "practice.items_columns"),
        ("\t \t \tobject", "practice.items_blank"),
    ],
)
def test_a_wrong_line_is_named(world_of, tmp_path: Path, line: str, key: str):
    (tmp_path / "outside.jpg").write_bytes(b"1")
    (tmp_path / "items" / "folder.jpg").mkdir(parents=True)
    (tmp_path / "items" / "link.jpg").symlink_to(tmp_path / "outside.jpg")
    with pytest.raises(BadUse) as caught:
        world_of("\t첫 줄\t맞는 줄\t", line, files={"a.exe": b"1"})
    assert caught.value.key == key
    assert caught.value.params["line"] == 3
    assert "3" in caught.value.message().ko


def test_a_link_within_the_folder_is_served_under_its_own_ending(world_of, tmp_path: Path):
    (tmp_path / "items" / "blobs").mkdir(parents=True)
    (tmp_path / "items" / "blobs" / "1").write_bytes(b"1")
    (tmp_path / "items" / "a.JPG").symlink_to("blobs/1")
    assert world_of("a.JPG\t제목\t\t").items[0].media[0].mime == "image/jpeg"


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (None, "practice.items_missing"),
        (b"", "practice.items_header"),
        (b"title\ttext\n", "practice.items_header"),
        (b"file\ttitle\ttext\tcue\n\xff\xfe\n", "practice.items_not_utf8"),
    ],
)
def test_a_wrong_list_is_named(tmp_path: Path, content: bytes | None, key: str):
    if content is not None:
        (tmp_path / "items.tsv").write_bytes(content)
    with pytest.raises(BadUse) as caught:
        load_world(tmp_path)
    assert caught.value.key == key
    assert str(tmp_path) in caught.value.message().en


@pytest.mark.parametrize("line", ["a.mp4\tsoon\t", "a.mp4\tnan\t", "a.mp4\t-1\t", "a.mp4\t1", "a.mp4\t1\ta.png"])
def test_wrong_facts_of_media_are_named(world_of, line: str):
    with pytest.raises(BadUse) as caught:
        world_of(files={"a.mp4": b"", "a.png": b""}, media=f"file\tduration_s\tthumbnail\n{line}\n")
    assert caught.value.key == "practice.media_list"
    assert caught.value.params["line"] == 2


def test_truth_has_a_line_for_every_post(world_of, tmp_path: Path):
    world = world_of("a.mp4\t축제\t\tknown_copy; object", "\t글\t글\t", files={"a.mp4": b""})
    write_truth(world, "http://127.0.0.1:1234", tmp_path / "truth.tsv")
    assert (tmp_path / "truth.tsv").read_text("utf-8").split("\n") == [
        "url\tkind\tcue",
        f"http://127.0.0.1:1234/item/{world.items[0].id}\tvideo\tknown_copy;object",
        f"http://127.0.0.1:1234/item/{world.items[1].id}\ttext\t",
        "",
    ]


def test_truth_that_cannot_be_written_is_said(world_of, tmp_path: Path):
    with pytest.raises(BadUse) as caught:
        write_truth(world_of(), "http://127.0.0.1:1", tmp_path / "nowhere" / "truth.tsv")
    assert caught.value.key == "practice.truth_unwritable"
