"""Tables as XLSX and CSV: written so that no cell is ever a formula, read from whatever somebody's office made.

What is read is never calculated: a cell that holds a formula is told apart (`FORMULA`), and its last value is not believed.
"""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from unicodedata import east_asian_width

from defusedxml import DefusedXmlException
from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from jikim_desk.notices.faults import BadLetter

FILE_MAX = 10 * 2**20
"""Bytes of a file as it comes."""
ROWS_MAX = 20_000
CELL_MAX = 2_000
FORMULA = "\0formula"
"""Stands for a cell with a formula: no text of a person holds a NUL."""
_COLUMNS_MAX, _WIDTH_MAX = 60, 60
_UNPACKED_MAX = 64 * 2**20
_LINES_MAX = 1_100_000  # empty ones too: office programs write down to their last line
_BROKEN = (
    *(InvalidFileException, DefusedXmlException, zipfile.BadZipFile, zlib.error, SyntaxError, EOFError, OSError),
    *(KeyError, IndexError, ValueError, TypeError, AttributeError, NotImplementedError, OverflowError),
)
"""What the library raises for a workbook that is none, or a broken one (XML's errors are SyntaxErrors)."""
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_ENCODINGS = ("utf-8-sig", "cp949")  # what is not UTF-8 is what Korean offices write: CP949, which holds EUC-KR
_DELIMITERS = ",\t;|"


def xlsx(name: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A workbook of one sheet. Every cell is text, marked as such (`quotePrefix`): it stays text when somebody edits it. The
    file tells no author and no program."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(name)
    table = [heads, *rows]
    for at, column in enumerate(zip(*table, strict=True), 1):
        sheet.column_dimensions[get_column_letter(at)].width = min(_WIDTH_MAX, 3 + max(map(_width, column)))
    for row in table:
        sheet.append([_text_cell(sheet, value) for value in row])
    book.properties.creator = book.properties.lastModifiedBy = None
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def comma_separated(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """CSV in UTF-8 with a mark, for Excel. What would begin a formula there gets an apostrophe before it."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    for row in (heads, *rows):
        writer.writerow([f"'{value}" if value.startswith(_BEGINS_FORMULA) else value for value in row])
    return file.getvalue().encode("utf-8-sig")


def read(content: bytes) -> list[tuple[int, list[str]]]:
    """The rows that hold anything, each with its line as a person counts it. Raises BadLetter for what cannot be read."""
    if len(content) > FILE_MAX:
        raise BadLetter("channels.file_too_large", limit_mb=FILE_MAX // 2**20)
    found = _of_xlsx(content) if content[:4] == b"PK\x03\x04" else _of_csv(content)
    rows: list[tuple[int, list[str]]] = []
    for line, row in found:
        if any(row):
            rows.append((line, row))
        if len(rows) > ROWS_MAX or line > _LINES_MAX:
            raise BadLetter("channels.too_many_rows", limit=ROWS_MAX)
    if not rows:
        raise BadLetter("channels.file_empty")
    return rows


def _width(text: str) -> int:
    """In letters of the Latin alphabet; Hangul takes the room of two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text[:_WIDTH_MAX])


def _text_cell(sheet: WriteOnlyWorksheet, value: str) -> Cell:
    cell = WriteOnlyCell(sheet)
    cell.value = value
    cell.data_type = "s"  # set afterwards: a text that begins with "=" would be taken for a formula
    cell.number_format = "@"
    cell.quotePrefix = True
    return cell


def _of_xlsx(content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > _UNPACKED_MAX:
                raise BadLetter("channels.file_too_large", limit_mb=_UNPACKED_MAX // 2**20)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what it leaves out of a workbook that is a little broken
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        sheet = next((one for one in book.worksheets if one.sheet_state == "visible"), None)
        if sheet is None:
            raise BadLetter("channels.file_empty")
        sheet.reset_dimensions()  # what the file says of its size may be wrong
        for line, row in enumerate(sheet.iter_rows(max_col=_COLUMNS_MAX), 1):
            yield line, [_read_cell(cell.data_type, cell.value) for cell in row]
    except _BROKEN as error:
        raise BadLetter("channels.file_unreadable") from error


def _read_cell(data_type: str, value: object) -> str:
    if data_type == "f":
        return FORMULA
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a number typed as text comes back as a number
    return str(value).replace("\0", "").strip()[:CELL_MAX]


def _of_csv(content: bytes) -> Iterator[tuple[int, list[str]]]:
    text = _decoded(content)
    first = text[:20_000]
    delimiter = max(_DELIMITERS, key=first.count) if any(one in first for one in _DELIMITERS) else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    line = 1
    try:
        for row in reader:
            yield line, [_read_text(value) for value in row[:_COLUMNS_MAX]]
            line = reader.line_num + 1
    except csv.Error as error:
        raise BadLetter("channels.file_unreadable") from error


def _read_text(value: str) -> str:
    value = value.replace("\0", "").strip()[:CELL_MAX]
    return FORMULA if value.startswith("=") else value


def _decoded(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings: Sequence[str] = ("utf-16",)
    else:
        encodings = _ENCODINGS
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadLetter("channels.file_unreadable")
