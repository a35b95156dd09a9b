"""Documents that came with answers, held by the case to which their find was linked since: they live as long as the case then,
not only as long as the day on which they came."""

from __future__ import annotations

from itertools import islice

from jikim.vault import case_holder
from jikim_desk.notices.inbox.models import Letter
from jikim_desk.sealing import vault


def to_hold(*, limit: int = 20) -> list[Letter]:
    """Letters with documents that no case holds yet, though their find has one, and that are still there."""
    rows = Letter.objects.filter(holder__startswith="sweep:", notice__removal__candidate__case__isnull=False)
    return list(islice((one for one in rows.select_related("notice__removal__candidate") if _there(one)), limit))


def hold_for_case(letter: Letter) -> None:
    """Lets the case of the find hold a letter's documents. Raises VaultError."""
    assert letter.notice is not None
    holder = case_holder(letter.notice.removal.candidate.case_id or "")  # none: refused as no holder
    for blob in _there(letter):
        vault().share(blob, letter.holder, holder)
    Letter.objects.filter(pk=letter.pk).update(holder=holder)


def _there(letter: Letter) -> list[str]:
    blobs = [one["blob"] for one in letter.told["attached"] if one["blob"]]
    return [blob for blob in blobs if vault().has(blob, letter.holder)]
