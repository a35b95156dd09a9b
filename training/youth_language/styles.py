"""One plain sentence in school-age manners of writing and in grown-up ones. Harmless by construction: only endings, spelling,
marks and everyday fillers change."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random

from training.youth_language.endings import (
    IEUNG,
    NIEUN,
    SSANGSIOT,
    is_syllable,
    noun_form,
    parts,
    past_or_present,
    stem,
    with_final,
)

Style = Callable[[str, Random], str]

FILLERS: Mapping[str, Sequence[str]] = tomllib.loads(Path(__file__).with_name("fillers.toml").read_text("utf-8"))
SPELLINGS = tuple(pair.split(">") for pair in FILLERS["spellings"])


def _mark(text: str, rng: Random) -> str:
    return text + rng.choice(FILLERS["laughs"])


def _squeezed(text: str, rng: Random) -> str:
    """With some or all blanks left out."""
    if rng.random() < 0.35:
        keep = rng.choice((0.0, 0.5))
        return "".join(letter for letter in text if letter != " " or rng.random() < keep)
    return text


def _misspelt(text: str, rng: Random, share: float = 0.5) -> str:
    for right, wrong in SPELLINGS:
        if right in text and rng.random() < share:
            text = text.replace(right, wrong)
    return text


def _boosted(text: str, rng: Random) -> str:
    words = text.split(" ")
    place = rng.randrange(len(words))
    words[place] = rng.choice(FILLERS["boosters"]) + rng.choice(("", "", " ")) + words[place]
    return " ".join(words)


def _dressed(text: str, rng: Random) -> str:
    if rng.random() < 0.2:
        text = _boosted(text, rng)
    if rng.random() < 0.25:
        text = f"{rng.choice(FILLERS['openers'])} {text}"
    if rng.random() < 0.2:
        text = f"{text} {rng.choice(FILLERS['closers'])}"
    return _mark(_squeezed(text, rng), rng)


def noun_ending(sentence: str, rng: Random) -> str:
    """-음, -임, -함, with a question mark or none."""
    bare, kind = stem(sentence)
    formed = noun_form(bare)
    if formed is None:
        return blunt(sentence, rng)
    if kind == "question":
        formed += rng.choice(("?", "?", "", "??"))
    return _dressed(_misspelt(formed, rng, 0.3), rng)


def blunt(sentence: str, rng: Random) -> str:
    """Plain speech without marks, with -냐, -셈, -삼, -ㅇㅇ and short forms."""
    bare, kind = stem(sentence)
    cut = past_or_present(bare)
    if bare.endswith("세요"):
        bare = bare[:-2] + rng.choice(("셈", "삼", "라", "셈 ㄱㄱ", "봐", "면 됨", "자", "든가", "쉴?", "십쇼", "시던가", "샘"))
    elif bare.endswith("죠"):
        bare = bare[:-1] + rng.choice(("지", "지ㅋ", "쥐", "쥬", "징"))
    elif cut and kind == "question":
        bare = cut + rng.choice(("냐", "음?", "냐고", "니", "나", "어?", "누", "는데?"))
    elif cut:
        bare = cut + rng.choice(
            ("음", "다", "는데", "네", "지롱", "거든", "는디", "엉", "어", "던데", "구나", "다고", "다니까")
        )
    elif bare.endswith(("할까", "될까", "일까")):
        bare = bare[:-2] + rng.choice(("함?", "하냐", "할래", "됨?", "하쉴?"))
    elif bare.endswith("습니다"):
        bare = bare[:-3] + rng.choice(("음", "다", "냐", "어", "네"))
    elif bare.endswith("합니다"):
        bare = bare[:-3] + rng.choice(("함", "한다", "해", "하네"))
    elif bare.endswith("입니다"):
        bare = bare[:-3] + rng.choice(("임", "이다", "이야", "인듯", "임 ㅇㅇ"))
    return _dressed(_misspelt(bare, rng, 0.4), rng)


def cute(sentence: str, rng: Random) -> str:
    """Spelt as a child says it: -용, -넹, -당, -쪙."""
    bare, _ = stem(sentence)
    if is_syllable(bare[-1:] or " ") and not parts(bare[-1])[2] and rng.random() < 0.7:
        bare = bare[:-1] + with_final(bare[-1], rng.choice((IEUNG, IEUNG, NIEUN, SSANGSIOT)))
    return _mark(_squeezed(_misspelt(bare, rng, 0.6), rng), rng)


def chopped(sentence: str, rng: Random) -> str:
    """A few words only, particles dropped."""
    bare, kind = stem(sentence)
    words = [word[:-1] if len(word) > 2 and word[-1] in "을를이가은는에도" else word for word in bare.split()]
    short = rng.choice((" ", " ", "")).join(words[-rng.choice((2, 3, 4)) :])
    formed = noun_form(short) if rng.random() < 0.7 else None
    return _mark(_misspelt(formed or short, rng, 0.5) + ("?" if kind == "question" and rng.random() < 0.7 else ""), rng)


def grand(sentence: str, rng: Random) -> str:
    """As a second-year pupil plays the hero."""
    bare, _ = stem(sentence)
    cut = past_or_present(bare)
    text = (cut + rng.choice(("다", "군", "지", "단 말이다", "는 건가"))) if cut else bare
    pieces = [
        rng.choice((*FILLERS["grand_openers"], "", "")),
        text + rng.choice(("..", "...", "", "..?")),
        rng.choice(("", "", *FILLERS["grand_closers"])),
    ]
    return " ".join(piece for piece in pieces if piece) + rng.choice(("", "", "..", "ㅋ"))


# --- grown-up manners -------------------------------------------------------------------------------------------------------


def _stop(kind: str, rng: Random) -> str:
    return rng.choice(("?", "?", "?", "")) if kind == "question" else rng.choice((".", ".", ".", "", "~", "!"))


def as_is(sentence: str, rng: Random) -> str:
    return sentence


def plain_speech(sentence: str, rng: Random) -> str:
    """Informal speech in full spelling: grown-ups among friends."""
    bare, kind = stem(sentence)
    return bare + _stop(kind, rng)


def casual_online(sentence: str, rng: Random) -> str:
    """A grown-up's message: full spelling with a laugh or tears behind it."""
    bare, kind = stem(sentence)
    ending = "요" if rng.random() < 0.6 and past_or_present(bare) else ""
    return (
        bare
        + ending
        + ("?" if kind == "question" else "")
        + rng.choice((" ㅎㅎ", "ㅎㅎ", " ㅋㅋ", "ㅋㅋ", "~", "~^^", " ^^", "ㅠㅠ", " ㅜㅜ", "!!", "~~", "ㅠ"))
    )


def polite(sentence: str, rng: Random) -> str:
    bare, kind = stem(sentence)
    cut = past_or_present(bare)
    if kind == "question":
        ends = ("나요", "습니까", "을까요", "는지요", "어요", "는가요", "으신가요", "으세요")
    else:
        ends = (
            "습니다",
            "어요",
            "네요",
            "지요",
            "는데요",
            "답니다",
            "더라고요",
            "군요",
            "거든요",
            "으십니다",
            "으시네요",
            "으셨습니다",
        )
    text = cut + rng.choice(ends) if cut else bare + rng.choice(("요", "입니다", "이에요", "예요", "인가요", "이신가요"))
    return (
        rng.choice(("", "", "", "혹시 ", "네, ", "실례지만 ", "죄송하지만 ", "저는 ", "정말 ", "괜찮으시다면 "))
        + text
        + _stop(kind, rng)
    )


def elder_man(sentence: str, rng: Random) -> str:
    bare, kind = stem(sentence)
    cut = past_or_present(bare)
    ends = (
        ("는가", "나", "는고", "는감")
        if kind == "question"
        else ("네", "구먼", "구만", "지", "다네", "게나", "느니라", "는구려", "더군", "더구먼")
    )
    text = (
        cut + rng.choice(ends)
        if cut
        else bare + rng.choice(("이라네", "일세", "인가", "이구먼", "라네", "하게", "하네", "하게나"))
    )
    return (
        rng.choice(("", "", "거 ", "허허 ", "허허, ", "자네 ", "이보게 ", "에헴 ", "그래 ", "나 때는 ", "어허 ", "요즘 "))
        + text
        + rng.choice((".", "..", "...", "....", "?" if kind == "question" else "", "~", "^^"))
    )


def elder_woman(sentence: str, rng: Random) -> str:
    bare, kind = stem(sentence)
    cut = past_or_present(bare)
    ends = (
        ("능겨", "는겨", "냐잉", "당가", "는가", "소")
        if kind == "question"
        else ("어야", "당께", "구먼", "제", "네잉", "지라", "다냐", "어잉", "응께", "는디")
    )
    text = cut + rng.choice(ends) if cut else bare + rng.choice(("여", "이여", "혀", "랑께", "잉", "이제", "구먼", "유"))
    text = text.replace("해", "혀") if rng.random() < 0.3 else text
    return (
        rng.choice(("", "", "아이고 ", "아따 ", "워메 ", "에구 ", "야야 ", "이것아 ", "그랴 ", "할미는 ", "아가 "))
        + text
        + _stop(kind, rng)
    )


def historical(sentence: str, rng: Random) -> str:
    bare, kind = stem(sentence)
    cut = past_or_present(bare)
    ends = (
        ("소", "는가", "느냐", "사옵니까", "으시오", "단 말이오", "는 것이오")
        if kind == "question"
        else ("소", "소이다", "도다", "느니라", "사옵니다", "구려", "노라", "다오", "으니", "는 것이오", "사오")
    )
    text = (
        cut + rng.choice(ends)
        if cut
        else bare
        + rng.choice(("이오", "하오", "이로다", "이옵니다", "하도다", "이니라", "하시오", "하옵니다", "이구려", "인 것이오"))
    )
    text = text.replace("너", rng.choice(("그대", "자네", "네"))).replace(
        "나는", rng.choice(("짐은", "소인은", "과인은", "이 몸은", "나는"))
    )
    return (
        rng.choice(("", "", "허허, ", "그대는 ", "여봐라 ", "이보시오 ", "어찌 ", "짐은 ", "참으로 ", "허나 ", "과연 ", "음, "))
        + text
        + _stop(kind, rng)
    )


def timid(sentence: str, rng: Random) -> str:
    bare, _ = stem(sentence)
    words = bare.split()
    if len(words) > 1 and rng.random() < 0.5:
        words[0] += rng.choice(("..", "...", ","))
    text = " ".join(words)
    return (
        rng.choice(("저기.. ", "혹시.. ", "그.. ", "음.. ", "아.. ", "미안한데.. ", "", "저.. ", "나는.. "))
        + text
        + rng.choice(("..", "...", "..?", "..ㅠ", "..ㅠㅠ", "...?", ".. 미안..", ".. 아마..", "..ㅎㅎ"))
    )


def mechanical(sentence: str, rng: Random) -> str:
    """As a machine translates or a form says it."""
    bare, kind = stem(sentence)
    cut = past_or_present(bare)
    if rng.random() < 0.4:
        words = bare.split()
        return (
            ". ".join(words[:5]) + "."
            if rng.random() < 0.5
            else " ".join(words) + rng.choice((" 요망.", " 확인.", " 필요.", " 완료.", " 바람.", " 예정."))
        )
    ends = (
        ("습니까", "는가", "는 것입니까", "는 중입니까")
        if kind == "question"
        else ("다", "습니다", "는 것이다", "는 것입니다", "을 것이다", "는 중이다")
    )
    text = (
        cut + rng.choice(ends)
        if cut
        else bare + rng.choice(("이다", "한다", "입니다", "합니다", "하는 것", "인 것입니다", "합니까"))
    )
    return (
        rng.choice(("", "", "당신은 ", "나는 ", "그것은 ", "우리는 ", "나의 ", "당신의 ", "매우 "))
        + text
        + ("?" if kind == "question" else ".")
    )


SCHOOL_AGE: Sequence[tuple[Style, int]] = ((noun_ending, 4), (blunt, 4), (cute, 1), (chopped, 2), (grand, 1))
GROWN_UP: Sequence[tuple[Style, int]] = (
    (as_is, 3),
    (plain_speech, 3),
    (casual_online, 2),
    (polite, 3),
    (elder_man, 1),
    (elder_woman, 1),
    (historical, 1),
    (timid, 1),
    (mechanical, 2),
)


def restyled(sentence: str, styles: Sequence[tuple[Style, int]], rng: Random) -> str:
    """The sentence in one of the styles, drawn by their weights."""
    (style,) = rng.choices([style for style, _ in styles], [weight for _, weight in styles])
    return style(sentence, rng)
