"""What stands in a line: words of an own list, random syllables, numbers, names of accounts and addresses, laughter."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random

from letters import ASCII, COMMON, JAMO, RARE, SIGNS
from vocabulary import Vocabulary

LENGTHS = (2, 3, 5, 7, 9, 11, 14, 14, 18, 26)
SHARE_RARE = 0.12
"""Of the random syllables, how many are outside KS X 1001."""
SHARE_WIDE = 0.75
"""Of the words, how many are drawn from a wide vocabulary where one is given."""
LAUGHTER = "ㅋㅎㅠㅜㅇㄱㄴㄷㅂㅈㅅㅉㅡ"
UNITS = (
    *("학년", "반", "명", "개", "번", "시간", "분", "살", "층", "도", "점", "회", "위"),
    *("만원", "년생", "교시", "호", "억", "천원", "주", "일", "화", "편"),
)
QUOTES = ('""', "''", "()", "[]", "<>", "“”", "‘’", "{}")


@cache
def words() -> dict[str, list[str]]:
    """The groups of words.txt."""
    lines = Path(__file__).with_name("words.txt").read_text("utf-8").splitlines()
    groups = (line.partition(":") for line in lines if line and not line.startswith("#"))
    return {name: content.split() for name, _, content in groups}


@cache
def _nouns() -> list[str]:
    others = {"stems", "endings", "particles", "adverbs", "latin"}
    return [word for name, content in words().items() if name not in others for word in content]


def line(rng: Random, wide: Vocabulary | None = None) -> str:
    """A line of 1 to 26 signs; most of its words from `wide`, where that is given."""
    most = rng.choice(LENGTHS)
    if rng.random() < 0.06:
        text = " ".join(_latin(rng) for _ in range(rng.randint(1, 4)))
        return text[:most].strip() or "ok"
    text = _token(rng, wide)
    while len(text) < most and rng.random() < 0.85:
        text += (" " if rng.random() < 0.88 else "") + _token(rng, wide)
    return text[:most].strip() or rng.choice(COMMON)


def syllables(rng: Random, count: int) -> str:
    """Random ones, most of them common."""
    return "".join(rng.choice(RARE if rng.random() < SHARE_RARE else COMMON) for _ in range(count))


def _token(rng: Random, wide: Vocabulary | None) -> str:
    kind = rng.random()
    if kind < 0.45:
        return _word(rng, wide)
    if kind < 0.73:
        return syllables(rng, rng.randint(1, 5))
    if kind < 0.83:
        return _number(rng)
    if kind < 0.89:
        return _latin(rng)
    if kind < 0.94:
        return _laughter(rng)
    if kind < 0.97:
        opening, closing = rng.choice(QUOTES)
        return opening + _word(rng, wide) + closing
    return rng.choice(SIGNS) * rng.choice((1, 1, 2)) if rng.random() < 0.5 else "#" + _word(rng, wide)


def _word(rng: Random, wide: Vocabulary | None) -> str:
    groups = words()
    if wide is not None and rng.random() < SHARE_WIDE:
        word = wide.choose(rng)
    elif (kind := rng.random()) < 0.5:
        word = rng.choice(_nouns()) + (rng.choice(groups["particles"]) if rng.random() < 0.5 else "")
    elif kind < 0.85:
        word = rng.choice(groups["stems"]) + rng.choice(groups["endings"])
    else:
        word = rng.choice(groups["adverbs"])
    return word + (rng.choice(("!", "?", ".", ",", "~", "!!", "?!", "...", "…", "~~")) if rng.random() < 0.12 else "")


def _laughter(rng: Random) -> str:
    if rng.random() < 0.75:
        return rng.choice(LAUGHTER) * rng.randint(1, 5)
    return "".join(rng.choice(JAMO) for _ in range(rng.randint(1, 4)))


def _latin(rng: Random) -> str:
    word = rng.choice(words()["latin"])
    kinds = (
        lambda: "@" + word + rng.choice("_.") + str(rng.randint(0, 999)),
        lambda: "@" + word + rng.choice(words()["latin"]),
        lambda: rng.choice(("www.", "")) + word + rng.choice((".com", ".kr", ".co.kr", ".net")),
        word.upper,
        word.capitalize,
        lambda: word,
        lambda: "#" + word,
        lambda: "".join(rng.choice(ASCII) for _ in range(rng.randint(2, 6))),
    )
    return rng.choice(kinds)()


def _number(rng: Random) -> str:
    kinds = (
        lambda: str(rng.randint(0, 9999)),
        lambda: f"{rng.randint(1990, 2035)}년 {rng.randint(1, 12)}월 {rng.randint(1, 31)}일",
        lambda: f"{rng.randint(1, 12)}월{rng.randint(1, 31)}일",
        lambda: f"0{rng.choice((2, 10, 31, 51, 70))}-{rng.randint(100, 9999)}-{rng.randint(1000, 9999)}",
        lambda: f"{rng.randint(1, 999)},{rng.randint(0, 999):03d}원",
        lambda: f"{rng.randint(0, 100)}%",
        lambda: f"{rng.randint(1, 24)}:{rng.randint(0, 59):02d}",
        lambda: f"{rng.randint(1, 99)}{rng.choice(UNITS)}",
        lambda: f"{rng.randint(2000, 2030)}.{rng.randint(1, 12):02d}.{rng.randint(1, 31):02d}",
        lambda: f"{rng.uniform(0, 100):.1f}",
        lambda: f"{rng.choice('초중고')}{rng.randint(1, 6)}",
    )
    return rng.choice(kinds)()
