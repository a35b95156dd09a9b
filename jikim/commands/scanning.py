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
from jikim.errors import BadUse, FetchFailed, FetchRefused, JikimError
from jikim.messages import readable
from jikim.provenance import is_fixture
from jikim.rendering import scan_object
from jikim.scan import Detector, Failure, Look, failure_remarks, verify_analyzers
from jikim.seams import ANALYZERS, plugins
from jikim.sweep import Health, Place, sweep
from jikim.terminal import print_scan
from jikim.types import Assessment, Keyword, TextOrigin, TextSpan, candidate_id
from jikim.vault import Vault, open_vault
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
    if names == []:
        raise BadUse("scanning.no_analyzer", known=", ".join(plugins(ANALYZERS)))
    if any(_is_address(name) and _is_outside(config, name) for name in inputs):
        places.require_authority(config)
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
    return _scanned(readable(name), look, is_test=look.media is not None and is_fixture(look.media.id))


def _scanned(name: str, look: Look, *, is_test: bool) -> Scanned:
    identity = look.media.id if look.media else candidate_id("scan", name)
    remarks = failure_remarks(look.failures)
    return Scanned(name, look, assess(identity, look.cues, remarks=remarks, has_failures=bool(look.failures), is_test=is_test))


def _scan_address(config: Config, url: str, only: Sequence[str] | None) -> Iterator[Scanned]:
    """The page or file at an address, as a sweep of one. What hinders it is a failure of this input alone."""
    with open_vault(config, with_private_keys=False) as vault:
        is_masked = True
        try:
            with places.opened_address(config, url) as place, Workers(config, only, count=1) as looking:
                is_masked = not place.is_practice
                scanned = _sweep_of_one(config, place, looking, vault)
        except (FetchRefused, FetchFailed) as error:
            scanned = [_not_fetched(url, error, vault, is_masked=is_masked)]
        yield from scanned


def _sweep_of_one(config: Config, place: Place, looking: Workers, vault: Vault) -> list[Scanned]:
    """What a place has at its address. Raises what kept it from being fetched, FetchFailed where nothing is there."""
    health: dict[str, Health] = {}
    is_masked = not place.is_practice

    async def only_one() -> list[Scanned]:
        budget_s = config.sweeping.budget_s
        return [
            Scanned(vault.reference("candidate", found.candidate.id), found.look, found.assessment, is_masked)
            async for found in sweep(Keyword("", config.lang), [place], looking, limit=1, budget_s=budget_s, health=health)
            if found.is_final
        ]

    scanned = asyncio.run(only_one())
    if not scanned:
        raise health[place.name].error or FetchFailed("scanning.nothing_there")
    return scanned


def _not_fetched(url: str, error: JikimError, vault: Vault, *, is_masked: bool) -> Scanned:
    look = Look(failures=(Failure("fetch", error),))
    name = vault.reference("candidate", candidate_id("scan", url))
    return Scanned(name, look, _scanned(name, look, is_test=False).assessment, is_masked)


def _print(console: Console, lang: str, scanned: Scanned, *, as_json: bool) -> None:
    look = scanned.look
    errors = [failure.error.message(masked=scanned.is_masked).in_language(lang) for failure in look.failures]
    if as_json:
        digest = look.media.id if look.media else None
        found = scan_object(scanned.name, digest, look, scanned.assessment, is_masked=scanned.is_masked)
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        sys.stdout.flush()
    else:
        print_scan(console, scanned.name, scanned.assessment, lang, is_masked=scanned.is_masked)
    for error in errors:
        sys.stderr.write(f"jikim: {scanned.name}: {error}\n")


def _is_outside(config: Config, url: str) -> bool:
    """Whether an address needs authority before anything is asked of it; one that is no proper address is never asked."""
    try:
        return not places.may_be_practice(config, url)
    except FetchRefused:
        return False


def _is_address(name: str) -> bool:
    return name.lower().startswith(("http://", "https://"))
