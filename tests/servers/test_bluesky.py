"""Bluesky: posts are found and looked at; what its author deletes, or moderators or the network take down, is gone."""

from __future__ import annotations

import io

from tests.flow.harness import drawing
from tests.servers.conftest import the_state


def picture(seed: str) -> bytes:
    written = io.BytesIO()
    drawing(seed).save(written, "png")
    return written.getvalue()


def test_what_is_posted_is_found_and_what_is_taken_down_is_gone(bluesky_network, reaching):
    own = bluesky_network.post("writer", "가을 축제에서", picture("등불"))
    other = bluesky_network.post("writer", "봄 축제에서", picture("꽃"))
    bluesky_network.post("painter", "축제 등불 그림", picture("공원"))
    bluesky_network.post("writer", "여름 바다", picture("바다"))
    jikim = reaching(bluesky_network.host)
    place = f"bluesky={bluesky_network.url}"

    found = jikim("sweep", "축제", "--source", place, "--json")
    assert found.status == 0, found.err
    assert [one["kind"] for one in found.candidates] == ["image", "image", "image"]
    assert all(one["frames"] and not one["errors"] for one in found.candidates)
    assert bluesky_network.host not in found.out + found.err, "outside practice no address is shown"

    tried = jikim("source", "try", place, "축제")
    assert (tried.status, "3 found" in tried.out) == (0, True), tried.err

    bluesky_network.take_down_post("writer", other)
    fewer = jikim("sweep", "축제", "--source", place, "--json")
    assert len(fewer.candidates) == 2

    bluesky_network.take_down("painter")
    left = jikim("sweep", "축제", "--source", place, "--json")
    assert len(left.candidates) == 1
    assert {one["id"] for one in left.candidates} < {one["id"] for one in found.candidates}

    bluesky_network.delete("writer", own)
    gone = jikim("sweep", "축제", "--source", place, "--json")
    assert gone.candidates == []
    assert the_state(gone, "bluesky") == "empty"
