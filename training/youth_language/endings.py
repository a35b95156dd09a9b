"""How a Korean sentence ends: taken off, and put on in another manner, by rules over the last syllable's letters."""

from __future__ import annotations

BASE = 0xAC00
BARE_VOWELS = {"아", "어"}


def parts(syllable: str) -> tuple[int, int, int]:
    """Initial, medial and final of a syllable as numbers."""
    place = ord(syllable) - BASE
    return place // 588, place % 588 // 28, place % 28


def syllable(initial: int, medial: int, final: int = 0) -> str:
    return chr(BASE + (initial * 21 + medial) * 28 + final)


def is_syllable(letter: str) -> bool:
    return 0 <= ord(letter) - BASE < 11172


M, NIEUN, RIEUL, IEUNG, SSANGSIOT = 16, 4, 8, 21, 20


def with_final(letter: str, final: int) -> str:
    initial, medial, old = parts(letter)
    return syllable(initial, medial, final) if not old else letter


def stem(sentence: str) -> tuple[str, str]:
    """The sentence without its polite -yo and its marks, and the kind of its end: question, statement or other."""
    bare = sentence.rstrip(" .!?~^ㅋㅎㅠㅜ…,;")
    is_question = "?" in sentence[len(bare) :]
    if bare.endswith(("세요", "죠")):
        return bare, "other"
    for polite, plain in (("이에요", "이야"), ("예요", "야"), ("에요", "야")):
        if bare.endswith(polite):
            return bare.removesuffix(polite) + plain, "question" if is_question else "statement"
    if bare.endswith("요") and len(bare) > 2 and bare[-2] != "필":
        bare = bare[:-1]
    return bare, "question" if is_question else "statement"


def noun_form(bare: str) -> str | None:
    """`했어` -> `했음`, `거야` -> `거임`, `어려워` -> `어려움`, `가` -> `감`; None where no rule fits."""
    if len(bare) < 2 or not all(map(is_syllable, bare[-2:])):
        return None
    head, last, before = bare[:-1], bare[-1], parts(bare[-2])
    initial, medial, final = parts(last)
    if last in BARE_VOWELS and before[2]:
        return head + "음"
    if (last in ("야", "여") and not before[2]) or bare.endswith(("이야", "이에", "거야")):
        return (bare[:-2] if bare.endswith(("이야", "이에")) else head) + "임"
    if final or last in "지네데고게서면도만은는이가을를에의까냐나니자라다":
        return None
    if medial == 6:  # ㅕ
        return head + syllable(initial, 20, M)
    if medial in (14, 9):  # ㅝ, ㅘ
        return head + syllable(initial, 13 if medial == 14 else 8, M)
    if medial in (0, 4, 1, 5, 10):  # ㅏ ㅓ ㅐ ㅔ ㅙ
        return head + syllable(initial, 11 if medial == 10 else medial, M)
    return None


def past_or_present(bare: str) -> str | None:
    """The stem to which -다, -네, -냐 may be put: `했어` -> `했`, `먹어` -> `먹`; None where no rule fits."""
    if len(bare) >= 2 and bare[-1] in BARE_VOWELS and is_syllable(bare[-2]) and parts(bare[-2])[2]:
        return bare[:-1]
    return None
