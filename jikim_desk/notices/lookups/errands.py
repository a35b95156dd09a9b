"""Look-ups as errands: asked for by a person, made by a worker, repeated until they are answered or given up.

What registries ask for is kept: one look-up at a time of a host, a pause where they say 429, lists of servers kept for a day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from jikim.commands.places import require_authority
from jikim.errors import FetchFailed, FetchRefused
from jikim.fetching import SafeFetcher
from jikim.types import Answer
from jikim.vault import sweep_holder
from jikim_desk.accounts.models import User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import desk_config, jikim_config
from jikim_desk.notices import hosts
from jikim_desk.notices.lookups import rdap, security_txt
from jikim_desk.notices.lookups.models import Bootstrap, Lookup, LookupState
from jikim_desk.notices.models import Host
from jikim_desk.records.models import Candidate, Capture
from jikim_desk.sealing import vault

WAYS = ("security_txt", "domain", "network")
FOUND, NONE, WAITING, FAILED = "found", "none", "waiting", "failed"
LEASE = timedelta(minutes=10)
"""How long a look-up is its worker's after each request it begins: longer than any one may take."""
RETRY, RETRY_MAX = timedelta(minutes=5), timedelta(hours=12)
TRIES_MAX = 6
LIST_KEPT = timedelta(days=1)
_LIST_MAX_BYTES = 4 * 2**20
_FINDS_SEEN = 5


@dataclass(frozen=True, slots=True)
class Asking:
    """How is asked: by `way`; `site` gives the address of a host, `lists` that of the lists of servers."""

    way: rdap.Getter
    lists: str
    site: Callable[[str], str] = "https://{}".format


@contextmanager
def opened() -> Iterator[Asking]:
    """How this desk asks. Raises AuthorityMissing."""
    config = jikim_config()
    require_authority(config)
    with SafeFetcher(config.fetching, vault(), sweep_holder(timezone.now().date())) as fetcher:
        yield Asking(fetcher, desk_config().removal.rdap_bootstrap)


def ask(user: User, host: Host) -> Lookup:
    """Has a host looked up as soon as a worker is free; one that waits already is it. Raises PermissionDenied."""
    if not user.has_role(*hosts.KEEPERS):
        raise PermissionDenied
    now = timezone.now()
    asked = Lookup(host=host, asked_by=user, asked_at=now, next_try_at=now)
    try:
        with transaction.atomic():
            asked.save(force_insert=True)
            chain.record(Action.HOST, actor=user, subject=f"host:{host.pk}", facts={"what": "lookup"})
    except IntegrityError:  # the one that waits keeps the pause a registry asked for
        return latest(host) or asked
    return asked


def due(now: datetime, *, limit: int = 10) -> list[str]:
    """Look-ups that are to be made, the longest due first."""
    rows = Lookup.objects.filter(next_try_at__lte=now).order_by("next_try_at")
    return list(rows.values_list("pk", flat=True)[:limit])


def go(lookup_id: str, asking: Asking) -> Lookup | None:
    """Asks what is not yet answered, if no other process does, and puts the answers on record; None where another does."""
    now = timezone.now()
    if not Lookup.objects.filter(pk=lookup_id, next_try_at__lte=now).update(next_try_at=now + LEASE):
        return None
    lookup = Lookup.objects.select_related("host").get(pk=lookup_id)
    leased = _Leased(asking.way, lookup)
    try:
        answers, pause = _asked(lookup, replace(asking, way=leased))
        leased.renew()
    except _Lost:
        return None
    lookup.tries += 1
    if lookup.tries >= TRIES_MAX:
        answers = {name: {**one, "state": FAILED} if one["state"] == WAITING else one for name, one in answers.items()}
    is_done = all(one["state"] != WAITING for one in answers.values())
    now = timezone.now()
    lookup.answers = answers
    lookup.state, lookup.done_at = (LookupState.DONE, now) if is_done else (LookupState.WAITING, None)
    lookup.next_try_at = None if is_done else now + max(pause, min(RETRY * 2 ** (lookup.tries - 1), RETRY_MAX))
    lookup.save(update_fields=["answers_sealed", "state", "done_at", "next_try_at", "tries"])
    return lookup


class _Lost(Exception):
    """Another worker has the look-up."""


class _Leased:
    """Asks as `way` does, for as long as the look-up is ours. One request ends long before the lease does, all together may
    not: it is renewed before each."""

    def __init__(self, way: rdap.Getter, lookup: Lookup) -> None:
        self._way = way
        self._lookup = lookup

    def get(self, url: str, *, headers: Mapping[str, str] | None = None, max_bytes: int | None = None) -> Answer:
        self.renew()
        return self._way.get(url, headers=headers, max_bytes=max_bytes)

    def renew(self) -> None:
        """Raises _Lost."""
        until = timezone.now() + LEASE
        mine = Lookup.objects.filter(pk=self._lookup.pk, next_try_at=self._lookup.next_try_at)
        if not mine.update(next_try_at=until):
            raise _Lost
        self._lookup.next_try_at = until


def _asked(lookup: Lookup, asking: Asking) -> tuple[dict[str, dict[str, Any]], timedelta]:
    """What is known once every way that is not yet answered was asked, and how long to leave them alone."""
    answers: dict[str, dict[str, Any]] = dict(lookup.answers or {})
    pause = timedelta()
    for name in WAYS:
        if answers.get(name, {}).get("state", WAITING) == WAITING:
            answers[name], wanted = _answered(name, lookup.host, answers, asking)
            pause = max(pause, wanted)
    return answers, pause


def latest(host: Host) -> Lookup | None:
    """The last look-up of a host."""
    return Lookup.objects.filter(host=host).order_by("-asked_at").first()


def networks(host: Host | None) -> Mapping[str, str]:
    """The names of networks by address, as the last look-ups of a host found them."""
    rows = Lookup.objects.filter(host=host, state=LookupState.DONE).order_by("asked_at") if host else ()
    found = [(row.answers or {}).get("network", {}) for row in rows]
    return {one["ip"]: " ".join(filter(None, (one["name"], one["organisation"]))) for one in found if one.get("state") == FOUND}


def headers(host: Host) -> dict[str, str]:
    """The headers of the last answer that is known of a host: by its look-up, else by its latest find."""
    asked = latest(host)
    told: dict[str, str] = (asked.answers or {}).get("security_txt", {}).get("headers", {}) if asked else {}
    return told or next((dict(hop["headers"]) for hop in _hops(host)), {})


def _answered(name: str, host: Host, answers: Mapping[str, Any], asking: Asking) -> tuple[dict[str, Any], timedelta]:
    """What one way answered, and how long it wants to be left alone before it is asked again."""
    try:
        if name == "security_txt":
            return _security_txt(host, asking), timedelta()
        if name == "domain":
            return {"state": FOUND, **rdap.domain(asking.way, _lists(asking), host.name).facts()}, timedelta()
        ip = answers.get("security_txt", {}).get("peer_ip") or next((hop["peer_ip"] for hop in _hops(host)), "")
        if not ip:
            return {"state": NONE, "key": "lookups.no_address"}, timedelta()
        return {"state": FOUND, **rdap.network(asking.way, _lists(asking), ip).facts()}, timedelta()
    except rdap.NotFound as nothing:
        return {"state": NONE, "key": str(nothing)}, timedelta()
    except rdap.BadAnswer:
        return {"state": WAITING, "key": "lookups.bad_answer"}, timedelta()
    except FetchRefused as refused:
        return {"state": FAILED, "key": refused.key, "params": refused.params}, timedelta()
    except FetchFailed as failed:
        pause = timedelta(seconds=failed.retry_after_s or 0)
        return {"state": WAITING, "key": failed.key, "params": failed.params}, pause


def _security_txt(host: Host, asking: Asking) -> dict[str, Any]:
    """What the host's security.txt says. Raises FetchFailed, FetchRefused."""
    seen: dict[str, Any] = {}
    for path in security_txt.PATHS:
        try:
            answer = asking.way.get(f"{asking.site(host.name)}{path}", max_bytes=security_txt.MAX_BYTES)
        except FetchRefused as refused:
            if refused.key != "fetching.too_large":
                raise
            continue  # a page that stands for "not found"
        except FetchFailed as failed:
            if failed.status is None or not 400 <= failed.status < 500 or failed.status == 429:
                raise
            last = failed.chain[-1] if failed.chain else None
            seen = {"peer_ip": last.peer_ip, "headers": dict(last.headers)} if last else seen
            continue
        seen = {"peer_ip": answer.peer_ip, "headers": dict(answer.headers)}
        if told := security_txt.read(answer.body):
            return {"state": FOUND, **told.facts(), **seen}
    return {"state": NONE, "key": "lookups.no_security_txt", **seen}


def _lists(asking: Asking) -> rdap.Bootstrap:
    """Lists of servers: kept for a day, and for as long as no newer one can be had."""

    def read(kind: str) -> bytes:
        kept, now = Bootstrap.objects.filter(kind=kind).first(), timezone.now()
        if kept is not None and kept.fetched_at > now - LIST_KEPT:
            return bytes(kept.body)
        try:
            body = asking.way.get(urljoin(asking.lists, f"{kind}.json"), max_bytes=_LIST_MAX_BYTES).body
            rdap.check_list(body)
        except (FetchFailed, rdap.BadAnswer):
            if kept is None:
                raise
            return bytes(kept.body)
        Bootstrap.objects.update_or_create(kind=kind, defaults={"fetched_at": now, "body": body})
        return body

    return read


def _hops(host: Host) -> Iterator[dict[str, Any]]:
    """Answers of a host that its latest finds are known by."""
    finds = Candidate.objects.filter(host_ref=host.ref).order_by("-found_at").values_list("pk", flat=True)[:_FINDS_SEEN]
    for capture in Capture.objects.filter(candidate__in=list(finds)).order_by("-fetched_at"):
        for hop in capture.chain:
            if hop["peer_ip"] and urlsplit(hop["url"]).hostname == host.name:
                yield hop
