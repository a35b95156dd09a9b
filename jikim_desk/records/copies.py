"""What was fetched, opened; and where its sealed file or its key is lost, a verified copy of the same extent in its place.

The same bytes are one blob, however often they were fetched: the vault itself tries every file and every key it has of them.
"""

from __future__ import annotations

import logging
from contextlib import suppress

from django.db.models import Q, QuerySet

from jikim.errors import VaultError
from jikim_desk.records import extents
from jikim_desk.records.models import Capture
from jikim_desk.sealing import vault

logger = logging.getLogger("jikim.desk.records")
LOST = frozenset(
    {
        "vault.blob_missing",
        "vault.blob_damaged",
        "vault.unknown_blob",
        "vault.no_key",
        "vault.key_missing",
        "vault.key_damaged",
        "vault.key_wrong",
    }
)
TRIED_MAX = 8


def opened(capture_id: str, blob: str) -> tuple[int, str]:
    """The plain bytes of a blob as `Vault.open_memfd` gives them, with their sha256; those of a verified copy where it is lost.
    A copy comes from the same team, and from the same case or none. Raises VaultError where nothing opens."""
    capture = Capture.objects.select_related("candidate").get(pk=capture_id)
    try:
        return vault().open_memfd(blob), capture.sha256
    except VaultError as lost:
        if lost.key not in LOST:
            raise
        for copy in _copies(capture)[:TRIED_MAX]:
            with suppress(VaultError):
                handle = vault().open_memfd(copy.blob)
                logger.error("records: blob %s is lost (%s); a copy was opened in its place", blob[:12], lost.key)
                return handle, copy.sha256
        raise


def _copies(capture: Capture) -> QuerySet[Capture]:
    near = Q(candidate__case=None) | Q(candidate__case=capture.candidate.case_id)
    alike = Capture.objects.filter(near, part=capture.part, candidate__team=capture.candidate.team_id)
    found = alike.filter(sha256__in=extents.copies_of(capture.sha256) - {capture.sha256}).exclude(blob="")
    return found.order_by("fetched_at", "pk")
