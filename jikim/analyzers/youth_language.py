"""Language commonly used by youth: stated grades, ages and years of birth, words of school life, a young manner of writing.

In post texts, on the screen and in speech; Korean and English. A cue says that somebody young may be writing or spoken of, not
who; it is only words, so it never makes anything urgent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from math import exp, prod
from typing import Annotated, ClassVar, TypeVar

import msgspec

from jikim.analyzers import register, youth_words
from jikim.analyzers.youth_words import Finding
from jikim.seams import AnalyzerExample, Sessions
from jikim.types import Cue, ModelCard, Need, Subject, TextOrigin, TextSpan

T = TypeVar("T")

PLACES: Sequence[frozenset[TextOrigin]] = (
    frozenset({TextOrigin.TITLE, TextOrigin.POST}),
    frozenset({TextOrigin.SCREEN}),
    frozenset({TextOrigin.SPEECH}),
)
"""Texts of one place are weighed together and give one cue."""

LETTERS_LIMIT = 20_000
SPANS_LIMIT = 400
SENTENCES_LIMIT = 64
CUES_LIMIT = 12
QUOTED_LETTERS = 40

SCHOOL_MOST = 0.75
REGISTER_MOST = 0.45
REGISTER_SLOPE = 1.2
REGISTER_MIDDLE = 1.4
"""The manner's strength grows with its log-odds everywhere, to half of the most at the middle: nothing is cut off."""
REGISTER_NAMED = 0.1
"""A weaker manner counts and is not named."""
REGISTER_LETTERS = 12.0
"""A manner of writing seen in this many letters counts half."""

ADULT_FACTOR = 0.45
"""What is left of school words and register where a grown-up seems to write of their own life; of claims its square root."""

HIGHEST = 0.97


class YouthLanguageConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`floor`: the least score that gives a cue. `this_year`: the year from which years of birth are read, today's if None."""

    floor: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.4
    this_year: Annotated[int, msgspec.Meta(ge=2000, le=2200)] | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding and the span it stands in."""

    finding: Finding
    span: TextSpan


class YouthLanguageAnalyzer:
    """Gives at most one cue `youth_language` for the post, one for the screen and one for speech."""

    name: ClassVar[str] = "youth_language"
    version: ClassVar[str] = "2"
    Config: ClassVar[type[YouthLanguageConfig]] = YouthLanguageConfig
    weights: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[frozenset[Need]] = frozenset({Need.TEXT})
    after: ClassVar[frozenset[str]] = frozenset({"screen_text", "speech"})
    cost_ms: ClassVar[float] = 0.5
    card: ClassVar[ModelCard] = ModelCard(
        intended_use="Notice in Korean and English texts what young people commonly write, as a weak cue beside others.",
        limits="Words prove no age: anybody can claim one or imitate pupils. Grown-ups who write as in a chat, cutely or "
        "in dialect are often taken for young (see by_group). Of English manner some words are known and no more; other "
        "languages are not read. Numbers said for their sound are of grown-ups, too, and count for little. The score is "
        "chosen, not calibrated. The figures are for imitated styles: no text of real pupils was used.",
        data="Register: four fifths of 7,562 everyday sentences of Chatbot_data (MIT), said in school-age and grown-up manners "
        "by rule (training/youth_language, seed 3). SmileStyle (CC BY-NC) was used for measuring alone, its even half while "
        "building, its odd half for the figures; nothing was fitted on it, though its published list of styles was known when "
        "the manners were written. Lexicon and rules: own; film ratings and parents' words were added after false alarms in "
        "the same NSMC reviews that are counted here.",
        metrics={
            "register_auc_smilestyle": 0.952,
            "register_auc_smilestyle_95": [0.949, 0.956],
            "register_auc_smilestyle_with_four_cute_and_chat_styles_as_adult": 0.858,
            "register_auc_restyled_held_out": 0.987,
            "auc_of_the_cue_smilestyle": 0.898,
            "cues_per_866_film_reviews_nsmc": 0.0,
            "cues_per_12034_chatbot_sentences_not_trained_on": 0.0001,
            "cues_per_6121_spoken_requests_3i4k": 0.0,
            "weights_sha256": "53e2efea4d5a2f508985b95fcd4dc4c845939e880ea903112016463f7a88dbee",
            "weights_bytes": 13469,
            "source": "SmileStyle: choding and joongding (3,538 sentences) against 11 adult styles (10,946)",
        },
        by_group={
            "register_auc_smilestyle_against": {
                "formal": 0.993,
                "informal": 0.975,
                "android": 0.970,
                "azae": 0.829,
                "gentle": 0.987,
                "halbae": 0.973,
                "halmae": 0.780,
                "king": 0.971,
                "seonbi": 0.897,
                "sosim": 0.943,
                "translator": 0.983,
                "chat": 0.586,
                "emoticon": 0.764,
                "enfp": 0.632,
                "naruto": 0.584,
            }
        },
        licence_code="Apache-2.0",
        licence_weights="Apache-2.0; trained on Chatbot_data (MIT, Copyright Youngsook Song)",
    )

    def __init__(self, config: YouthLanguageConfig, sessions: Sessions) -> None:
        self._config = config
        self._words = youth_words.shipped()

    def analyze(self, subject: Subject) -> Iterable[Cue]:
        """One cue a place whose score reaches the floor, at its strongest sign."""
        for origins in PLACES:
            spans = _distinct([span for span in subject.texts if span.origin in origins])
            if not spans:
                continue
            score, placed = self._read(spans)
            if placed and score >= self._config.floor:
                yield self._cue(subject, score, placed)

    def _read(self, spans: Sequence[TextSpan]) -> tuple[float, list[Placed]]:
        letters = max(LETTERS_LIMIT // len(spans), 50)
        cased = [register.cased(span.text, letters, self._words.look_alike) for span in spans]
        year = self._config.this_year or datetime.now(UTC).year
        plain: list[str] = []
        placed: list[Placed] = []
        for text, span in zip(cased, spans, strict=True):
            said, found = self._found(text, year)
            plain.append(said)
            placed += [Placed(finding, span) for finding in found]
        placed += self._manner(plain, spans)
        is_adult = youth_words.adult_signs("\n".join(plain), self._words) > 0
        placed = _strongest([_softened(each, is_adult) for each in placed])
        return _score([each.finding for each in placed]), _named(placed)[:CUES_LIMIT]

    def _found(self, cased: str, year: int) -> tuple[str, list[Finding]]:
        """A text in lower case with numbers said, and what was found in it."""
        said, played = youth_words.numbers_said(cased.lower(), self._words)
        turned = youth_words.turned_round(cased, self._words, year)
        return said, [*youth_words.findings(said, self._words, year), *turned, *played]

    def _manner(self, plain: Sequence[str], spans: Sequence[TextSpan]) -> list[Placed]:
        judged = [(s, span) for text, span in zip(plain, spans, strict=True) for s in register.sentences(text)]
        judged = _evenly(judged, SENTENCES_LIMIT)
        if not judged:
            return []
        ranked = sorted(((self._model.log_odds(s), len(s), s, span) for s, span in judged), key=lambda each: -each[0])
        upper = ranked[: (len(ranked) + 1) // 2]
        length = sum(letters for _, letters, _, _ in upper)
        log_odds = sum(odds * letters for odds, letters, _, _ in upper) / length
        weighed = log_odds * length / (length + REGISTER_LETTERS)
        strength = REGISTER_MOST / (1 + exp(-REGISTER_SLOPE * (weighed - REGISTER_MIDDLE)))
        _, _, sentence, span = ranked[0]
        return [Placed(Finding("register", sentence[:QUOTED_LETTERS], None, round(strength, 6)), span)]

    @cached_property
    def _model(self) -> register.RegisterModel:
        return register.shipped()

    def _cue(self, subject: Subject, score: float, placed: Sequence[Placed]) -> Cue:
        kinds = list(dict.fromkeys(each.finding.kind for each in placed))
        return Cue(
            media_id=subject.media.id if subject.media and placed[0].span.at_s is not None else None,
            analyzer=self.name,
            analyzer_version=self.version,
            weights_sha256=self._model.sha256,
            name="youth_language",
            at_s=placed[0].span.at_s,
            region=None,
            value={"score": score, "cues": [_shown(each.finding) for each in placed]},
            confidence=score,
            message_key="cue.youth_language",
            params={
                "text": placed[0].finding.text,
                "first": {"message": f"youth.{kinds[0]}"},
                "second": {"message": f"youth.{kinds[1]}" if len(kinds) > 1 else "youth.nothing_else"},
            },
        )

    @classmethod
    def examples(cls) -> Iterable[AnalyzerExample]:
        """A pupil's post, a pupil's line on a screen, and grown-ups' texts with numbers and schools in them."""
        yield _example(
            "youth_language",
            ("중2 반 배정 나왔다 ㅋㅋㅋ", TextOrigin.TITLE),
            ("담임쌤 누군지 아는 사람? 급식 뭐 나옴", TextOrigin.POST),
        )
        yield _example("youth_language", ("8th grade science fair today, i'm 14!", TextOrigin.SCREEN))
        yield _example(
            "", ("개교 19주년 기념 음악회", TextOrigin.TITLE), ("입장료는 15,000원이며 15시에 시작합니다.", TextOrigin.POST)
        )
        yield _example("", ("A school of fish swam past the old school building.", TextOrigin.POST))

    @classmethod
    def verify(cls, config: YouthLanguageConfig, sessions: Sessions) -> None:
        """Reads one sentence."""
        list(cls(config, sessions).analyze(Subject(None, texts=(TextSpan("안녕하세요 반갑습니다", TextOrigin.POST),))))


def _example(cue_name: str, *texts: tuple[str, TextOrigin]) -> AnalyzerExample:
    spans = tuple(TextSpan(text, origin) for text, origin in texts)
    return AnalyzerExample(Subject(None, texts=spans), frozenset({cue_name} - {""}))


def _distinct(spans: Iterable[TextSpan]) -> list[TextSpan]:
    """Each text once, at its first place, evenly thinned to a bounded number."""
    first: dict[str, TextSpan] = {}
    for span in spans:
        first.setdefault(span.text, span)
    return _evenly(list(first.values()), SPANS_LIMIT)


def _evenly(items: list[T], limit: int) -> list[T]:
    return items if len(items) <= limit else [items[number * len(items) // limit] for number in range(limit)]


def _softened(placed: Placed, is_adult: bool) -> Placed:
    if not is_adult:
        return placed
    finding = placed.finding
    factor = ADULT_FACTOR if finding.kind in ("school", "register") else ADULT_FACTOR**0.5
    strength = round(finding.strength * factor, 4)
    return Placed(Finding(finding.kind, finding.text, finding.number, strength, finding.start), placed.span)


def _strongest(placed: Iterable[Placed]) -> list[Placed]:
    """Each sign once, the strongest first."""
    best: dict[object, Placed] = {}
    for each in sorted(placed, key=lambda each: -each.finding.strength):
        finding = each.finding
        key = finding.number if finding.number is not None else finding.text.replace(" ", "")
        best.setdefault((finding.kind, key), each)
    return list(best.values())


def _named(placed: list[Placed]) -> list[Placed]:
    """Without a manner too weak to be named, unless it is all there is."""
    telling = [each for each in placed if each.finding.kind != "register" or each.finding.strength >= REGISTER_NAMED]
    return telling or placed[:1]


def _score(findings: Sequence[Finding]) -> float:
    """The chance that not all signs mislead, were they independent: chosen, not calibrated."""
    claims = [f.strength for f in findings if f.kind not in ("school", "register")]
    school = 1 - prod(1 - f.strength for f in findings if f.kind == "school")
    manner = max((f.strength for f in findings if f.kind == "register"), default=0.0)
    claimed = 1 - prod(1 - strength * 0.5**rank for rank, strength in enumerate(claims[:4]))
    doubt = (1 - claimed) * (1 - min(school, SCHOOL_MOST)) * (1 - manner)
    return round(min(1 - doubt, HIGHEST), 4)


def _shown(finding: Finding) -> dict[str, object]:
    return {"kind": finding.kind, "text": finding.text, "number": finding.number}
