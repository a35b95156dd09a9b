"""What a text says of its writer's age: stated grades, ages and years of birth, and words of school life.

A stated number is a claim, weighed by who seems to make it: a pupil of themselves, or a grown-up of a child, of pupils or of
old days. All patterns are bounded, so that reading takes time linear in the text.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any, Literal

from jikim.analyzers import youth_spelling

Kind = Literal["grade", "age", "birth_year", "school", "register", "spelling"]

ADULT_AGE = 19
"""Claims count when they mean an age below this."""

LEAST_TELLING_AGE = 7
"""Younger children do not write: their ages are told by others."""

OTHERS_FACTOR = 0.35
"""What is left of a claim that a grown-up seems to make of somebody else."""

OWN_FACTOR = 1.25
MOST_STRENGTH = 0.85
MANNER_STRENGTH = 0.12
MANNER_MOST = 0.38
"""What one English word of young manner tells, and all of them together."""

PLAY_STRENGTH = 0.06
"""Numbers that stand for their sound: grown-ups know them too."""

MATCHES_LIMIT = 200
"""Of one kind in one text, so that a text of nothing but claims is no trouble."""

BEFORE, BEHIND = 28, 22
"""How many letters before and behind a claim are read to see who makes it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A sign of youth in a text. `number` is the grade, age or year as stated; `strength` in 0..1 is how much it tells alone;
    `start` is where it stands."""

    kind: Kind
    text: str
    number: int | None
    strength: float
    start: int = 0


@dataclass(frozen=True, slots=True)
class Words:
    """The lexicon, ready to be matched."""

    school: tuple[tuple[re.Pattern[str], float], ...]
    others: re.Pattern[str]
    things: re.Pattern[str]
    rulers: re.Pattern[str]
    ratings: re.Pattern[str]
    adult: re.Pattern[str]
    look_alike: Mapping[int, str]
    manner: re.Pattern[str]
    play: Mapping[str, str]
    numbers: re.Pattern[str]


_ONES = {
    "한": 1,
    "하나": 1,
    "두": 2,
    "둘": 2,
    "세": 3,
    "셋": 3,
    "네": 4,
    "넷": 4,
    "다섯": 5,
    "여섯": 6,
    "일곱": 7,
    "여덟": 8,
    "아홉": 9,
}
_TENS = {"열": 10, "스물": 20, "스무": 20, "서른": 30, "마흔": 40, "쉰": 50, "예순": 60, "일흔": 70, "여든": 80, "아흔": 90}
_TEENS = ("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen")
_UNITS = ("six", "seven", "eight", "nine", "ten", "eleven", "twelve", *_TEENS)
_ENGLISH = {word: number for number, word in enumerate(_UNITS, 6)}
_ORDINALS = {
    word: number
    for number, word in enumerate(
        ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"),
        1,
    )
}

_COPULA = r"\s?(?:이에요|예요|에요|입니다|이야|야(?![가-힣])|임(?![가-힣])|인데|이고|이라|이지만|됨|됐|되는|올라|이구)"
_SCHOOL = r"초등학교|중학교|고등학교|초교|여중|여고|초등|중등|고등|초|중|고"
_GRADE = re.compile(
    rf"(?P<school>{_SCHOOL})\s?(?P<year>[1-6])\s?학년(?!도)|"
    rf"(?:(?<![가-힣\d])|(?<=[은는가도난전현나저])|(?<=우리)|(?<=올해)|(?<=이제)|(?<=예비))(?P<short>[초중고])(?P<number>[1-6])"
    rf"(?![\d.,:%~]|(?:월|일|시(?![험절작])|분(?!반)|위|층|번|건|개|명|배|차|회|호|대|점|년|도|병|가지|단계|할|초))|"
    rf"(?<![가-힣\d])(?P<apart>[초중고])\s(?P<single>[1-6])(?:학년|{_COPULA}|\s?(?:여자|남자|학생))|"
    rf"(?<![\d대])(?<!대학\s)(?<!대학교\s)(?<!학교\s)(?P<class_year>[1-6])\s?학년\s?(?P<room>\d{{1,2}})\s?반|"
    rf"(?<!\d)(?<!대학\s)(?<!대학교\s)(?<!대학원\s)(?P<bare>[1-6])\s?학년(?!도|제)|"
    rf"(?P<pupil>초등학생|중학생|고등학생|초딩|중딩|고딩|여중생|여고생|남중생|남고생|중고등학생)"
)
_AFTER_AGE = (
    r"(?:이상|이하|미만|초과|관람|이용|연상|연하|차이|터울|많|어린|적은|위|아래|까지|기념|인증|등급|금지|제한|코너|이전|이후)"
)
_COUNTED = r"명|개|년|분|일|월|차|건|곳|가지|권|편|마리|회|만|억|천|백|종|번|시간|주|곡|장|원|쪽|점|호"
"""What follows a number and 여 where that means "and some", not "girl"."""
_AGE = re.compile(
    rf"(?<![\d.,:~-])(?:(?<![가-힣])만\s?)?(?P<digits>\d{{1,3}})\s?(?P<unit>살|세)(?!\s?{_AFTER_AGE})"
    rf"(?![기대트탁금액균리림찌]|계|련|배|번|명|단|점|로\s?쓰)|"
    rf"(?<![가-힣])(?:(?P<tens>{'|'.join(_TENS)})?\s?(?P<ones>{'|'.join(_ONES)})?)\s?살(?!\s?{_AFTER_AGE})(?![리림찌])|"
    rf"(?<![가-힣])(?:만\s?)?십(?P<sino>[일이삼사오육칠팔구]?)\s?(?:살|세)(?!\s?{_AFTER_AGE})(?![기대트탁금액균리림찌]|계|련)|"
    rf"(?:(?<=나)|(?<=난)|(?<=전)|(?<=저)|(?<=나는)|(?<=저는)|(?<![가-힣]))\s?열\s?(?P<alone>하나|둘|셋|넷|다섯|여섯|일곱|여덟|아홉){_COPULA}|"
    rf"(?<![\d.,:/~가-힣-])(?P<sexed>1[1-9])\s?(?:남|여)(?![가-힣\d]|\s?\d|\s?[가-힣]{{0,2}}(?:{_COUNTED}))|"
    rf"(?<![가-힣])나이\s?[:=]?\s?(?P<labelled>\d{{1,2}})(?![\d.,:~%-]|\s?(?:{_AFTER_AGE}|살|세|대|월|년|개월))"
)
_BIRTH_YEAR = re.compile(
    r"(?<![\d.,])'?(?P<year>(?:19|20)\d\d|\d\d)\s?년\s?(?:\d{1,2}\s?월\s?(?:\d{1,2}\s?일\s?)?)?생(?!산|긴|겨|각|활|선|태|맥|성|일)|"
    r"(?<![\d.,가-힣])(?:빠른\s?)(?P<early>\d\d)(?!\d)|(?<![\d.,가-힣:-])(?P<short>\d\d)생(?:이에요|이예요|이야|입니다|임|인데|이고|이구|$)|"
    r"\bborn in (?:\w{3,9} )?(?P<english>(?:19|20)\d\d)\b"
)
_ENGLISH_GRADE = re.compile(
    rf"\b(?P<digits>[1-9]|1[0-2])(?:st|nd|rd|th)[ -]?grad(?:e|er|ers)\b|"
    rf"\b(?P<word>{'|'.join(_ORDINALS)})[ -]?grad(?:e|er|ers)\b|"
    r"\bgrade (?P<grade>[1-9]|1[0-2])(?: (?:student|pupil|class|math|science|kids?))|"
    r"\b(?:in|i'm|im|am) grade (?P<own>[1-9]|1[0-2])\b|"
    r"\b(?:in|i'm|im|am) year (?P<year>[1-9]|1[0-3])\b|\byear (?P<pupil>[7-9]|1[0-3]) (?:student|pupil|class|set|maths)|"
    r"\b(?P<school>middle school|junior high|elementary school|primary school|high school)(?:er|ers)?\b"
)
_NOT_AN_AGE = (
    r"(?!\d|[.,:]\d|\s?(?:%|percent|min|hour|hr|day|week|month|sec|km|mile|kg|pound|lb|feet|ft|point|page|floor|of\b|out\b|"
    r"am\b|pm\b|(?:st|nd|rd|th)\b|in a row|times|years? (?!old)|and counting|dollars|bucks|cm|inches|minus|plus))"
)
_ENGLISH_AGE = re.compile(
    rf"\b(?P<own>i'?m|i am|im|i just turned|i turned|i'm turning)\s(?:only |just |still |now |already )?"
    rf"(?P<number>\d{{1,2}}|{'|'.join(_UNITS)})\b{_NOT_AN_AGE}|"
    rf"\b(?P<old>\d{{1,2}}|{'|'.join(_UNITS)})[ -]?(?:years?[ -]old|y/o|yo\b|yrs? old)|"
    rf"\baged? (?P<aged>\d{{1,2}})\b{_NOT_AN_AGE}"
)
_OWN_BEFORE = re.compile(
    r"(?:(?<![가-힣])(?:나|저|난|전|내가|제가|나는|저는|우리|올해|이제|현재|현|지금)\s?|"
    r"\b(?:i'?m|i am|im|in my|me)\b[^.]{0,14})$"
)
_OWN_BEHIND = re.compile(rf"{_COPULA}|\s?(?:여자|남자|여|남)(?:임|야|예요|이에요|입니다)|\s?[0-9]{{1,2}}반")


@cache
def shipped() -> Words:
    """The lexicon that comes with this version."""
    return read(tomllib.loads(files("jikim.analyzers").joinpath("youth_words.toml").read_text("utf-8")))


def read(lexicon: Mapping[str, Any]) -> Words:
    """A lexicon from the content of `youth_words.toml`."""
    school, context, thing, adult = lexicon["school"], lexicon["context"], lexicon["thing"], lexicon["adult"]
    behind = school["unless_followed"]
    context_ko = [word for name, words in context.items() if name.startswith("ko_") for word in words]
    return Words(
        school=(
            (_alternatives(_korean(word, behind) for word in school["ko_strong"]), 0.25),
            (_alternatives((_korean(word, behind) for word in school["ko_medium"]), r"(?<![가-힣])"), 0.2),
            (_alternatives((_korean(word, behind) for word in school["ko_weak"]), r"(?<![가-힣])"), 0.1),
            (_alternatives(map(_english, school["en_strong"])), 0.25),
            (_alternatives(map(_english, school["en_medium"])), 0.2),
            (_alternatives(map(_english, school["en_weak"])), 0.1),
        ),
        others=_alternatives([*map(re.escape, context_ko), *map(_english, context["en_adult"])]),
        things=_alternatives([*map(re.escape, thing["ko"]), *map(_english, thing["en"])]),
        rulers=re.compile(f"(?:{'|'.join(map(re.escape, lexicon['thing']['ko_rulers']))})\\s?$"),
        ratings=_alternatives(map(re.escape, thing["ko_ratings"])),
        adult=_alternatives([*(_korean(word, {}) for word in adult["ko"]), *map(_english, adult["en"])]),
        look_alike=dict(zip(map(ord, lexicon["look_alike"]["from"]), lexicon["look_alike"]["to"], strict=True)),
        manner=_alternatives(map(_english, lexicon["manner"]["en"])),
        play=lexicon["play"],
        numbers=youth_spelling.number_pattern(lexicon["play"]),
    )


def _alternatives(patterns: Iterable[str], before: str = "") -> re.Pattern[str]:
    return re.compile(f"{before}(?:{'|'.join(sorted(patterns, key=len, reverse=True))})")


def _korean(word: str, unless_followed: Mapping[str, Sequence[str]]) -> str:
    behind = "|".join(re.escape(end) for end in unless_followed.get(word, ()))
    return r"\s?".join(map(re.escape, word.split())) + (rf"(?!\s?(?:{behind}))" if behind else "")


def _english(word: str) -> str:
    return rf"\b{re.escape(word)}\b"


def findings(text: str, words: Words, this_year: int) -> Iterator[Finding]:
    """The claims, school words and English words of young manner of a plain text; each word once."""
    yield from _claims(text, words, this_year)
    yield from _english_manner(text, words)
    seen: set[str] = set()
    taken: set[int] = set()
    for pattern, strength in words.school:
        for found in pattern.finditer(text):
            if (word := found[0].replace(" ", "")) not in seen and taken.isdisjoint(range(*found.span())):
                seen.add(word)
                taken.update(range(*found.span()))
                yield Finding("school", _quoted(found), None, strength, found.start())


def turned_round(cased: str, words: Words, this_year: int) -> Iterator[Finding]:
    """The signs in what somebody typed with the wrong keyboard on; `cased` is a plain text whose capitals are kept."""
    for line, meant, start in youth_spelling.turned_round(cased):
        found = [one for one in findings(meant.lower(), words, this_year) if one.kind != "register"]
        for one in found:
            yield Finding(one.kind, one.text, one.number, one.strength, start)
        if found:
            yield Finding("spelling", " ".join(line.split())[:40], None, PLAY_STRENGTH, start)


def numbers_said(text: str, words: Words) -> tuple[str, list[Finding]]:
    """A plain text with numbers that stand for their sound written out, and a finding for each such spelling, once."""
    said, found = youth_spelling.numbers_said(text, words.play, words.numbers)
    first = dict(reversed(found))
    return said, [Finding("spelling", f"{word} ({words.play[word]})", None, PLAY_STRENGTH, at) for word, at in first.items()]


def _english_manner(text: str, words: Words) -> Iterator[Finding]:
    found = list(dict.fromkeys(match[0] for match in _first(words.manner, text)))
    if found:
        start = text.index(found[0])
        strength = min(1 - (1 - MANNER_STRENGTH) ** len(found), MANNER_MOST)
        yield Finding("register", ", ".join(found[:5]), None, round(strength, 4), start)


def adult_signs(text: str, words: Words) -> int:
    """How many different signs there are that a grown-up writes of their own life."""
    ages = {found[0] for found in _first(_AGE, text) if ADULT_AGE <= (_age_of(found) or 0) < 100 and _is_own(text, found)}
    return len({found[0] for found in words.adult.finditer(text)}) + len(ages)


def _first(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    return islice(pattern.finditer(text), MATCHES_LIMIT)


def _claims(text: str, words: Words, this_year: int) -> Iterator[Finding]:
    for found in _first(_GRADE, text):
        yield from _weighed("grade", _grade_of(found), _grade_strength(found), found, text, words)
    for found in _first(_ENGLISH_GRADE, text):
        yield from _weighed("grade", _english_grade_of(found), 0.35 if found["school"] else 0.6, found, text, words)
    for found in _first(_AGE, text):
        age = _age_of(found)
        if (
            age is not None
            and 0 < age < ADULT_AGE
            and not (found["unit"] == "세" and words.rulers.search(_before(text, found)))
        ):
            yield from _weighed("age", age, _age_strength(age) * (0.7 if found["unit"] == "세" else 1), found, text, words)
    for found in _first(_ENGLISH_AGE, text):
        age = _english_age_of(found)
        if 0 < age < ADULT_AGE:
            yield from _weighed("age", age, _age_strength(age) * (1 if found["own"] else 0.8), found, text, words)
    for found in _first(_BIRTH_YEAR, text):
        year = _year_of(found, this_year)
        if 0 <= this_year - year < ADULT_AGE:
            yield from _weighed("birth_year", year, _age_strength(this_year - year), found, text, words)


def _weighed(
    kind: Kind, number: int | None, strength: float, found: re.Match[str], text: str, words: Words
) -> Iterator[Finding]:
    before, behind = _before(text, found), _behind(text, found)
    if kind != "grade" and words.things.search(f"{before} | {behind}"):
        return
    if kind == "age" and found[0].endswith("세") and words.ratings.search(f"{before} | {behind}"):
        return
    if words.others.search(behind) or (words.others.search(before) and not _OWN_BEFORE.search(before)):
        strength *= OTHERS_FACTOR
    elif _is_own(text, found):
        strength *= OWN_FACTOR
    yield Finding(kind, _quoted(found), number, round(min(strength, MOST_STRENGTH), 4), found.start())


def _quoted(found: re.Match[str]) -> str:
    return " ".join(found[0].split())


def _before(text: str, found: re.Match[str]) -> str:
    return text[max(found.start() - BEFORE, 0) : found.start()].rsplit("\n", 1)[-1]


def _behind(text: str, found: re.Match[str]) -> str:
    return text[found.end() : found.end() + BEHIND].split("\n")[0]


def _is_own(text: str, found: re.Match[str]) -> bool:
    return bool(_OWN_BEFORE.search(_before(text, found)) or _OWN_BEHIND.match(_behind(text, found)))


def _grade_strength(found: re.Match[str]) -> float:
    if found["bare"]:
        return 0.35
    return 0.3 if found["pupil"] else 0.6


def _grade_of(found: re.Match[str]) -> int | None:
    year = found["year"] or found["number"] or found["single"] or found["class_year"] or found["bare"]
    return int(year) if year else None


def _english_grade_of(found: re.Match[str]) -> int | None:
    if found["word"]:
        return _ORDINALS[found["word"]]
    digits = next((found[name] for name in ("digits", "grade", "own", "year", "pupil") if found[name]), None)
    return int(digits) if digits else None


def _age_strength(age: int) -> float:
    return 0.6 if age >= LEAST_TELLING_AGE else 0.15


def _age_of(found: re.Match[str]) -> int | None:
    if stated := found["digits"] or found["sexed"] or found["labelled"]:
        return int(stated)
    if found["alone"]:
        return 10 + _ONES[found["alone"]]
    if found["sino"] is not None:
        return 10 + "_일이삼사오육칠팔구".index(found["sino"] or "_")
    return _TENS.get(found["tens"] or "", 0) + _ONES.get(found["ones"] or "", 0) or None


def _english_age_of(found: re.Match[str]) -> int:
    stated = found["number"] or found["old"] or found["aged"]
    return int(stated) if stated.isdigit() else _ENGLISH[stated]


def _year_of(found: re.Match[str], this_year: int) -> int:
    digits = found["year"] or found["early"] or found["short"] or found["english"]
    if len(digits) == 4:
        return int(digits)
    return int(digits) + (2000 if int(digits) <= this_year % 100 else 1900)
