"""A find's page, fetched when its evidence is completed, where no sweep had kept it: a search engine or a feed may have named
the file alone. Only the words of a page are kept; what turns out to be a file is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django.utils import timezone

from jikim.commands.places import require_authority
from jikim.errors import AuthorityMissing, FetchFailed, FetchRefused
from jikim.fetching import SafeFetcher
from jikim.types import Answer, Capture, Hop
from jikim.vault import case_holder, sweep_holder
from jikim_desk.config import jikim_config
from jikim_desk.notices import webarchive
from jikim_desk.records import store
from jikim_desk.records.models import Candidate
from jikim_desk.sealing import vault

TIME_LIMIT_S = 4.0


def keep(candidate: Candidate) -> Mapping[str, Any]:
    """Fetches and seals the page of a find that has none; what came of it as JSON values, empty where none was needed.

    Raises VaultError when it cannot be sealed.
    """
    find = candidate.find
    if find is None or candidate.url in find["media_urls"] or candidate.captures.filter(part=store.PAGE).exists():
        return {}
    config = jikim_config()
    at = timezone.now().isoformat(timespec="seconds")
    limits = msgspec.structs.replace(config.fetching, total_timeout_s=min(TIME_LIMIT_S, config.fetching.total_timeout_s))
    holder = sweep_holder(timezone.now().date())
    try:
        require_authority(config)
        with SafeFetcher(limits, vault(), holder, retry_pauses_s=()) as way:
            answer = way.get(candidate.url, headers={"accept": "text/html"}, max_bytes=webarchive.PAGE_MAX_BYTES)
    except AuthorityMissing as error:
        return {"at": at, "why_none": error.key}
    except (FetchFailed, FetchRefused) as error:
        said = {"at": at, "why_none": error.key, "params": {**error.params, "where": candidate.url}}
        return {**said, "chain": [_hop(hop) for hop in error.chain]}
    if not answer.headers.get("content-type", "").lower().startswith(webarchive.WORDS):
        return {"at": at, "why_none": "evidence.visit.no_page", "chain": [_hop(hop) for hop in answer.chain]}
    held = case_holder(candidate.case_id) if candidate.case_id else None
    store.keep_capture(store.find_of(candidate), store.PAGE, _sealed(answer, holder), held)
    return {"at": at, "why_none": ""}


def _sealed(answer: Answer, holder: str) -> Capture:
    with vault().sealing(holder) as sealing:
        sealing.write(answer.body)
    made = sealing.sealed
    return Capture(
        url=answer.url,
        final_url=answer.final_url,
        status=answer.status,
        peer_ip=answer.peer_ip,
        content_type=answer.headers["content-type"].partition(";")[0].strip(),
        sha256=made.sha256,
        size_bytes=made.size_bytes,
        fetched_at=answer.fetched_at,
        blob=made.blob,
        chain=answer.chain,
    )


def _hop(hop: Hop) -> dict[str, Any]:
    return {
        "url": hop.url,
        "status": hop.status,
        "headers": dict(hop.headers),
        "peer_ip": hop.peer_ip,
        "at": hop.at.isoformat(),
    }
