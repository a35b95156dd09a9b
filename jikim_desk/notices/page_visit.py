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
        return {**said, "chain": store.hops(error.chain)}
    if not answer.headers.get("content-type", "").lower().startswith(webarchive.WORDS):
        return {"at": at, "why_none": "evidence.visit.no_page", "chain": store.hops(answer.chain)}
    held = case_holder(candidate.case_id) if candidate.case_id else None
    store.keep_capture(store.find_of(candidate), store.PAGE, store.sealed(answer), held)
    return {"at": at, "why_none": ""}
