"""The whole report, from its head to its hashes, written piece by piece into a file that appears when it is complete."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jikim.config import Config
from jikim.errors import BadUse, JikimError
from jikim.messages import Message
from jikim.reporting.candidates import Reference, article, row
from jikim.reporting.page import STYLE, both, instant, neutral, one_line, plain, policy, say, words
from jikim.reporting.provenance import Part, TookPart, took_part
from jikim.state import Authority
from jikim.sweep import Found, Health, in_order
from jikim.types import Level, SourceState

DETAILED = 200
"""So many finds are shown in full, in the order of work; the rest has a row each."""

MOST_WARNINGS = 10


class ReportNotWritten(JikimError):
    """The disk would not take the report; what was found stands elsewhere."""


@dataclass(frozen=True, slots=True)
class Swept:
    """One sweep as the report tells it. `ranked` is in the order of work; `practice` names the places that proved to be so."""

    keyword: str
    ranked: Sequence[Found]
    health: Mapping[str, Health]
    practice: Collection[str]
    authority: Authority | None
    started_at: datetime
    took_s: float
    budget_s: float
    limit: int
    is_interrupted: bool


def report_paths(path: Path, count: int) -> list[Path]:
    """Where the reports of `count` keywords go: `path` itself, or `NAME-1.html`, `NAME-2.html` beside each other.

    Raises BadUse when a file could not be written there, so that it is known before the sweep.
    """
    path = path.expanduser().absolute()
    paths = [path] if count == 1 else [path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(1, count + 1)]
    if not path.parent.is_dir():
        raise BadUse("reporting.no_folder", where=str(path.parent))
    for one in paths:
        if one.exists() and not one.is_file():
            raise BadUse("reporting.not_a_file", where=str(one))
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise BadUse("reporting.cannot_write", where=str(path.parent), problem=error.strerror or str(error)) from error
    return paths


def write_report(
    path: Path,
    keyword: str,
    found: Iterable[Found],
    health: Mapping[str, Health],
    *,
    practice: Collection[str],
    authority: Authority | None,
    started_at: datetime,
    took_s: float,
    budget_s: float,
    limit: int,
    reference: Reference,
    config: Config,
    is_interrupted: bool = False,
    detailed: int = DETAILED,
) -> None:
    """Writes the report of one sweep to `path`, whole or not at all.

    `practice` names the sources that are proven practice; whatever comes from any other is masked. `reference` is the vault's.
    Raises ReportNotWritten.
    """
    swept = Swept(keyword, in_order(found), health, practice, authority, started_at, took_s, budget_s, limit, is_interrupted)
    write_whole(path, page(swept, took_part(config), reference, detailed))


def write_whole(path: Path, pieces: Iterable[str]) -> None:
    """Writes text piece by piece beside `path`, readable by its owner alone, and puts it there when it is complete."""
    try:
        fd, beside = tempfile.mkstemp(prefix=f".{path.name[:80]}.", dir=path.parent)
        try:
            with os.fdopen(fd, "w", encoding="utf-8", newline="\n") as file:
                file.writelines(pieces)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(beside)
            raise
    except OSError as error:
        raise ReportNotWritten("reporting.not_written", where=str(path), problem=error.strerror or str(error)) from error


def page(swept: Swept, parts: TookPart, reference: Reference, detailed: int = DETAILED) -> Iterator[str]:
    """The report as HTML, piece by piece."""
    yield (
        '<!doctype html>\n<html lang="ko"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy()}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="referrer" content="no-referrer">'
        f"<title>{one_line('reporting.title')}: {words(swept.keyword)}</title><style>{STYLE}</style></head><body>\n"
        '<input class="switch" type="radio" name="language" id="in-ko" checked>'
        '<input class="switch" type="radio" name="language" id="in-en">\n<div class="wide">\n'
        '<div class="languages"><label for="in-ko" lang="">한국어</label> <label for="in-en" lang="">English</label></div>\n'
    )
    yield from _head(swept)
    yield from _finds(swept.ranked, reference, detailed)
    yield from _sources(swept)
    yield from _gaps(swept)
    yield from _provenance(swept, parts)
    yield "</div></body></html>\n"


def _head(swept: Swept) -> Iterator[str]:
    counts = Counter(found.assessment.level for found in swept.ranked)
    levels = " · ".join(f"{say(f'level.{level}')} {counts[level]:,}" for level in Level)
    facts = [
        ("reporting.started", both(instant(swept.started_at))),
        ("reporting.took", say("reporting.seconds", seconds=swept.took_s, budget=swept.budget_s)),
        ("reporting.candidates", f"{len(swept.ranked):,} ({levels})"),
    ]
    yield f'<header><h1>{say("reporting.title")}</h1><p class="keyword">{plain(swept.keyword)}</p>{_facts(facts)}</header>\n'
    yield from _grounds(swept)
    yield f'<p class="quiet">{say("reporting.what_it_is")}</p>\n'


def _grounds(swept: Swept) -> Iterator[str]:
    """On whose authority it was searched, or that it was practice; both where both kinds of places were asked."""
    if swept.practice:
        title, practice_words = say("reporting.practice"), say("reporting.practice_words")
        yield f'<div class="sheet practice"><h3>{title}</h3><p>{practice_words}</p></div>\n'
    if not set(swept.health) <= set(swept.practice):
        authority = swept.authority
        shown = (
            _facts(
                [
                    ("state.field_organisation", plain(authority.organisation)),
                    ("state.field_legal_ground", plain(authority.legal_ground)),
                    ("state.field_responsible", plain(authority.responsible)),
                    ("reporting.recorded", both(instant(authority.recorded_at.astimezone()))),
                ]
            )
            if authority
            else f"<p>{say('authority.none')}</p>"
        )
        yield f'<div class="sheet"><h3>{say("reporting.authority")}</h3>{shown}</div>\n'


def _finds(ranked: Sequence[Found], reference: Reference, detailed: int) -> Iterator[str]:
    yield f"<h2>{say('reporting.ranking')}</h2>\n"
    if not ranked:
        yield f"<p>{say('reporting.nothing_found')}</p>\n"
        return
    yield '<ol class="finds">\n'
    for place, found in enumerate(ranked[:detailed], 1):
        yield article(place, found, reference) + "\n"
    yield "</ol>\n"
    if len(ranked) > detailed:
        columns = ("place", "level", "score", "id", "source", "reason")
        yield f"<h2>{say('reporting.the_rest', count=len(ranked) - detailed)}</h2>\n"
        yield from _table(columns, (row(n, ranked[n - 1], reference) for n in range(detailed + 1, len(ranked) + 1)))


def _sources(swept: Swept) -> Iterator[str]:
    yield f"<h2>{say('reporting.sources')}</h2>\n"
    rows = (_source_row(name, health, swept) for name, health in swept.health.items())
    yield from _table(("source", "state", "found", "problems"), rows)


def _source_row(name: str, health: Health, swept: Swept) -> str:
    is_practice = name in swept.practice
    errors = [error for error in [health.error, *health.warnings] if error is not None]
    problems = list(dict.fromkeys(error.message(masked=not is_practice) for error in errors))
    shown = "<br>".join(both(problem) for problem in problems[:MOST_WARNINGS])
    if len(problems) > MOST_WARNINGS:
        shown += f"<br>{say('reporting.more', count=len(problems) - MOST_WARNINGS)}"
    label = f" ({say('reporting.practice')})" if is_practice else ""
    return (
        f"<tr><td>{words(name)}{label}</td><td>{say(f'state.{health.state}')}</td>"
        f'<td class="number">{health.found:,}</td><td>{shown}</td></tr>'
    )


def _gaps(swept: Swept) -> Iterator[str]:
    """What was not looked at, could not be analysed, or may be missing, with counts; or that there is no such thing."""
    gaps = list(_gap_lines(swept))
    yield f"<h2>{say('reporting.gaps')}</h2>\n"
    yield f"<ul>{''.join(f'<li>{gap}</li>' for gap in gaps)}</ul>\n" if gaps else f"<p>{say('reporting.no_gaps')}</p>\n"


def _gap_lines(swept: Swept) -> Iterator[str]:
    remarks = Counter(reason.message_key for found in swept.ranked for reason in found.assessment.reasons)
    open_ends = sum(not found.is_final for found in swept.ranked)
    if swept.is_interrupted:
        yield say("reporting.was_interrupted")
    for remark in ("not_looked_at", "not_read"):
        if count := remarks[f"reason.{remark}"]:
            yield say(f"reporting.{remark}", count=count)
    if open_ends:
        yield say("reporting.not_final", count=open_ends)
    if len(swept.ranked) >= swept.limit:
        yield say("reporting.limit_reached", limit=swept.limit)
    for name, health in swept.health.items():
        if health.state not in (SourceState.OK, SourceState.EMPTY):
            state = {"message": f"state.{health.state}"}
            yield say("reporting.source_gap", name=neutral(name), state=state)
    for problem, count in _failures(swept.ranked):
        yield f"{both(problem)} {say('reporting.times', count=count)}"


def _failures(ranked: Iterable[Found]) -> list[tuple[Message, int]]:
    """What failed, by its key and without saying where, the most frequent first."""
    said: dict[str, Message] = {}
    counts: Counter[str] = Counter()
    for found in ranked:
        for failure in found.look.failures:
            said.setdefault(failure.error.key, failure.error.message(masked=True))
            counts[failure.error.key] += 1
    return [(said[key], count) for key, count in counts.most_common()]


def _provenance(swept: Swept, parts: TookPart) -> Iterator[str]:
    gave = Counter((cue.analyzer, cue.analyzer_version) for found in swept.ranked for cue in found.look.cues)
    yield f'<h2>{say("reporting.provenance")}</h2>\n<p class="quiet">{say("reporting.provenance_words")}</p>\n'
    everything = [(parts.code, ""), (parts.rules, "")]
    everything += [(part, f"{gave[part.name, part.version]:,}") for part in parts.analyzers]
    yield from _table(("part", "version", "cues", "hashes"), (_part_row(part, cues) for part, cues in everything))
    libraries = ", ".join(f"{part.name} {part.version}" for part in parts.libraries)
    yield f'<p class="quiet">{words(parts.machine)}<br>{words(libraries, 2000)}</p>\n<h2>{say("reporting.settings")}</h2>\n'
    settings = [("budget_s", f"{swept.budget_s:g}"), ("limit", str(swept.limit)), *parts.settings]
    settings += [(f"{part.name}.{name}", value) for part in parts.analyzers for name, value in part.settings]
    yield from _table(
        ("setting", "value"), (f"<tr><td>{words(name)}</td><td>{words(value)}</td></tr>" for name, value in settings)
    )
    yield f'<p class="quiet">{say("reporting.settings_words")}</p>\n'


def _part_row(part: Part, cues: str) -> str:
    hashes = "<br>".join(f'{words(name)} <span class="id">{words(digest)}</span>' for name, digest in part.hashes)
    return f'<tr><td>{words(part.name)}</td><td>{words(part.version)}</td><td class="number">{cues}</td><td>{hashes}</td></tr>'


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    """Pairs of a message key and HTML as a list of terms."""
    return f'<dl class="facts">{"".join(f"<div><dt>{say(key)}</dt><dd>{value}</dd></div>" for key, value in facts)}</dl>'


def _table(columns: Sequence[str], rows: Iterable[str]) -> Iterator[str]:
    numbers = ("place", "score", "found", "cues")
    heads = "".join(
        f'<th scope="col"{" class=number" if name in numbers else ""}>{say(f"reporting.column_{name}")}</th>'
        for name in columns
    )
    yield f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>\n'
    for one in rows:
        yield one + "\n"
    yield "</tbody></table></div>\n"
