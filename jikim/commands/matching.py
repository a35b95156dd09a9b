"""`jikim match`: files are held against the banks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from jikim.banking import Matched, banks_folder, match_files
from jikim.config import Config
from jikim.copies.edits import is_sound_only, words
from jikim.copies.known import KnownMaterial
from jikim.copies.matching import Match
from jikim.messages import readable
from jikim.terminal import say


def run(config: Config, paths: Sequence[Path], bank: str | None, *, as_json: bool) -> int:
    """Says of each file in order which known items it shows; 1 when one could not be looked at."""
    status = 0
    with KnownMaterial(banks_folder(config), bank) as known:
        for matched in match_files(config, known, paths):
            if as_json:
                sys.stdout.write(msgspec.json.encode(_as_object(matched)).decode() + "\n")
                sys.stdout.flush()
            else:
                _print(config.lang, matched)
            if matched.error:
                name, words = readable(str(matched.path)), matched.error.message().in_language(config.lang)
                sys.stderr.write(f"jikim: {name}: {words}\n")
                status = 1
    return status


def _as_object(matched: Matched) -> dict[str, Any]:
    return {
        "schema": 1,
        "input": readable(str(matched.path)),
        "matches": [_match(match) for match in matched.matches],
        "took_ms": round(matched.took_ms, 1),
    }


def _match(match: Match) -> dict[str, Any]:
    return {
        "bank": match.bank,
        "item": match.item,
        "label": match.label,
        "score": match.score,
        "relation": match.relation,
        "coverage_query": match.coverage_query,
        "coverage_item": match.coverage_item,
        "segments": [msgspec.to_builtins(segment) for segment in match.segments],
        "edit": match.edit,
    }


def _print(lang: str, matched: Matched) -> None:
    name = readable(str(matched.path))
    if not matched.matches and not matched.error:
        sys.stdout.write(f"{name}: {say(lang, 'matching.none')}\n")
    for match in matched.matches:
        line = say(
            lang,
            "matching.same_sound" if is_sound_only(match.edit) else f"matching.{match.relation}",
            bank=match.bank,
            item=match.item[:12],
            label=match.label,
            score=f"{match.score:.3f}",
            edit=words(match.edit).in_language(lang),
            query=round(100 * match.coverage_query),
            share=round(100 * match.coverage_item),
        )
        sys.stdout.write(f"{name}: {line}\n")
        for segment in match.segments:
            times = {"start": segment.start_s, "end": segment.end_s}
            times |= {"item_start": segment.item_start_s, "item_end": segment.item_end_s}
            shown = {part: f"{time_s:.1f}" for part, time_s in times.items()}
            sys.stdout.write(f"    {say(lang, 'matching.segment', **shown)}\n")
