"""Names of schools and people, handles, numbers and addresses in somebody's words are covered until asked for.

Found by how Korean and English write them: a name before 중학교 or 님, after 이름:, beside an age; a family name with a given
name that is common (`names.toml`), a given name that is called or spoken of; and whatever was once marked as a name, at
every other place of the same item. Not found: a rare name that nothing marks, a nickname, a given name alone that is an
ordinary word too. Too much covered is better than too little, one key opens it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable
from functools import cache
from importlib.resources import files

from jikim.messages import readable

COVER = "○○"
_SCHOOLS = r"(?:초등학교|중학교|고등학교|대학교|여자중학교|여자고등학교|여중|여고|남중|남고|초교|유치원|어린이집)"
_KINDS = r"(?:Elementary|Primary|Middle|High|Secondary|Girls|Boys)"
_NO_SCHOOLS = rf"(?:{_KINDS}|(?:The|My|Our|This|That|A)\b)"
_AT_SCHOOL = r"(?:출신|재학|졸업|얼짱|일진)"
_NAME = r"[가-힣]{2,4}"
_FAMILY = (
    "김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우구민진나지엄"
    "채원천방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국"
)
_FAMILIES = rf"(?:남궁|황보|제갈|선우|독고|사공|[{_FAMILY}])"
_AGE = r"\s?[(,]?\s?(?:\d{1,2}\s?(?:세|살)|\d{2,4}\s?년생)"
_NO_NAMES = (
    r"(?:나이|연령|추정|대략|현재|올해|우리|여러|모든|나보다|정확도|이보다|고객|회원|[가-힣]{0,2}(?:선생|학생|기사|주인|의사|변호사)"
    r"|손님|사장|회장|부장|과장|차장|팀장|실장|원장|교장|대리|이사|상무|전무|교수|박사|선배|후배|친구|아버|어머|부모|할머|할아버|하느|예수|부처|도련"
    r"|스승|작가|감독|기자|배우|목사|사모|이모|고모|아저|아가|마음|솜|글|담당자|관리자|운영자|이용자|사용자|구독자|시청자|유저|과외|고등|교환)"
)
"""What stands beside an age or an address of respect and names nobody."""
_PARTICLE = (
    r"(?:이(?:가|는|를|의|도|랑|한테|네|야|에요|란|라는|라고|와)?|가|은|는|을|를|의|와|과|도|만|랑|하고|에게|한테|께서?|아|야|네|라는|라고|예요"
    r"|입니다|인데)"
)
"""What follows a name in a sentence."""
_TELLING = r"(?:이?야|입니다|이에요|예요|이?고|이?라고|이?래|임)"
_CALLED = r"(?:아|야|이가|이는|이를|이랑|이네|이한테|이도)"
"""What follows a given name alone, when somebody is called or spoken of as one speaks of people only."""
_HANDLES = (
    r"(?:카톡|카카오톡|텔레그램|텔레|인스타그램|인스타|라인|틱톡|디코|디스코드|스냅챗|스냅|트위터|페북|페이스북|오픈채팅"
    r"|옾챗|아이디)"
)
_ROMAN = r"(?:Kim|Lee|Choi|Jeong|Jung|Kang|Cho|Yoon|Jang|Kwon|Hwang|Ahn|Bae|Baek|Heo|Noh|Shin|Lim)"
_GIVEN_ROMAN = r"[A-Z][a-z]+(?:-?[a-z]+|-[A-Z][a-z]+)?"

_COVERED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(?:https?://|www\.)\S+", re.I), COVER),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), COVER),
    (re.compile(r"(?<![\w.])(?:[a-z0-9-]+\.)+(?:com|net|org|kr|me|gg|io|tv|co|ly|be|link)/[^\s<>)\"']+", re.I), COVER),
    (re.compile(r"@[\w.]{2,}"), f"@{COVER}"),
    (re.compile(r"(?<![\w#])[\w.]{2,32}#\d{4}(?!\d)"), COVER),
    (re.compile(r"(?<!\d)\d{6}\s?-\s?[1-4]\d{6}(?!\d)"), COVER),
    (re.compile(r"(?<!\d)0\d{1,2}[-.\s]?\d{3,4}[-.\s]?\d{4}(?!\d)"), COVER),
    (re.compile(r"(?<!\d)(?:19|20)?\d{2}\s?[년.]\s?\d{1,2}\s?[월.]\s?\d{1,2}\s?일?(?=\s?생(?![가-힣]))"), COVER),
    (re.compile(rf"[가-힣A-Za-z0-9]{{1,12}}(?={_SCHOOLS})"), COVER),
    (re.compile(r"[가-힣A-Za-z0-9]{1,12}(?=\s(?:초등|중|고등|대)학교)"), COVER),
    (re.compile(r"[가-힣]{1,8}(?=(?:초|중|고)\s?[1-6]\s?(?:학년|반|-\d))"), COVER),
    (re.compile(rf"(?<![가-힣])[가-힣]{{2,5}}(?=(?:중|고|초)\s{_AT_SCHOOL}|[중초]\s다니)"), COVER),
    (re.compile(r"(?<![가-힣])[가-힣A-Za-z0-9]{2,10}(?=(?:아파트|빌라|오피스텔)(?![가-힣]{3}))"), COVER),
    (re.compile(rf"(?:\b(?!{_NO_SCHOOLS})[A-Z][\w'-]*\s){{1,3}}(?=(?:{_KINDS}\s)?School\b)"), f"{COVER} "),
    (re.compile(rf"({_HANDLES}\s?(?:아이디|(?i:id))?\s?(?:[:：은는]\s?|\s)?)[A-Za-z][\w.]{{2,}}"), rf"\1{COVER}"),
    (re.compile(r"((?i:\b(?:kakao|telegram|insta|instagram|snap|discord|tiktok|id))\s?[:：]\s?)[\w.]{3,}"), rf"\1{COVER}"),
)  # fmt: skip

_NAMED: tuple[re.Pattern[str], ...] = (
    re.compile(rf"(?<=이름|실명|본명|성명)\s?[:：]\s?(?P<name>{_NAME})"),
    re.compile(rf"(?<=이름|실명|본명|성명)[은는이]\s(?P<name>[{_FAMILY}][가-힣]{{2}})(?={_TELLING}(?![가-힣]))"),
    re.compile(r"(?i:\bname)\s?[:：]\s?(?P<name>[A-Z][\w'-]+(?:\s[A-Z][\w'-]+)?)"),
    re.compile(rf"(?<![가-힣])(?P<name>(?!{_NO_NAMES}){_NAME})(?=\s?(?:님|씨|선생님|쌤)(?![가-힣]{{2}}))"),
    re.compile(rf"(?<![가-힣])(?P<name>(?!{_NO_NAMES}){_FAMILIES}[가-힣]{{2}})(?=\s(?:양|군|학생){_PARTICLE}?(?![가-힣]))"),
    re.compile(rf"(?<![가-힣])(?P<name>(?!{_NO_NAMES})[{_FAMILY}][가-힣]{{2}})(?={_AGE})"),
    re.compile(rf"(?<![가-힣])(?P<name>(?!{_NO_NAMES})[{_FAMILY}][가-힣])(?=\s?\({_AGE})"),
    re.compile(rf"\b(?P<name>{_GIVEN_ROMAN}\s{_ROMAN}|{_ROMAN}\s{_GIVEN_ROMAN})\b"),
)
"""Where something marks a name."""
_REPEATED_MIN = 3
"""Two syllables that were a name once may be a word elsewhere: 하늘님, 하늘."""
_VERBS = frozenset({"하나", "하니", "이나", "지나"})


def masked(text: str, also: Collection[str] = ()) -> str:
    """`text` with what may name somebody, a school or a way to them covered by `COVER`; the names in `also` too."""
    for pattern, cover in _COVERED:
        text = pattern.sub(cover, text)
    for pattern in (*_NAMED, _full_names(), _called_names()):
        text = pattern.sub(_covering, text)
    for name in sorted(also, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?={_PARTICLE}?(?!\w))", COVER, text)
    return text


def names_in(texts: Iterable[str]) -> frozenset[str]:
    """What is marked as a name anywhere in `texts`, and the names that are known: to be covered wherever else they stand."""
    found = set()
    for text in texts:
        for pattern in (*_NAMED, _full_names()):
            found |= {match["name"] for match in pattern.finditer(text) if not _is_word(match)}
    return frozenset(name for name in found if len(name) >= _REPEATED_MIN)


def shown(text: str, *, has_names: bool = False, also: Collection[str] = ()) -> str:
    """Somebody else's words as they may stand on a page: control and bidirectional characters visible as escapes, lines kept,
    names covered unless `has_names`."""
    lines = text.replace("\r\n", "\n").replace("\t", " ").split("\n")
    plain = "\n".join(readable(line) for line in lines)
    return plain if has_names else masked(plain, also)


def _is_word(match: re.Match[str]) -> bool:
    """Whether what looks like a name is an ordinary word with what follows it: 연예인, 설정은, 소유하는."""
    name, rest = match["name"], match.string[match.end("name") :]
    if name in _listed("words") or (name[-1] in "은인" and name[:-1] in _listed("nouns")):
        return True
    return (name[-1] == "하" or name[-2:] in _VERBS) and re.match(r"[는라네]|고|며|면|이", rest) is not None


def _covering(match: re.Match[str]) -> str:
    if _is_word(match):
        return match.group()
    start, end = match.span("name")
    whole = match.group()
    return whole[: start - match.start()] + COVER + whole[end - match.start() :]


@cache
def _listed(name: str) -> frozenset[str]:
    """One of the lists of `names.toml`."""
    lists = tomllib.loads(files("jikim_desk.review").joinpath("names.toml").read_text("utf-8"))
    return frozenset(lists[name].split())


@cache
def _full_names() -> re.Pattern[str]:
    """A family name and a common given name, as a word of their own."""
    given = "|".join(sorted(_listed("given")))
    return re.compile(rf"(?<![가-힣])(?P<name>{_FAMILIES}(?:{given}))(?={_PARTICLE}?(?![가-힣]))")


@cache
def _called_names() -> re.Pattern[str]:
    """A common given name that is called or spoken of, unless it is a word too."""
    given = "|".join(sorted(_listed("given") - _listed("also_words")))
    return re.compile(rf"(?<![가-힣])(?P<name>{given})(?={_CALLED}(?![가-힣]))")
