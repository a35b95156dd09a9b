"""A report as a file: PDF/A, Word document, Hangul document or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import docx
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from jikim_desk.notices import documents

KINDS = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "hwpx": "application/hwp+zip",
    "csv": "text/csv; charset=utf-8",
}
"""Kind -> media type."""
_FONT = "Malgun Gothic"
_PAPER_MM, _MARGIN_MM = (210, 297), 20


def made(report: Mapping[str, Any], kind: str, *, is_signed: bool = False) -> bytes:
    """The file of a kind of `KINDS`; `is_signed` has the centre's signature put on a PDF. Raises VaultError without its key."""
    if kind == "docx":
        return as_docx(report)
    if kind == "hwpx":
        from jikim_desk.notices.reports.hangul import as_hwpx  # a fifth of a second, for who wants one

        return as_hwpx(report)
    if kind == "csv":
        return as_csv(report)
    document = documents.pdf("sheet", report)
    if not is_signed:
        return document
    year, month, day = report["date"]
    return documents.signed(document, centre=report["organisation"], at=datetime(year, month, day, tzinfo=UTC))


def as_docx(report: Mapping[str, Any]) -> bytes:
    """A report as a Word document; its properties name the organisation alone."""
    document = docx.Document()
    about, paper = document.core_properties, document.sections[0]
    about.author = about.last_modified_by = report["organisation"]
    about.title, about.comments, about.language = report["title"], "", report["lang"]
    about.created = about.modified = datetime(*report["date"])
    paper.page_width, paper.page_height = (Mm(side) for side in _PAPER_MM)
    paper.left_margin = paper.right_margin = Mm(_MARGIN_MM)
    style = document.styles["Normal"]
    style.font.name, style.font.size = _FONT, Pt(10)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), _FONT)
    document.styles["Table Grid"].font.size = Pt(9)
    _speaks(style, report["lang"])
    _heading(document, report["title"], 0)
    _table(document, report["facts"], widths=(2, 5))
    for section in report["sections"]:
        if section["title"]:
            _heading(document, section["title"], 1)
        for words in section.get("words", ()):
            document.add_paragraph(words)
        _table(document, section.get("facts", ()), widths=(2, 5))
        for table in section.get("tables", ()):
            _table(document, [table["head"], *table["rows"]], widths=table["widths"], has_head=True)
    paper.footer.paragraphs[0].text = report["footer"]
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def as_csv(report: Mapping[str, Any]) -> bytes:
    """The numbers of a report, with a byte order mark so that spreadsheets read Hangul."""
    file = io.StringIO()
    lines = csv.writer(file)
    lines.writerow([_inert(report["title"])])
    lines.writerows([[_inert(cell) for cell in row] for row in report["facts"]])
    for section in report["sections"]:
        tables = [section.get("facts", ()), *([table["head"], *table["rows"]] for table in section.get("tables", ()))]
        for rows in tables:
            if rows:
                lines.writerow([])
                lines.writerow([_inert(section["title"])])
                lines.writerows([[_inert(cell) for cell in row] for row in rows])
    return file.getvalue().encode("utf-8-sig")


def _inert(cell: str) -> str:
    """Text that a spreadsheet would run is led by an apostrophe."""
    return f"'{cell}" if cell[:1] in ("=", "+", "@", "\t", "\r") or (cell[:1] == "-" and len(cell) > 1) else cell


def _speaks(style: Any, lang: str) -> None:
    """The language that a reader's screen reader and spelling take."""
    tag = OxmlElement("w:lang")
    written = {"ko": "ko-KR", "en": "en-GB"}[lang]
    tag.set(qn("w:val"), written)
    tag.set(qn("w:eastAsia"), written)
    style.element.rPr.append(tag)


def _heading(document: Any, words: str, level: int) -> None:
    for run in document.add_heading(words, level).runs:
        run.font.name = _FONT
        run._element.rPr.rFonts.set(qn("w:eastAsia"), _FONT)


def _table(document: Any, rows: Sequence[Sequence[str]], *, widths: Sequence[int], has_head: bool = False) -> None:
    if not rows:
        return
    table = document.add_table(rows=len(rows), cols=len(rows[0]), style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.LEFT
    wide = (_PAPER_MM[0] - 2 * _MARGIN_MM) / sum(widths)
    for place, column in enumerate(table.columns):
        column.width = Mm(wide * widths[place])
    cells = iter(table._cells)  # asked for once: `table.cell` lists all of them each time
    for row in rows:
        for words, width in zip(row, widths, strict=True):
            cell = next(cells)
            cell.text, cell.width = words, Mm(wide * width)
    if has_head:
        _repeats(table.rows[0])


def _repeats(row: Any) -> None:
    """A heading that stands on every page the table runs over."""
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)
    for cell in row.cells:
        for paragraph in cell.paragraphs:
            for run in paragraph.runs:
                run.bold = True
