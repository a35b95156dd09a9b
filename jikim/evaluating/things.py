"""Tasks over pictures as a whole: `objects` (which things are there) and `sensitive` (quietness on harmless media)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from jikim.analyzers import objects_drawn
from jikim.analyzers.objects import COCO_CLASS, DEFAULT_THRESHOLDS
from jikim.evaluating import plots
from jikim.evaluating.figures import Figures, Observed, Task, by_named_group, shown
from jikim.evaluating.manifest import Line
from jikim.evaluating.metrics import auc_interval, quantiles, roc, share, share_of
from jikim.types import Cue, JsonValue

LOWEST = 0.001
"""Objects are measured from this score on, so that the curve of a label is seen beyond its threshold."""

QUIET_AT = (0.5, 0.8, 0.95)


def read_labels(line: Line) -> frozenset[str]:
    """`labels`, with semicolons between them; labels that the analyzer does not know are true of nothing it could say."""
    return frozenset(label.strip() for label in line.columns["labels"].split(";") if label.strip())


def object_figures(observed: Sequence[Observed[frozenset[str]]]) -> Figures:
    """Of each label whether it is noticed in a picture that shows it, by its threshold and over all thresholds."""
    curves = {label: roc(*_scores(observed, label)) for label in COCO_CLASS}
    return Figures(
        _object_metrics(observed),
        by_named_group(observed, _group_metrics),
        {"roc": plots.lines("objects", "others flagged", "found", {label: curve for label, curve in curves.items() if curve})},
    )


def _object_metrics(observed: Sequence[Observed[frozenset[str]]]) -> dict[str, JsonValue]:
    labels = {label: _label_figures(observed, label) for label in COCO_CLASS}
    without = [one for one in observed if not one.truth & set(COCO_CLASS)]
    flagged = [any(_is_flagged(one, label) for label in COCO_CLASS) for one in without]
    return {"labels": labels, "pictures_of_none_flagged": shown(share_of(flagged))}


def _group_metrics(observed: Sequence[Observed[frozenset[str]]]) -> dict[str, JsonValue]:
    """Of a group no more than a table holds; a label that none of it shows has no AUC."""
    areas = {label: shown(auc_interval(*_scores(observed, label))) for label in COCO_CLASS}
    return {"auc": areas, "pictures_of_none_flagged": _object_metrics(observed)["pictures_of_none_flagged"]}


def _label_figures(observed: Sequence[Observed[frozenset[str]]], label: str) -> dict[str, JsonValue]:
    scores, truth = _scores(observed, label)
    flagged = [_is_flagged(one, label) for one in observed]
    hits = sum(is_flagged and is_true for is_flagged, is_true in zip(flagged, truth, strict=True))
    drawn = {"threshold_of_drawings": objects_drawn.THRESHOLDS[label]} if label in objects_drawn.THRESHOLDS else {}
    return {
        "n_true": sum(truth),
        "threshold": DEFAULT_THRESHOLDS[label],
        **drawn,
        "precision": shown(share(hits, sum(flagged))),
        "recall": shown(share(hits, sum(truth))),
        "others_flagged": shown(share(sum(flagged) - hits, len(truth) - sum(truth))),
        "auc": shown(auc_interval(scores, truth)),
    }


def _scores(observed: Sequence[Observed[frozenset[str]]], label: str) -> tuple[list[float], list[bool]]:
    return [_best(one, label) for one in observed], [label in one.truth for one in observed]


def _best(one: Observed[frozenset[str]], label: str) -> float:
    return max((cue.confidence for cue in _told(one, label)), default=0.0)


def _is_flagged(one: Observed[frozenset[str]], label: str) -> bool:
    """Whether the analyzer would tell of the label as it is shipped: of drawings from another score on than of photographs."""
    return any(
        cue.confidence >= (objects_drawn.THRESHOLDS if cue.value.get("is_drawn") else DEFAULT_THRESHOLDS)[label]
        for cue in _told(one, label)
    )


def _told(one: Observed[frozenset[str]], label: str) -> Iterator[Cue]:
    return (cue for cue in one.cues("object") if cue.value["label"] == label)


def read_harmless(line: Line) -> bool:
    """Every file of such a manifest is harmless; there is no other kind here."""
    return True


def sensitive_figures(observed: Sequence[Observed[bool]]) -> Figures:
    """How quiet it is on harmless media: the share of items whose highest score reaches a threshold. How much it finds is
    deliberately never measured."""
    values = [_highest(one) for one in observed]
    drawn = plots.histogram("score of harmless items", "score", "items", values, 0.0, 1.0)
    return Figures(
        {**_quietness(observed), "score": quantiles(values)}, by_named_group(observed, _quietness), {"scores": drawn}
    )


def _quietness(observed: Sequence[Observed[bool]]) -> Mapping[str, JsonValue]:
    values = [_highest(one) for one in observed]
    return {f"harmless_at_least_{limit}": shown(share_of([value >= limit for value in values])) for limit in QUIET_AT}


def _highest(one: Observed[bool]) -> float:
    return max((float(cue.value["score"]) for cue in one.cues("sensitive")), default=0.0)


OBJECTS = Task(
    "objects",
    "objects",
    ("file", "labels"),
    read_labels,
    object_figures,
    settings={"threshold": dict.fromkeys(COCO_CLASS, LOWEST)},
)
SENSITIVE = Task("sensitive", "sensitive", ("file",), read_harmless, sensitive_figures, settings={"floor": 0.0})
