"""Makes the background that concepts are taught against.

    python -m training.concepts --pictures FOLDER --films FOLDER --world jikim/practice/world/media \\
        --out jikim/analyzers/concept_background.npz

Reads harmless pictures (CC0 clip art and clothes; those whose sha1 of the name ends in an even digit, so that figures can be
reported on the others), three frames each of harmless films (Intel IoT DevKit, CC BY 4.0; MDN, CC0; ThreatExchange's samples,
BSD) and the practice world's drawings. Kept are 2,640 numbers of each (`concept_features`), nothing of any picture.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from hashlib import sha1
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from jikim import config
from jikim.analyzers.concept_features import raw_features
from jikim.weights.sessions import LocalSessions

PICTURES = (".jpg", ".jpeg", ".png", ".webp")
FILMS = (".mp4", ".mkv", ".webm", ".gif")
SHARES = (0.15, 0.5, 0.85)
WORLD_EVERY = 3

Pixels = NDArray[np.uint8]


def main() -> None:
    """Reads, looks and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--films", type=Path, required=True)
    parser.add_argument("--world", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    sessions = LocalSessions(config.load().weights)
    shown = [*map(_picture, _files(chosen.pictures, PICTURES)), *_frames(chosen.films)]
    shown += [_picture(file) for file in sorted(chosen.world.iterdir()) if file.suffix in PICTURES][::WORLD_EVERY]
    features = np.stack([raw_features(sessions, pixels) for pixels in shown])
    np.savez_compressed(chosen.out, features=features.astype(np.float16))
    print(f"{len(features)} pictures, {chosen.out.stat().st_size} bytes")


def _files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    found = (file for file in folder.rglob("*") if file.suffix.lower() in suffixes)
    return sorted(file for file in found if int(sha1(file.name.encode(), usedforsecurity=False).hexdigest()[-1], 16) % 2 == 0)


def _picture(file: Path) -> Pixels:
    """RGB; what is transparent is white."""
    picture = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise SystemExit(f"{file}: no picture")
    if picture.ndim == 2:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    if picture.shape[2] == 4:
        share = picture[:, :, 3:] / 255
        picture = (picture[:, :, :3] * share + 255 * (1 - share)).astype(np.uint8)
    return np.ascontiguousarray(picture[:, :, ::-1])


def _frames(folder: Path) -> Iterator[Pixels]:
    for file in _files(folder, FILMS):
        film = cv2.VideoCapture(str(file))
        count = int(film.get(cv2.CAP_PROP_FRAME_COUNT))
        wanted = {int(count * share) for share in SHARES}
        for place in range(count):
            is_read, picture = film.read()
            if is_read and place in wanted:
                yield np.ascontiguousarray(picture[:, :, ::-1])


if __name__ == "__main__":
    main()
