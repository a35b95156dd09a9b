"""`jikim scan`: looks at files of this machine, at words, or at addresses where the centre has authority."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console

from jikim import workers
from jikim.assessing import assess
from jikim.commands import places
from jikim.config import Config
from jikim.errors import BadUse, FetchFailed
from jikim.provenance import is_fixture
from jikim.rendering import scan_object
from jikim.scan import Detector, Failure, Look, failure_remarks, verify_analyzers
from jikim.sweep import Health, sweep
from jikim.terminal import print_scan
from jikim.types import Assessment, Keyword, TextOrigin, TextSpan, candidate_id
from jikim.vault import Vault
from jikim.workers import Workers

POOL_FROM = 4
"""From so many files on, starting a process a core pays for itself."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """One input, what was noticed in it and what follows; `is_masked` for what came from a real address."""

    name: str
    look: Look
    assessment: Assessment
    is_masked: bool = False


def run(config: Config, inputs: Sequence[str], only: str | None, text: str | None, *, as_json: bool) -> int:
    """Looks at each input and prints one object or paragraph for each, in order. Returns the exit status."""
    if not inputs and not text:
        raise BadUse("scanning.nothing_named")
    names = [name.strip() for name in only.split(",") if name.strip()] if only is not None else None
    texts = (TextSpan(text, TextOrigin.POST),) if text else ()
    verify_analyzers(config, names)
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    status = 0
    for scanned in scan(config, inputs, names, texts):
        _print(console, config.lang, scanned, as_json=as_json)
        status = 1 if scanned.look.failures else status
    return status


def scan(config: Config, inputs: Sequence[str], only: Sequence[str] | None, texts: tuple[TextSpan, ...]) -> Iterator[Scanned]:
    """Each input in order; without inputs, the words alone. Files are looked at by several processes where there are many."""
    files = [name for name in inputs if not _is_address(name)]
    with ExitStack() as stack:
        if len(files) < POOL_FROM:
            detector = stack.enter_context(Detector(config, only))
            looks: Iterator[Look] = (workers.look_at_file(detector, Path(name), texts) for name in files)
            if not inputs:
                yield _scanned("-", detector.read(texts), is_test=False)
        else:
            pool = stack.enter_context(Workers(config, only))
            looks = pool.in_order(workers.look_at_path, [(Path(name), texts) for name in files])
        for name in inputs:
            yield from _scan_address(config, name, only) if _is_address(name) else [_scan_file(name, next(looks))]


def _scan_file(name: str, look: Look) -> Scanned:
    return _scanned(name, look, is_test=look.media is not None and is_fixture(look.media.id))


def _scanned(name: str, look: Look, *, is_test: bool) -> Scanned:
    identity = look.media.id if look.media else candidate_id("scan", name)
    remarks = failure_remarks(look.failures)
    return Scanned(name, look, assess(identity, look.cues, remarks=remarks, has_failures=bool(look.failures), is_test=is_test))


def _scan_address(config: Config, url: str, only: Sequence[str] | None) -> Iterator[Scanned]:
    """The page or file at an address, as a sweep of one. Raises AuthorityMissing for a real one without it."""
    with (
        places.opened_address(config, url) as place,
        Vault.open(config.home, with_private_keys=False) as vault,
        Workers(config, only, count=1) as looking,
    ):
        health: dict[str, Health] = {}

        async def only_one() -> list[Scanned]:
            budget_s = config.sweeping.budget_s
            return [
                Scanned(vault.reference("candidate", found.candidate.id), found.look, found.assessment, not place.is_practice)
                async for found in sweep(Keyword("", config.lang), [place], looking, limit=1, budget_s=budget_s, health=health)
                if found.is_final
            ]

        scanned = asyncio.run(only_one())
        error = health[place.source.name].error
        if not scanned:
            failure = Failure("fetch", error or FetchFailed("scanning.nothing_there"))
            name = vault.reference("candidate", candidate_id("scan", url))
            scanned = [
                Scanned(name, Look(failures=(failure,)), _scanned(name, Look(failures=(failure,)), is_test=False).assessment)
            ]
        yield from scanned


def _print(console: Console, lang: str, scanned: Scanned, *, as_json: bool) -> None:
    look = scanned.look
    errors = [failure.error.message(masked=scanned.is_masked).in_language(lang) for failure in look.failures]
    if as_json:
        digest = look.media.id if look.media else None
        found = scan_object(scanned.name, digest, look, scanned.assessment, is_masked=scanned.is_masked)
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        sys.stdout.flush()
    else:
        print_scan(console, scanned.name, scanned.assessment, lang)
    for error in errors:
        sys.stderr.write(f"jikim: {scanned.name}: {error}\n")


def _is_address(name: str) -> bool:
    return name.lower().startswith(("http://", "https://"))
