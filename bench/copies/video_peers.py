"""`PEERS_PYTHON video_peers.py < REQUEST`: which items the peers find in films, in an environment that has the peers.

REQUEST is JSON: `items` and `queries`, lists of files; `kept`, a folder in which the hashes of each file stay, so that an
interrupted run goes on; `peers`, those that are run, all by default. Prints JSON: for each peer that is installed, for each
query the places of the items it finds. Each peer keeps its own thresholds.

vPDQ is run as the package `vpdq` where that could be built; else its rule is followed here with `pdqhash`, the hasher that
threatexchange uses: a frame a second, quality >= 50, distance <= 31, and 80 of 100 frames of the query must be found.
"""

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

VIDEO_HASH_DISTANCE_MAX = 10
"""What `VideoHash.is_similar` asks by default: 15 % of 64 bits, rounded up."""

QUALITY_MIN, DISTANCE_MAX, QUERY_SHARE_MIN = 50, 31, 0.8


def frame_hashes(path: str) -> np.ndarray:
    """(n, 256) bits of a frame a second."""
    if importlib.util.find_spec("vpdq"):
        import vpdq

        found = [(frame.hex, frame.quality) for frame in vpdq.computeHash(path, seconds_per_hash=1)]
        bits = [np.unpackbits(np.frombuffer(bytes.fromhex(one), np.uint8)) for one, quality in found if quality >= QUALITY_MIN]
        return np.array(bits, np.uint8).reshape(-1, 256)
    import av
    import pdqhash

    bits, due = [], 0.0
    with av.open(path) as container:
        for frame in container.decode(container.streams.video[0]):
            if (frame.time or 0.0) >= due:
                due += 1.0
                hash_, quality = pdqhash.compute(frame.to_ndarray(format="rgb24"))
                if quality >= QUALITY_MIN:
                    bits.append(hash_)
    return np.array(bits, np.uint8).reshape(-1, 256)


def by_frames(items: list[np.ndarray], query: np.ndarray) -> list[int]:
    """Which items hold 80 of 100 frames of the query."""
    if not len(query):
        return []
    found = []
    for place, item in enumerate(items):
        if len(item):
            near = (query[:, None] != item[None]).sum(axis=2).min(axis=1) <= DISTANCE_MAX
            if near.mean() >= QUERY_SHARE_MIN:
                found.append(place)
    return found


def kept(folder: Path, peer: str, file: str, take: Callable[[str], np.ndarray]) -> np.ndarray:
    """What `take` makes of a file, once."""
    path = folder / f"{Path(file).name}.{peer}.npy"
    if not path.exists():
        unfinished = path.with_suffix(".part.npy")
        np.save(unfinished, take(file))
        unfinished.rename(path)
    return np.asarray(np.load(path))


def video_hash(path: str) -> np.ndarray:
    """(64,) bits of videohash2."""
    from videohash2 import VideoHash

    return np.array([int(bit) for bit in VideoHash(path=path).hash[2:]], np.uint8)


def main() -> None:
    request = json.load(sys.stdin)
    folder = Path(request["kept"])
    answer: dict[str, object] = {}
    asked = request.get("peers", ["vPDQ", "videohash2"])
    if "vPDQ" in asked and (importlib.util.find_spec("pdqhash") or importlib.util.find_spec("vpdq")):
        known = [kept(folder, "vpdq", path, frame_hashes) for path in request["items"]]
        queries = [kept(folder, "vpdq", path, frame_hashes) for path in request["queries"]]
        answer["vPDQ"] = {"found": [by_frames(known, query) for query in queries]}
    if "videohash2" in asked and importlib.util.find_spec("videohash2"):
        hashes = [kept(folder, "videohash2", path, video_hash) for path in request["items"]]
        seen = [kept(folder, "videohash2", path, video_hash) for path in request["queries"]]
        near = [[place for place, item in enumerate(hashes) if (one != item).sum() <= VIDEO_HASH_DISTANCE_MAX] for one in seen]
        answer["videohash2"] = {"found": near}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
