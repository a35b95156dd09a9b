"""A wiki: its files are found by their names and words, looked at, and gone once they are deleted there."""

from __future__ import annotations

import io

from tests.flow.harness import drawing
from tests.servers.conftest import the_state

PICTURE = io.BytesIO()
drawing("공원").save(PICTURE, "png")


def test_what_is_posted_is_found_and_what_is_deleted_is_gone(wiki, reaching, film):
    picture = PICTURE
    wiki.post_file("등불_축제.webm", film, "강변에서 열린 모임")
    wiki.post_file("축제_공원.png", picture.getvalue(), "공원에서 그린 그림")
    wiki.post_file("바다.png", picture.getvalue() + b" ", "바다에서 그린 그림")
    jikim = reaching(wiki.host)
    place = f"mediawiki={wiki.interface}"

    found = jikim("sweep", "축제", "--source", place, "--json")
    assert found.status == 0, found.err
    assert sorted(one["kind"] for one in found.candidates) == ["image", "video"]
    assert all(one["frames"] for one in found.candidates)
    assert all(not one["errors"] for one in found.candidates)
    assert wiki.host not in found.out + found.err, "outside practice no address is shown"

    wiki.delete_file("등불_축제.webm")
    left = jikim("sweep", "축제", "--source", place, "--json")
    assert [one["kind"] for one in left.candidates] == ["image"]
    assert {one["id"] for one in left.candidates} < {one["id"] for one in found.candidates}

    wiki.delete_file("축제_공원.png")
    gone = jikim("sweep", "축제", "--source", place, "--json")
    assert gone.candidates == []
    assert the_state(gone, "mediawiki") == "empty"


def test_one_source_is_tried_at_a_time(wiki, reaching):
    wiki.post_file("산책_등불.png", PICTURE.getvalue(), "공원에서 그린 그림")
    jikim, place = reaching(wiki.host), f"mediawiki={wiki.interface}"
    for keyword, found in (("산책", 1), ("없는것", 0)):
        tried = jikim("source", "try", place, keyword)
        assert (tried.status, tried.err) == (0, "")
        assert f"{found} found" in tried.out
    wiki.delete_file("산책_등불.png")
