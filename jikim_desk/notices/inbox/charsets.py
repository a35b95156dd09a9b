"""Bytes of mail as text: by the charset they name where it is one that mail is written in, else by what they can be."""

from __future__ import annotations

import base64
import binascii
import quopri
import re

_ALIASES = {
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601-1989": "cp949",
    "ksc5601": "cp949",
    "ms949": "cp949",
    "uhc": "cp949",
    "windows-949": "cp949",
    "x-windows-949": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "utf8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
}
"""What mail programs call a charset, and the wider one that they mean."""
_KNOWN = re.compile(
    r"utf-(?:7|8|16|16le|16be)|cp949|euc-jp|euc-kr|cp932|iso-2022-(?:jp|kr|jp-[123])|iso2022_jp_ext|gb18030|hz|hz-gb-2312|big5(?:-hkscs)?|"
    r"koi8-[rut]|iso-8859-\d{1,2}|(?:windows-|cp)(?:125[0-8]|874|866|850|437)|tis-620|viscii|macintosh"
)
"""Python has codecs that are none of mail's, and slow ones: they are not asked."""
_GUESSED = ("utf-8", "cp949")
_WORD = re.compile(r"=\?([\w.:+-]{1,40})(?:\*[\w-]*)?\?([bBqQ])\?([^?\s]*)\?=")
_BETWEEN = re.compile(r"(\?=)[ \t\r\n]+(?==\?)")


def decoded(content: bytes, charset: str | None) -> tuple[str, bool]:
    """The text, and whether every byte of it could be read."""
    named = (charset or "").strip().lower().strip("\"'")
    named = _ALIASES.get(named, named)
    tried = [named] if _KNOWN.fullmatch(named) else []
    for name in dict.fromkeys([*tried, *_GUESSED]):
        try:
            text = content.decode(name)
            text.encode()  # UTF-7 can spell half of a pair of surrogates, which nothing can be made of
        except (UnicodeError, LookupError):
            continue
        return text, True
    return content.decode(_existing(tried), "replace").encode("utf-8", "replace").decode(), False


def header(raw: str) -> str:
    """A header's value in words: encoded words (RFC 2047) and bare bytes read, on one line. `raw` is as `Message.raw_items`
    gives it, bytes beyond ASCII as surrogates."""
    unfolded = re.sub(r"[ \t]*\r?\n[ \t]*", " ", raw)
    pieces: list[str] = []
    at = 0
    joined = _BETWEEN.sub(r"\1", unfolded)
    held: tuple[str, bytes] | None = None  # mailers cut letters of several bytes between two words: their bytes come together
    for word in _WORD.finditer(joined):
        between = joined[at : word.start()]
        charset, content = word[1].lower(), _content(word[2], word[3])
        if held and not between and held[0] == charset:
            held = (charset, held[1] + content)
        else:
            pieces += [_said(held), bare(between)]
            held = (charset, content)
        at = word.end()
    pieces += [_said(held), bare(joined[at:])]
    return "".join(pieces).strip()


def _said(held: tuple[str, bytes] | None) -> str:
    return decoded(held[1], held[0])[0] if held else ""


def bare(text: str) -> str:
    """Text of a header without encoded words; bytes beyond ASCII, which `Message.raw_items` gives as surrogates, are read."""
    return text if text.isascii() else decoded(text.encode("utf-8", "surrogateescape"), None)[0]


def _content(way: str, text: str) -> bytes:
    written = text.encode("utf-8", "surrogateescape")
    if way in "qQ":
        return quopri.decodestring(written, header=True)
    try:
        return base64.b64decode(written + b"=" * (-len(written) % 4)) or written
    except binascii.Error:
        return written


def _existing(tried: list[str]) -> str:
    try:
        b"".decode(tried[0] if tried else "utf-8")
    except LookupError:
        return "utf-8"
    return tried[0] if tried else "utf-8"
