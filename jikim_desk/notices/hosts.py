"""The host directory: who can take something down, how they are reached, and what became of earlier requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from urllib.parse import urlsplit

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from jikim_desk.accounts.models import Role, User
from jikim_desk.audit import chain
from jikim_desk.audit.actions import Action
from jikim_desk.notices import leaving, letters
from jikim_desk.notices.faults import BadLetter
from jikim_desk.notices.models import Host, HostKind, Notice, NoticeKind, Outcome
from jikim_desk.records.models import Candidate
from jikim_desk.sealing import reference

KEEPERS = (Role.REVIEWER, Role.LEAD)
BEHIND = ("hosting", "cdn", "registrar")
LAWS = ("", NoticeKind.DSA16, NoticeKind.TAKE_IT_DOWN, NoticeKind.KOREA)
NAME_MAX, FORM_MAX = 253, 500
REFUSING_FROM = 3
_COUNTED_MAX = 500


@dataclass(frozen=True, slots=True)
class History:
    """What a host did with what it was sent. `median_days` is None while it removed nothing."""

    sent: int
    removed: int
    refused: int
    bounced: int
    median_days: float | None
    is_bouncing: bool = False
    """The last letter came back: the mailbox is not right."""

    @property
    def is_refusing(self) -> bool:
        """Whether it refused again and again and removed nothing: a person may want to mark it as hostile."""
        return self.refused >= REFUSING_FROM and not self.removed


def of(candidate: Candidate) -> Host | None:
    """The host of a find's page, where the directory knows it."""
    return Host.objects.filter(ref=candidate.host_ref).first()


def hostile_among(refs: Iterable[str]) -> frozenset[str]:
    """Those of `refs` whose host is known as hostile."""
    return frozenset(Host.objects.filter(ref__in=set(refs), is_hostile=True).values_list("ref", flat=True))


def named(name: str) -> Host | None:
    """A host by its name in any writing, or by an address at it; None for one the directory does not know."""
    try:
        return Host.objects.filter(ref=_ref(_name(name))).first() if name else None
    except BadLetter:
        return None


def behind(host: Host | None, kind: str) -> Host | None:
    """Who stands behind a host as hosting, CDN or registrar, where the directory knows them."""
    return named(str((host.behind or {}).get(kind, ""))) if host else None


def keep(
    user: User,
    name: str,
    *,
    kind: str = HostKind.PLATFORM,
    mailbox: str = "",
    form: str = "",
    lang: str = "en",
    law: str = "",
    is_hostile: bool = False,
    stands_behind: Mapping[str, str] | None = None,
) -> Host:
    """Puts a host into the directory, or changes what it says of it. Raises BadLetter, PermissionDenied."""
    if not user.has_role(*KEEPERS):
        raise PermissionDenied
    name = _name(name)
    if kind not in HostKind.values or lang not in letters.every_language() or law not in LAWS:
        raise BadLetter("notices.bad_host")
    if form and not _is_web_address(form):
        raise BadLetter("notices.bad_form")
    now = timezone.now()
    with transaction.atomic():
        host = Host.objects.select_for_update().filter(ref=_ref(name)).first() or Host(ref=_ref(name), changed_at=now)
        host.name, host.mailbox, host.form = name, leaving.mailbox(mailbox), form
        host.kind, host.lang, host.law, host.is_hostile = kind, lang, law, is_hostile
        host.behind = {one: _name(other) for one in BEHIND if (other := (stands_behind or {}).get(one, "").strip())}
        host.changed_at, host.changed_by = now, user
        host.save()
        chain.record(Action.HOST, actor=user, subject=f"host:{host.pk}", facts={"what": "keep", "kind": kind})
    return host


def host_for(user: User, host_id: str) -> Host:
    """A host of the directory. Raises Http404."""
    host = Host.objects.filter(pk=host_id).first()
    if host is None:
        raise Http404
    return host


def history(host: Host) -> History:
    """What became of the last notices to a host."""
    rows = list(
        Notice.objects.filter(host=host, sent_at__isnull=False)
        .order_by("-sent_at")
        .values_list("outcome", "removal__notified_at", "removal__gone_at")[:_COUNTED_MAX]
    )
    days = [(gone - notified) / timedelta(days=1) for _, notified, gone in rows if gone and notified]
    counts = {outcome: sum(row[0] == outcome for row in rows) for outcome in Outcome.values}
    return History(
        sent=len(rows),
        removed=counts[Outcome.REMOVED],
        refused=counts[Outcome.REFUSED],
        bounced=counts[Outcome.BOUNCED],
        median_days=round(median(days), 1) if days else None,
        is_bouncing=bool(rows) and rows[0][0] == Outcome.BOUNCED,
    )


def _ref(name: str) -> str:
    return reference("host", name.strip().lower())


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:  # a bracket that is not closed
        return False
    return len(text) <= FORM_MAX and parts.scheme in ("http", "https") and bool(parts.hostname)


def _name(text: str) -> str:
    """A host's name as DNS has it. Raises BadLetter."""
    text = text.strip().lower()
    try:
        text = (urlsplit(text).hostname or "") if "://" in text else text
        name = text.encode("idna").decode("ascii")
    except ValueError:  # a bracket that is not closed, or no name of a host
        name = ""
    if not name or len(name) > NAME_MAX or any(letter.isspace() or letter in "/@:?#\\" for letter in name):
        raise BadLetter("notices.bad_host")
    return name
