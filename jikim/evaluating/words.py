"""Tasks over words: `screen-text` and `speech` (how exactly they are read and heard), `youth-language` (who writes so)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence

from jikim.evaluating import plots
from jikim.evaluating.figures import Figures, Observed, Task, by_named_group, shown
from jikim.evaluating.manifest import BadLine, Line, one_of
from jikim.evaluating.metrics import (
    Estimate,
    auc_interval,
    calibration_error,
    edits,
    ratio,
    reliability,
    roc,
    share,
    share_of,
)
from jikim.types import JsonValue

MOST_CHARACTERS = 20_000
"""Longer texts are no single item: the comparison's time grows with the square."""

FLAGGED_FROM = 0.5
_IS_YOUTH = {"1": True, "0": False}


def read_text(line: Line) -> str:
    """`text`, as it stands in the picture. Raises BadLine."""
    return _bounded(line, line.columns["text"])


def read_transcript(line: Line) -> str | None:
    """`transcript` or `speech_transcript`; empty where there is sound without speech. None for a file without sound, where a
    column `audio` says 0. Raises BadLine."""
    if line.columns.get("audio") == "0":
        return None
    return _bounded(line, line.columns.get("transcript") or line.columns.get("speech_transcript") or "")


def _bounded(line: Line, text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        raise BadLine("evaluating.text_too_long", number=line.number, limit=MOST_CHARACTERS)
    return text


def normal(text: str) -> str:
    """Text as it is compared: NFKC, lower case, punctuation as blanks, one blank between words."""
    kept = (
        " " if unicodedata.category(character)[0] in "PCZ" else character
        for character in unicodedata.normalize("NFKC", text).lower()
    )
    return " ".join("".join(kept).split())


def _text_figures(cue_name: str) -> Callable[[Sequence[Observed[str]]], Figures]:
    def metrics(observed: Sequence[Observed[str]]) -> dict[str, JsonValue]:
        pairs = [(normal(_said(one, cue_name)), normal(one.truth)) for one in observed]
        spoken = [pair for pair in pairs if pair[1]]
        silent = [pair for pair in pairs if not pair[1]]
        return {
            "character_error_rate": shown(_error_rate(spoken, _letters)),
            "word_error_rate": shown(_error_rate(spoken, str.split)),
            "exact": shown(share_of([said == true for said, true in spoken])),
            "nothing_given": shown(share_of([not said for said, _ in spoken])),
            "words_where_there_are_none": shown(share_of([bool(said) for said, _ in silent])),
        }

    def figures(observed: Sequence[Observed[str]]) -> Figures:
        pairs = [(normal(_said(one, cue_name)), normal(one.truth)) for one in observed]
        rates = [min(edits(_letters(said), _letters(true)) / len(_letters(true)), 1.0) for said, true in pairs if true]
        drawn = plots.histogram("character error rate", "error rate", "items", rates, 0.0, 1.0)
        return Figures(metrics(observed), by_named_group(observed, metrics), {"errors": drawn})

    return figures


def _said(one: Observed[str], cue_name: str) -> str:
    """What was read or heard, in its order. A line that a video shows for long is given more than once and counts once."""
    lines = [str(cue.value["text"]) for cue in one.cues(cue_name) if cue.value["text"]]
    return " ".join(dict.fromkeys(lines) if cue_name == "line" else lines)


def _letters(text: str) -> str:
    """Without blanks: where a line is broken is not the reader's mistake."""
    return text.replace(" ", "")


def _error_rate(pairs: Sequence[tuple[str, str]], units: Callable[[str], Sequence[str]]) -> Estimate | None:
    return ratio(
        [edits(units(said), units(true)) for said, true in pairs],
        [len(units(true)) for _, true in pairs],
    )


def read_youth(line: Line) -> bool:
    """`label`: 1 for a young person's words, else 0. Raises BadLine."""
    return one_of(line, "label", _IS_YOUTH)


def youth_figures(observed: Sequence[Observed[bool]]) -> Figures:
    """How well the words of the young are told from others', at the score 0.5 and over all scores."""
    scores, truth = _youth_scores(observed)
    curve = roc(scores, truth)
    bins = reliability(scores, truth)
    metrics = {**_youth_metrics(observed), "calibration_error": shown(calibration_error(bins))}
    drawn = {
        "reliability": plots.calibration("youth language", "score", "true share", bins),
        "roc": plots.lines("youth language", "others flagged", "found", {"score": curve}),
    }
    return Figures(metrics, by_named_group(observed, _youth_metrics), drawn)


def _youth_metrics(observed: Sequence[Observed[bool]]) -> Mapping[str, JsonValue]:
    scores, truth = _youth_scores(observed)
    flagged = [score >= FLAGGED_FROM for score in scores]
    hits = sum(is_flagged and is_true for is_flagged, is_true in zip(flagged, truth, strict=True))
    return {
        "n_true": sum(truth),
        "precision": shown(share(hits, sum(flagged))),
        "recall": shown(share(hits, sum(truth))),
        "others_flagged": shown(share(sum(flagged) - hits, len(truth) - sum(truth))),
        "auc": shown(auc_interval(scores, truth)),
    }


def _youth_scores(observed: Sequence[Observed[bool]]) -> tuple[list[float], list[bool]]:
    scores = [max((float(cue.value["score"]) for cue in one.cues("youth_language")), default=0.0) for one in observed]
    return scores, [one.truth for one in observed]


SCREEN_TEXT = Task("screen-text", "screen_text", ("file", "text"), read_text, _text_figures("line"))
SPEECH = Task(
    "speech",
    "speech",
    ("file",),
    read_transcript,
    _text_figures("utterance"),
    one_of=("transcript", "speech_transcript"),
)
YOUTH_LANGUAGE = Task(
    "youth-language",
    "youth_language",
    ("label",),
    read_youth,
    youth_figures,
    one_of=("text", "file"),
    settings={"floor": 0.0},
    is_text=True,
)
