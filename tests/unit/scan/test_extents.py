"""The extent of a file is the same for a copy in another coding, and another for another picture."""

import io

import numpy as np
import pytest

from jikim.config import load
from jikim.copies.pdq import distances, from_hex
from jikim.scan import EXTENT_FRAMES, Detector, Step, extent
from jikim.types import Frame, Media, MediaKind
from tests.flow.harness import drawing


def _memfd(tmp_path, picture, **saving):
    body = io.BytesIO()
    picture.save(body, **saving)
    path = tmp_path / f"{len(body.getvalue())}"
    path.write_bytes(body.getvalue())
    return path


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    config = load({"JIKIM_HOME": str(tmp_path_factory.mktemp("home"))})
    with Detector(config, only=["known_copy"], has_extents=True) as made:
        yield made


def _extent(detector, path, digest):
    with path.open("rb") as file:
        return detector.look(file.fileno(), digest, steps=(Step.SEE,)).extents[0]


def test_copies_are_near_and_others_far(detector, tmp_path):
    picture = drawing("a", (400, 300))
    one = _extent(detector, _memfd(tmp_path, picture, format="PNG"), "1" * 64)
    copy = _extent(detector, _memfd(tmp_path, picture.resize((800, 600)), format="JPEG", quality=60), "2" * 64)
    other = _extent(detector, _memfd(tmp_path, drawing("b", (400, 300)), format="PNG"), "3" * 64)

    assert (one.kind, one.width_px, one.height_px, one.duration_ms) == (MediaKind.IMAGE, 400, 300, 0)
    hashes = [from_hex(made.frames[0][1])[None] for made in (one, copy, other)]
    assert distances(hashes[0], hashes[1])[0, 0] <= 16 < distances(hashes[0], hashes[2])[0, 0]


def test_the_read_step_and_a_detector_that_was_not_asked_tell_nothing(detector, tmp_path):
    path = _memfd(tmp_path, drawing("a"), format="PNG")
    with path.open("rb") as file:
        assert detector.look(file.fileno(), "1" * 64, steps=(Step.READ,)).extents == ()


def test_plain_frames_tell_nothing_and_few_frames_stand_for_many():
    media = Media("4" * 64, MediaKind.VIDEO, "video/mp4", 64, 64, 10.0)
    grey = np.full((64, 64, 3), 128, np.uint8)
    assert extent(media, [Frame(media.id, 0.0, grey)]).frames == ()
    busy = [Frame(media.id, float(at_s), np.asarray(drawing(str(at_s), (320, 240)))) for at_s in range(10)]
    told = extent(media, busy).frames
    assert [at_ms for at_ms, _ in told] == [0, 3000, 6000, 9000]
    assert len(told) == EXTENT_FRAMES
