"""Visits to where a find was: 1 h, 24 h, 7, 30 and 90 days after the first notice, and on demand.

"Removed" is said only where the page and every file were gone by status from here and from another network, both kept as
proof; what is gone from here alone is "not visible to us". No file is fetched: a request for one byte shows its headers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from jikim.commands.places import require_authority
from jikim.errors import FetchFailed, FetchRefused
from jikim.fetching import SafeFetcher, Vantage
from jikim.types import Answer
from jikim.vault import sweep_holder
from jikim_desk.accounts.models import User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.config import desk_config, jikim_config
from jikim_desk.notices.judging import NOT_ASKED, Answered, Known, MediaKnown, judge
from jikim_desk.notices.models import NoticeKind, Outcome, Recheck, Removal, RemovalState, Seen
from jikim_desk.records import store
from jikim_desk.review import access
from jikim_desk.sealing import vault

STEPS = (timedelta(hours=1), timedelta(days=1), timedelta(days=7), timedelta(days=30), timedelta(days=90))
LEASE = timedelta(minutes=30)
HERE = "here"
FILES_MAX = 8
_PEEK_BYTES = 1024
_THERE = frozenset({Seen.STILL_THERE, Seen.MOVED})


class Getter(Protocol):
    def get(self, url: str, *, headers: Mapping[str, str] | None = None, max_bytes: int | None = None) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Ways:
    """How addresses are looked at: from here, and by name from other networks."""

    here: Getter
    others: Mapping[str, Getter]


@contextmanager
def opened() -> Iterator[Ways]:
    """The ways of this desk. Raises AuthorityMissing."""
    config = jikim_config()
    require_authority(config)
    with ExitStack() as stack:
        here = stack.enter_context(SafeFetcher(config.fetching, vault(), sweep_holder(timezone.now().date())))
        others: dict[str, Getter] = {}
        for one in desk_config().removal.vantages:
            others[one.name] = way = Vantage(config.fetching, one.proxy)
            stack.callback(way.close)
        yield Ways(here, others)


def due(now: datetime, *, limit: int = 50) -> list[str]:
    """Finds that are to be visited, the longest due first."""
    rows = Removal.objects.filter(next_recheck_at__lte=now).order_by("next_recheck_at")
    return list(rows.values_list("pk", flat=True)[:limit])


def ask(user: User, removal: Removal) -> None:
    """Has a find visited as soon as a worker is free. Raises PermissionDenied."""
    if not access.may_decide(user, removal.candidate):
        raise PermissionDenied
    with transaction.atomic():
        Removal.objects.filter(pk=removal.pk).update(next_recheck_at=timezone.now())
        chain.record(Action.RECHECK, actor=user, subject=f"candidate:{removal.pk}", facts={"what": "ask"})


def visit_due(removal_id: str, ways: Ways) -> RemovalState | None:
    """Visits one find, if no other process does, and puts on record what was seen; None where another does."""
    now = timezone.now()
    leased_until = now + LEASE
    mine = Removal.objects.filter(pk=removal_id, next_recheck_at__lte=now)
    if not mine.update(next_recheck_at=leased_until):
        return None
    removal = Removal.objects.select_related("candidate").get(pk=removal_id)
    return _put(removal, visits(removal, ways), timezone.now(), leased_until)


def visits(removal: Removal, ways: Ways) -> list[Recheck]:
    """One visit from here, and one by every other way unless the site forbids being asked. Not yet on record."""
    known = known_of(removal)
    found = [_visit(removal, known, HERE, ways.here)]
    if found[0].sign != NOT_ASKED:
        found += [_visit(removal, known, name, way) for name, way in ways.others.items()]
    return found


def known_of(removal: Removal) -> Known:
    """What the find was when it was captured."""
    candidate = removal.candidate
    captures = list(candidate.captures.order_by("part", "pk"))
    files = [
        MediaKnown(one.chain[0]["url"], one.sha256, one.size_bytes, one.chain[-1]["headers"].get("etag", ""))
        for one in captures
        if one.part == "media"
    ]
    pages = [one for one in captures if one.chain[0]["url"] == candidate.url]
    return Known(
        candidate.url,
        " ".join(candidate.title.split()),
        frozenset(one.sha256 for one in pages),
        files[:FILES_MAX],
        frozenset(one.chain[-1]["url"] for one in pages),
    )


def moved_to(removal: Removal) -> str:
    """Where a find was last seen to have moved; "" where it was not."""
    seen = removal.rechecks.filter(seen=Seen.MOVED).order_by("-at").first()
    hops = seen.proof.get("page", {}).get("chain", ()) if seen else ()
    return str(hops[-1]["url"]) if hops else ""


def next_visit(removal: Removal, now: datetime) -> datetime | None:
    """When the next step is due; None when all are over or none has begun."""
    if removal.rechecks_from is None:
        return None
    return next((at for step in STEPS if (at := removal.rechecks_from + step) > now), None)


def state_after(removal: Removal, found: Sequence[Recheck]) -> RemovalState:
    """What may be said after these visits of one round."""
    here, others = found[0].seen, [one.seen for one in found[1:]]
    was_gone = removal.state in (RemovalState.GONE, RemovalState.BACK)
    if _THERE & {here, *others}:
        if here not in _THERE:
            return RemovalState.BACK if was_gone else RemovalState.BLOCKED
        if was_gone:
            return RemovalState.BACK
        return RemovalState.HIDDEN if _is_delisted(removal) else RemovalState.OPEN
    if here == Seen.GONE and others and all(one == Seen.GONE for one in others):
        return RemovalState.GONE
    if here == Seen.GONE:
        return RemovalState.GONE if removal.state == RemovalState.GONE else RemovalState.NOT_VISIBLE
    return RemovalState(removal.state)


def _visit(removal: Removal, known: Known, name: str, way: Getter) -> Recheck:
    page, page_proof = _asked(way, known.url)
    files = [_asked(way, one.url, peek=True) for one in known.media]
    seen, sign = judge(known, page, [answer for answer, _ in files])
    made = Recheck(removal=removal, at=timezone.now(), vantage=name, seen=seen, sign=sign)
    made.proof = {"page": page_proof, "files": [proof for _, proof in files]}
    return made


def _asked(way: Getter, url: str, *, peek: bool = False) -> tuple[Answered, dict[str, Any]]:
    """An answer, and what of it is kept as proof. With `peek`, the first bytes are asked for and no more are read."""
    at = timezone.now()
    try:
        answer = way.get(url, headers={"range": "bytes=0-0"}, max_bytes=_PEEK_BYTES) if peek else way.get(url)
    except (FetchFailed, FetchRefused) as error:
        last = error.chain[-1] if error.chain else None
        status = last.status if last else error.params.get("status")
        proof = {"url": url, "error": error.key, "at": at.isoformat(), "chain": store.hops(error.chain)}
        final_url, headers = (last.url, last.headers) if last else ("", {})
        was_asked = bool(error.chain) or isinstance(error, FetchFailed)
        read = Answered(
            url, status if isinstance(status, int) else None, final_url, headers, error=error.key, was_asked=was_asked
        )
        return read, proof
    digest = sha256(answer.body).hexdigest()
    proof = {"url": url, "at": at.isoformat(), "chain": store.hops(answer.chain)}
    if not peek:
        proof["sha256"] = digest
    whole = "" if answer.status == 206 else digest
    return Answered(url, answer.status, answer.final_url, answer.headers, whole, answer.body), proof


def _put(removal: Removal, found: Sequence[Recheck], now: datetime, leased_until: datetime) -> RemovalState:
    state = state_after(removal, found)
    with transaction.atomic():
        removal = Removal.objects.select_for_update().get(pk=removal.pk)
        Recheck.objects.bulk_create(found)
        if state == RemovalState.GONE and removal.gone_at is None:
            removal.gone_at = now
            removal.next_step_at = None
        if state == RemovalState.BACK and removal.state != RemovalState.BACK:
            removal.gone_at = None
            removal.next_step_at = now
        removal.state = state
        if removal.next_recheck_at == leased_until:  # else another visit was asked for during this one
            removal.next_recheck_at = next_visit(removal, now)
        removal.save(update_fields=["gone_at", "state", "next_recheck_at", "next_step_at"])
        facts = {"what": "visit", "state": state.value, "visits": len(found)}
        chain.record(Action.RECHECK, actor=None, subject=f"candidate:{removal.pk}", facts=facts)
    return state


def _is_delisted(removal: Removal) -> bool:
    return removal.notices.filter(kind=NoticeKind.DELISTING, outcome=Outcome.REMOVED).exists()
