"""Letters and fill sheets on paper: a PDF that the centre signed, in whatever language the carried fonts have."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import typst

from jikim_desk.config import desk_config
from jikim_desk.notices import documents
from jikim_desk.notices.faults import BadLetter


def organisation() -> str:
    """Whose document it is."""
    return desk_config().removal.organisation or desk_config().centre


def signed_sheet(data: Mapping[str, Any], at: datetime) -> bytes:
    """The data of `sheets.sheet` as a signed PDF/A. Raises BadLetter for a letter that no carried font has: PDF/A allows none
    without its shape, and a box in its place would be read as something else."""
    try:
        made = documents.pdf("sheet", data)
    except typst.TypstError as error:
        raise BadLetter("channels.no_print") from error
    return documents.signed(made, centre=organisation(), at=at)
