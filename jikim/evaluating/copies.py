"""The task `copies`: whether files are found to be copies of what the centre's banks and the built-in one hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jikim.evaluating import plots
from jikim.evaluating.figures import Figures, Observed, Task, by_named_group, shown
from jikim.evaluating.manifest import Line
from jikim.evaluating.metrics import share_of
from jikim.types import Cue, JsonValue

NOTHING = ""


def read_item(line: Line) -> str:
    """`item`: the label or sha256 of the item that the file is a copy of, empty for a copy of nothing."""
    return line.columns["item"].strip()


def copy_figures(observed: Sequence[Observed[str]]) -> Figures:
    """How many copies are found as the item they are, and how often a file is said to be a copy of what it is not."""
    scores = [max((cue.confidence for cue in _copies(one)), default=0.0) for one in observed]
    drawn = plots.histogram("score of the best copy", "score", "files", scores, 0.0, 1.0)
    return Figures(_figures(observed), by_named_group(observed, _figures), {"scores": drawn})


def _figures(observed: Sequence[Observed[str]]) -> Mapping[str, JsonValue]:
    copies = [one for one in observed if one.truth != NOTHING]
    others = [one for one in observed if one.truth == NOTHING]
    return {
        "copies_found": shown(share_of([any(_is(cue, one.truth) for cue in _copies(one)) for one in copies])),
        "copies_found_first": shown(share_of([_is_first(one) for one in copies])),
        "copies_named_same_scene_only": shown(share_of([_is_scene_only(one) for one in copies])),
        "others_called_copies": shown(share_of([bool(_copies(one)) for one in others])),
        "others_named_same_scene": shown(share_of([_is_scene_only(one) for one in others])),
        "any_called_copy_of_another_item": shown(
            share_of([any(not _is(cue, one.truth) for cue in _copies(one)) for one in observed])
        ),
    }


def _copies(one: Observed[str]) -> list[Cue]:
    return [cue for cue in one.cues("known_copy") if cue.value["relation"] == "copy"]


def _is(cue: Cue, truth: str) -> bool:
    return truth != NOTHING and truth in (cue.params.get("label"), cue.value["item"])


def _is_first(one: Observed[str]) -> bool:
    found = _copies(one)
    return bool(found) and _is(max(found, key=lambda cue: cue.confidence), one.truth)


def _is_scene_only(one: Observed[str]) -> bool:
    return not _copies(one) and bool(one.cues("known_copy"))


COPIES = Task("copies", "known_copy", ("file", "item"), read_item, copy_figures)
