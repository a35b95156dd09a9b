"""Bytes to text, when the server, the document and the bytes themselves disagree about the encoding.

Names follow the WHATWG Encoding Standard where it matters: `euc-kr` and its aliases are read as CP949, `shift_jis` as CP932,
`gb2312` as GB 18030, `iso-8859-1` as Windows-1252. Encodings outside the list are not tried.
"""

from __future__ import annotations

import codecs
import re

_CODECS = {
    **dict.fromkeys(("utf-8", "utf8", "us-ascii", "ascii"), "utf-8"),
    **dict.fromkeys(("utf-16", "utf-16le", "utf-16be"), "utf-16"),
    **dict.fromkeys(
        (
            "euc-kr",
            "euckr",
            "cp949",
            "ms949",
            "uhc",
            "windows-949",
            "x-windows-949",
            "korean",
            "ks_c_5601-1987",
            "ksc5601",
            "ksc_5601",
        ),
        "cp949",
    ),
    **dict.fromkeys(("iso-2022-kr", "johab"), "cp949"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "cp932", "windows-31j", "ms932"), "cp932"),
    "euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp",
    **dict.fromkeys(("gb2312", "gbk", "gb18030", "x-gbk", "cp936", "gb_2312-80"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs", "cp950", "x-x-big5"), "big5hkscs"),
    **dict.fromkeys(("iso-8859-1", "latin1", "latin-1", "windows-1252", "cp1252"), "cp1252"),
    **{f"windows-125{n}": f"cp125{n}" for n in (0, 1, 3, 4, 5, 6, 7, 8)},
    **{f"iso-8859-{n}": f"iso8859_{n}" for n in (2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16)},
    "koi8-r": "koi8_r",
    "koi8-u": "koi8_u",
    "tis-620": "cp874",
    "windows-874": "cp874",
}
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_IN_HEADER = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_IN_DOCUMENT = re.compile(
    rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_.:-]{2,40})|<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})",
    re.IGNORECASE,
)
_DECLARED_WITHIN = 4096


def decoded(body: bytes, content_type: str = "") -> str:
    """`body` as text, never an error: a byte order mark decides, then the header, then the document's own declaration, then
    UTF-8. Where that leaves more than one character in a hundred unreadable and UTF-8 or CP949 reads all, that is taken."""
    for mark, codec in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(codec, "replace").replace("\0", "")
    claimed = _claimed(body, content_type)
    text = body.decode(claimed, "replace")
    if text.count("\ufffd") > len(text) / 100:
        text = next((other for other in (_strict(body, "utf-8"), _strict(body, "cp949")) if other is not None), text)
    return text.replace("\0", "")


def _claimed(body: bytes, content_type: str) -> str:
    if (found := _IN_HEADER.search(content_type)) and (codec := _CODECS.get(found[1].lower())):
        return codec
    if found_in := _IN_DOCUMENT.search(body[:_DECLARED_WITHIN]):
        name = (found_in[1] or found_in[2]).decode("ascii").lower()
        # A declaration that could be read byte by byte is not in UTF-16, whatever it says.
        return "utf-8" if name.startswith("utf-16") else _CODECS.get(name, "utf-8")
    return "utf-8"


def _strict(body: bytes, codec: str) -> str | None:
    try:
        return body.decode(codec)
    except UnicodeDecodeError:
        return None
