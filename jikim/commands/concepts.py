"""`jikim concept`: taught, listed, tested, forgotten."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from jikim import teaching
from jikim.analyzers import concept_store
from jikim.analyzers.concept_store import Concept
from jikim.config import Config
from jikim.messages import readable
from jikim.teaching import Picture
from jikim.terminal import say

SCHEMA = 1
SHOWN_FROM = 0.5


def teach(config: Config, name: str, paths: Sequence[Path], others: Sequence[Path], *, as_json: bool) -> int:
    """Teaches a concept and says how well it is told on pictures held out."""
    start = time.monotonic()
    concept = teaching.teach(config, name, [*map(Picture.at, paths)], [*map(Picture.at, others)])
    took_s = time.monotonic() - start
    if as_json:
        _write_object({**_as_object(concept), "took_s": round(took_s, 1)})
    else:
        shares = {"recall": f"{100 * concept.recall:.0f}", "alarms": f"{100 * concept.alarms:.1f}"}
        _write(say(config.lang, "concept.taught", **_words(concept), **shares, seconds=f"{took_s:.1f}"))
    return 0


def show(config: Config, *, as_json: bool) -> int:
    """The concepts in force."""
    found = concept_store.concepts(teaching.concepts_folder(config))
    for concept in found:
        if as_json:
            _write_object(_as_object(concept))
        else:
            _write(
                say(config.lang, "concept.line", **_words(concept), when=concept.taught_at.astimezone().strftime("%Y-%m-%d"))
            )
    if not found and not as_json:
        _write(say(config.lang, "concept.none"))
    return 0


def try_out(config: Config, name: str, paths: Sequence[Path], *, as_json: bool) -> int:
    """The score of each file in order; 1 when one could not be looked at."""
    status = 0
    for tested in teaching.tested(config, name, map(Picture.at, paths)):
        named = readable(tested.name)
        if tested.error is not None:
            sys.stderr.write(f"jikim: {named}: {tested.error.message().in_language(config.lang)}\n")
            status = 1
        elif as_json:
            _write_object({"schema": SCHEMA, "input": named, "score": round(tested.score or 0.0, 4), "at_s": tested.at_s})
        else:
            key = "concept.shown" if (tested.score or 0.0) >= SHOWN_FROM else "concept.not_shown"
            _write(say(config.lang, key, name=named, score=f"{tested.score:.2f}"))
    return status


def forget(config: Config, name: str) -> int:
    """Removes a concept. Raises BadUse where there is none."""
    count = concept_store.forget(teaching.concepts_folder(config), name)
    _write(say(config.lang, "concept.forgotten", name=name, count=count))
    return 0


def _words(concept: Concept) -> dict[str, Any]:
    auc = {"auc": f"{concept.auc:.2f}", "low": f"{concept.auc_low:.2f}", "high": f"{concept.auc_high:.2f}"}
    return {"name": concept.name, "version": concept.version, "pictures": concept.pictures, **auc}


def _as_object(concept: Concept) -> dict[str, Any]:
    kept = msgspec.to_builtins(concept)
    return {
        "schema": SCHEMA,
        **{key: kept[key] for key in kept if key not in ("schema", "weights", "bias", "slope", "made_with")},
    }


def _write_object(content: dict[str, Any]) -> None:
    _write(msgspec.json.encode(content).decode())


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
