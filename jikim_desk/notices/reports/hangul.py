"""A report as HWPX (OWPML, KS X 6101), the document of Korean public offices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hwpx import HwpxDocument

_TITLE_PT, _HEADING_PT, _TEXT_PT, _CELL_PT = 16, 12, 10, 9
_HEAD_SHADE = "#EEEEEE"
_PLAIN = "바탕글"


def as_hwpx(report: Mapping[str, Any]) -> bytes:
    """A report as a Hangul document; its properties name the organisation alone."""
    document = HwpxDocument.new()
    document.parts.clear_document_metadata()
    at = "{:04}-{:02}-{:02}T00:00:00Z".format(*report["date"])
    about = {"title": report["title"], "creator": report["organisation"], "created_date": at, "modified_date": at}
    document.parts.set_document_metadata(**about)
    document.parts.clear_preview()
    _line(document, report["title"], _TITLE_PT, is_bold=True)
    _table(document, report["facts"], widths=(2, 5))
    for section in report["sections"]:
        if section["title"]:
            _line(document, "")
            _line(document, section["title"], _HEADING_PT, is_bold=True)
        for words in section.get("words", ()):
            _line(document, words)
        _table(document, section.get("facts", ()), widths=(2, 5))
        for table in section.get("tables", ()):
            _table(document, [table["head"], *table["rows"]], widths=table["widths"], has_head=True)
    document.page.set_footer(text=report["footer"])
    return bytes(document.to_bytes())


def _line(document: HwpxDocument, words: str, size: int = _TEXT_PT, *, is_bold: bool = False) -> None:
    look = document.styles.ensure_run(bold=is_bold, size=size)
    document.add_paragraph(words, style=_PLAIN, char_pr_id_ref=look)


def _table(document: HwpxDocument, rows: Sequence[Sequence[str]], *, widths: Sequence[int], has_head: bool = False) -> None:
    if not rows:
        return
    table = document.add_table(len(rows), len(rows[0]))
    table.set_column_widths(list(widths))
    plain, bold = (document.styles.ensure_run(bold=is_bold, size=_CELL_PT) for is_bold in (False, True))
    cells = [cell for row in table.rows for cell in row.cells]
    for place, (cell, words) in enumerate(zip(cells, (one for row in rows for one in row), strict=True)):
        is_head = has_head and place < len(rows[0])
        cell.set_text(words)
        for paragraph in cell.paragraphs:
            paragraph.char_pr_id_ref = bold if is_head else plain
    if has_head:
        table.element.set("repeatHeader", "1")
        for column in range(len(rows[0])):
            table.set_cell_shading(0, column, _HEAD_SHADE)
