"""Names of schools and people, handles, numbers and addresses in somebody's words are covered until asked for.

Found by how Korean and English write them: a name before 중학교 or 님, after 이름:, beside an age. What nothing marks as
a name is not recognised; too much covered is better than too little, one key opens it.
"""

from __future__ import annotations

import re

from jikim.messages import readable

COVER = "○○"
_SCHOOLS = r"(?:초등학교|중학교|고등학교|대학교|여자중학교|여자고등학교|여중|여고|남중|남고|초교|유치원|어린이집)"
_KINDS = r"(?:Elementary|Primary|Middle|High|Secondary|Girls|Boys)"
_NAME = r"[가-힣]{2,4}"
_FAMILY = (
    "김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우구민진나지엄"
    "채원천방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국"
)
_AGE = r"\s?[(,]?\s?(?:\d{1,2}\s?(?:세|살)|\d{2,4}\s?년생)"
_NO_NAMES = r"(?:나이|연령|추정|대략|현재|올해|우리|여러|모든|고객|회원|선생|학생|남학|여학)"
"""What stands beside an age or an address of respect and names nobody."""

_COVERED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(?:https?://|www\.)\S+", re.I), COVER),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), COVER),
    (re.compile(r"@[\w.]{2,}"), f"@{COVER}"),
    (re.compile(r"(?<!\d)0\d{1,2}[-.\s]?\d{3,4}[-.\s]?\d{4}(?!\d)"), COVER),
    (re.compile(rf"[가-힣A-Za-z0-9]{{1,12}}(?={_SCHOOLS})"), COVER),
    (re.compile(r"[가-힣A-Za-z0-9]{1,12}(?=\s(?:초등|중|고등|대)학교)"), COVER),
    (re.compile(r"[가-힣]{1,8}(?=(?:초|중|고)\s?[1-6]\s?(?:학년|반|-\d))"), COVER),
    (re.compile(rf"(?:\b(?!{_KINDS})[A-Z][\w'-]*\s){{1,3}}(?=(?:{_KINDS}\s)?School\b)"), f"{COVER} "),
    (re.compile(rf"((?:이름|실명|본명|성명)\s?(?:[:：은는]\s?|\s)){_NAME}"), rf"\1{COVER}"),
    (re.compile(r"((?i:\bname)\s?[:：]\s?)[A-Z][\w'-]+(?:\s[A-Z][\w'-]+)?"), rf"\1{COVER}"),
    (re.compile(rf"(?<![가-힣])(?!{_NO_NAMES}){_NAME}(?=\s?(?:님|씨|양|군|학생|선생님|쌤)(?![가-힣]{{2}}))"), COVER),
    (re.compile(rf"(?<![가-힣])(?!{_NO_NAMES})[{_FAMILY}][가-힣]{{1,2}}(?={_AGE})"), COVER),
    (re.compile(r"((?:카톡|카카오톡|텔레그램|텔레|인스타|라인)\s?(?:아이디|id|ID)?\s?:?\s?)[A-Za-z][\w.]{2,}"), rf"\1{COVER}"),
    (re.compile(r"((?i:\b(?:kakao|telegram|insta|instagram|snap|id))\s?[:：]\s?)[\w.]{3,}"), rf"\1{COVER}"),
)  # fmt: skip


def masked(text: str) -> str:
    """`text` with what may name somebody, a school or a way to them covered by `COVER`."""
    for pattern, cover in _COVERED:
        text = pattern.sub(cover, text)
    return text


def shown(text: str, *, has_names: bool = False) -> str:
    """Somebody else's words as they may stand on a page: control and bidirectional characters visible as escapes, lines kept,
    names covered unless `has_names`."""
    lines = text.replace("\r\n", "\n").replace("\t", " ").split("\n")
    plain = "\n".join(readable(line) for line in lines)
    return plain if has_names else masked(plain)
