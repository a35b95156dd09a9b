"""`jikim sweep`: a keyword in, ranked and explained suspicions out."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from jikim.commands import places, remembering
from jikim.config import Config
from jikim.errors import FetchFailed, FetchRefused, JikimError, MediaUnreadable, StateError, VaultError
from jikim.rendering import candidate_object
from jikim.reporting import ReportNotWritten, report_paths, write_report
from jikim.scan import Failure, verify_analyzers
from jikim.sources.approved import Approved, read_approved
from jikim.sources.keywords import keyword as read_keyword
from jikim.state import State
from jikim.sweep import Found, Place, sweep
from jikim.terminal import SweepView, say, summary_object
from jikim.types import Keyword, SourceState
from jikim.vault import Vault, open_vault
from jikim.workers import Workers

_EVERYDAY = (FetchFailed, FetchRefused, MediaUnreadable)
"""What may go wrong with single media on any ordinary day: said in the results, no failure of the sweep."""


def run(
    config: Config,
    keywords: Sequence[str],
    sources: Sequence[str],
    limit: int | None,
    budget_s: float | None,
    *,
    as_json: bool,
    report: Path | None = None,
    has_sketches: bool = False,
    variants: Path | None = None,
) -> int:
    """Sweeps each keyword over the named sources, prints what was found and writes the report. Returns the exit status.

    `variants` is a file of spellings that a person approved; see `jikim.sources.approved`.
    """
    asked = [read_keyword(text, None) for text in keywords]
    approved = read_approved(variants) if variants else Approved()
    reports = report_paths(report, len(asked)) if report else [None] * len(asked)
    verify_analyzers(config)
    with (
        places.opened(config, sources) as searched,
        Workers(config, has_sketches=has_sketches and report is not None) as looking,
    ):
        status = 0
        for keyword, path in zip(asked, reports, strict=True):
            spellings = approved.of(keyword)
            ran = _run_one(config, keyword, spellings, searched, looking, limit, budget_s, as_json=as_json, report=path)
            status = max(status, ran)
    return status


def _run_one(
    config: Config,
    keyword: Keyword,
    variants: Sequence[Keyword],
    searched: Sequence[Place],
    looking: Workers,
    limit: int | None,
    budget_s: float | None,
    *,
    as_json: bool,
    report: Path | None,
) -> int:
    budget_s = budget_s or config.sweeping.budget_s
    limit = limit or config.sweeping.limit
    with open_vault(config, with_private_keys=False) as vault:
        view = SweepView(keyword.text, config.lang, budget_s, vault.reference)
        asked = vault.reference("keyword", keyword.text)
        worths = _worths(config, searched, asked)

        async def follow() -> None:
            this = asyncio.current_task()
            if this is not None:  # asked to end by the system is as good as by a person: what was found is delivered
                asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
            async for found in sweep(
                keyword,
                searched,
                looking,
                limit=limit,
                budget_s=budget_s,
                health=view.health,
                worths=worths,
                variants=variants,
            ):
                view.add(found)
                if as_json and found.is_final:
                    _print_json(candidate_object(found.candidate, found.look, found.assessment, vault.reference))

        is_interrupted = False
        try:
            if as_json:
                asyncio.run(follow())
            else:
                with view:
                    asyncio.run(follow())
        except (KeyboardInterrupt, asyncio.CancelledError):
            is_interrupted = True
        is_remembered = _remember(config, view, searched, asked)
        if as_json:
            for found in view.found.values():
                if not found.is_final:
                    _print_json(candidate_object(found.candidate, found.look, found.assessment, vault.reference))
            _print_json(summary_object(keyword.text, view.health, len(view.found), view.took_s, _errors(view, searched)))
        else:
            view.print_ranking()
        is_reported = report is None or _report(
            report, config, keyword, searched, view, vault, limit, budget_s, is_interrupted=is_interrupted
        )
    status = _complain(config.lang, view, searched, is_interrupted=is_interrupted)
    return status if is_reported and is_remembered else 1


def _complain(lang: str, view: SweepView, searched: Sequence[Place], *, is_interrupted: bool) -> int:
    """Says on stderr what could not be done; the exit status."""
    practice = {place.name for place in searched if place.is_practice}
    status = 0
    for name, health in view.health.items():
        for error in [health.error, *health.warnings]:
            if error is not None:
                _say(f"{name}: {error.message(masked=name not in practice).in_language(lang)}")
        if health.state not in (SourceState.OK, SourceState.EMPTY):
            status = 1
        if health.state is SourceState.SLOW:
            _say(say(lang, "sweeping.silent", name=name))
    for error, count in _counted(failure for found in view.found.values() for failure in found.look.failures):
        _say(say(lang, "sweeping.failures", problem=error.message(masked=True).in_language(lang), count=count))
        if not isinstance(error, _EVERYDAY):
            status = 1
    if late := sum(is_late(found) for found in view.found.values()):
        _say(say(lang, "sweeping.late", count=late))
    if is_interrupted:
        _say(say(lang, "sweeping.interrupted", count=len(view.found)))
        status = 1
    return status


def is_late(found: Found) -> bool:
    """Whether the time was up before all of a candidate was looked at."""
    return any(reason.message_key in ("reason.not_looked_at", "reason.not_read") for reason in found.assessment.reasons)


def _counted(failures: Iterable[Failure]) -> list[tuple[JikimError, int]]:
    by_key: dict[str, JikimError] = {}
    counts: Counter[str] = Counter()
    for failure in failures:
        by_key.setdefault(failure.error.key, failure.error)
        counts[failure.error.key] += 1
    return [(by_key[key], count) for key, count in counts.most_common()]


def _errors(view: SweepView, searched: Sequence[Place]) -> list[dict[str, Any]]:
    practice = {place.name for place in searched if place.is_practice}
    return [
        {"source": name, "key": error.key, "text": error.message(masked=name not in practice)._asdict()}
        for name, health in view.health.items()
        for error in [health.error, *health.warnings]
        if error is not None
    ]


def _report(
    path: Path,
    config: Config,
    keyword: Keyword,
    searched: Sequence[Place],
    view: SweepView,
    vault: Vault,
    limit: int,
    budget_s: float,
    *,
    is_interrupted: bool,
) -> bool:
    """Writes the report of what the view holds; False, and said on stderr, when the disk would not take it."""
    took_s = view.took_s
    with State.open(config.home) as state:
        authority = state.authority()
    try:
        write_report(
            path,
            keyword.text,
            view.found.values(),
            view.health,
            practice={place.name for place in searched if place.is_practice},
            authority=authority,
            started_at=datetime.now().astimezone() - timedelta(seconds=took_s),
            took_s=took_s,
            budget_s=budget_s,
            limit=limit,
            reference=vault.reference,
            config=config,
            is_interrupted=is_interrupted,
        )
    except ReportNotWritten as error:
        _say(error.message().in_language(config.lang))
        return False
    return True


def _worths(config: Config, searched: Sequence[Place], asked: str) -> dict[str, float]:
    """What each place gave before; nothing where that cannot be read, which `_remember` says in the end."""
    try:
        with State.open(config.home) as state:
            return remembering.worths(state, searched, asked)
    except StateError:
        return {}


def _remember(config: Config, view: SweepView, searched: Sequence[Place], asked: str) -> bool:
    """Records how every place answered and what it gave; False, and said on stderr, when that cannot be written. What was found
    stands."""
    try:
        with State.open(config.home) as state:
            remembering.notice_drift(state, searched, view.health)
            remembering.record(state, searched, asked, view.health, view.found.values())
            if any(not place.is_practice for place in searched):
                with open_vault(config) as vault:
                    remembering.record_hosts(vault, state, searched, view.found.values())
    except (StateError, VaultError) as error:
        _say(error.message().in_language(config.lang))
        return False
    return True


def _print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def _say(line: str) -> None:
    sys.stderr.write(f"jikim: {line}\n")
