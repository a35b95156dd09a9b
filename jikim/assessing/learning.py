"""What people decided teaches new weights: a challenger beside the rules in force, judged on decisions it has not seen.

Only the weights of the rules, the priors of the axes and the threshold to look move; weights stay at or above zero, so that
each axis stays monotone in every cue. The rules in force are believed until decisions say otherwise, and the newest decisions
count most. Nothing is switched on here; a person does that.

A decision says: confirmed, that both axes hold; adult, that the sexual axis holds and the other does not; not relevant, that
not both hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from jikim.assessing.assess import assess, logit, sigmoid
from jikim.assessing.learning_figures import Comparison, compare
from jikim.assessing.rules import Rules, read
from jikim.errors import BadUse
from jikim.types import Cue

FEWEST = 50
FEWEST_OF_A_KIND = 10
"""Fewer confirmed, or fewer not confirmed, teach nothing."""

BLOCKS = 5
"""Decisions in order of time are cut so often; each block but the first is judged by what those before it taught."""

HALF_LIFE = 400
"""A decision counts half after so many newer ones: what is out there drifts."""

WEIGHT_DOUBT = 0.5
WEIGHT_DOUBT_SHARE = 0.5
PRIOR_DOUBT = 1.5
"""How far the rules in force are doubted before any decision: standard deviation of a weight (a part fixed, a share of the
weight itself) and of a prior, in log-odds."""

LEAST_PRIOR, MOST_PRIOR = 0.001, 0.6
ROUNDS = 300
AXES: Final[tuple[Literal["minor"], Literal["sexual"]]] = ("minor", "sexual")

Vector = NDArray[np.float64]


class Verdict(StrEnum):
    """What a person decided, as far as weights can learn from it."""

    CONFIRMED = "confirmed"
    ADULT = "adult"
    NOT_RELEVANT = "not_relevant"


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision: the cues that the person's item had (no words are needed in them), and the verdict."""

    cues: Sequence[Cue]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Lesson:
    """A challenger: `toml` is its file, `rules` the same read; `comparison` what it and the champion did on decisions held out;
    `taught_on` how many decisions there were."""

    toml: bytes
    rules: Rules
    comparison: Comparison
    taught_on: int


def learn(decided: Sequence[Decided], champion: Rules) -> Lesson:
    """A challenger from decisions in order of time, the oldest first.

    Raises BadUse where there are fewer than FEWEST, or fewer than FEWEST_OF_A_KIND confirmed or not confirmed.
    """
    confirmed = sum(one.verdict is Verdict.CONFIRMED for one in decided)
    if len(decided) < FEWEST or min(confirmed, len(decided) - confirmed) < FEWEST_OF_A_KIND:
        raise BadUse(
            "learning.too_few", found=len(decided), confirmed=confirmed, fewest=FEWEST, fewest_of_a_kind=FEWEST_OF_A_KIND
        )
    toml = _written(challenge(decided, champion))
    return Lesson(toml, read(toml), _held_out(decided, champion), len(decided))


def challenge(decided: Sequence[Decided], champion: Rules) -> Rules:
    """The rules that decisions in order of time make of those in force."""
    told = [one for one in decided if not _is_known(one.cues)]
    table = np.array([_evidence(one.cues, champion) for one in told]).reshape(len(told), len(champion.rules))
    verdicts = np.array([list(Verdict).index(one.verdict) for one in told])
    weights, priors = _fit(table, verdicts, champion)
    rules = tuple(
        msgspec.structs.replace(rule, weight=round(float(weight), 4))
        for rule, weight in zip(champion.rules, weights, strict=True)
    )
    axes = champion.axes
    taught_axes = {
        "minor": msgspec.structs.replace(axes["minor"], prior=_prior(priors[0])),
        "sexual": msgspec.structs.replace(axes["sexual"], prior=_prior(priors[1])),
    }
    taught = msgspec.structs.replace(champion, version=_version(champion), axes=taught_axes, rules=rules)
    return msgspec.structs.replace(
        taught, thresholds=msgspec.structs.replace(champion.thresholds, look=_look(decided, champion, taught))
    )


def _held_out(decided: Sequence[Decided], champion: Rules) -> Comparison:
    """Champion and challenger on all blocks but the first, each judged by what came before it."""
    ends = [round(len(decided) * number / BLOCKS) for number in range(BLOCKS + 1)]
    was_confirmed: list[bool] = []
    scores: tuple[list[float], list[float]] = ([], [])
    chances: tuple[list[float], list[float]] = ([], [])
    for start, end in pairwise(ends[1:]):
        challenger = challenge(decided[:start], champion)
        for one in decided[start:end]:
            was_confirmed.append(one.verdict is Verdict.CONFIRMED)
            for place, rules in enumerate((champion, challenger)):
                assessment = assess("", one.cues, rules=rules)
                scores[place].append(assessment.score)
                both = assessment.axes["minor"].score * assessment.axes["sexual"].score
                chances[place].append(assessment.score if _is_known(one.cues) else both)
    return compare(was_confirmed, scores, chances)


def _is_known(cues: Sequence[Cue]) -> bool:
    """Whether a verified copy decides, whatever the weights."""
    return any(cue.name == "known_copy" and cue.value.get("relation") == "copy" for cue in cues)


def _evidence(cues: Sequence[Cue], champion: Rules) -> Vector:
    """What each rule would add to its axis at weight one, as `assess` itself works it out."""
    named = tuple(msgspec.structs.replace(rule, weight=1.0, reason=str(place)) for place, rule in enumerate(champion.rules))
    found = np.zeros(len(named))
    for reason in assess("", cues, rules=msgspec.structs.replace(champion, rules=named)).reasons:
        if reason.message_key.isdigit():
            found[int(reason.message_key)] = reason.weight
    return found


def _fit(table: Vector, verdicts: NDArray[np.intp], champion: Rules) -> tuple[Vector, Vector]:
    """The weights and priors (log-odds) that decisions and doubt together make likeliest, by projected gradient steps."""
    start = np.array([*(rule.weight for rule in champion.rules), *(logit(champion.axes[name].prior) for name in AXES)])
    doubt = np.array([*(WEIGHT_DOUBT + WEIGHT_DOUBT_SHARE * rule.weight for rule in champion.rules), PRIOR_DOUBT, PRIOR_DOUBT])
    of_axis = np.array([[rule.axis == name for rule in champion.rules] for name in AXES], np.float64)
    columns = np.concatenate([table[:, None, :] * of_axis, np.broadcast_to(np.eye(2), (len(table), 2, 2))], axis=2)
    counts = 0.5 ** (np.arange(len(table))[::-1] / HALF_LIFE)
    least = np.array([0.0] * len(champion.rules) + [-np.inf, -np.inf])
    now, step = start.copy(), 1.0
    value, slope = _loss(now, columns, verdicts, counts, start, doubt)
    for _ in range(ROUNDS):
        after = np.maximum(now - step * doubt**2 * slope, least)
        later, further = _loss(after, columns, verdicts, counts, start, doubt)
        if later > value - 1e-4 * float(slope @ (now - after)):
            step /= 2
            if step < 1e-8:
                break
            continue
        now, value, slope, step = after, later, further, step * 1.5
    return now[:-2], now[-2:]


def _loss(
    now: Vector, columns: Vector, verdicts: NDArray[np.intp], counts: Vector, start: Vector, doubt: Vector
) -> tuple[float, Vector]:
    """Minus the logarithm of how likely the decisions are, doubt included, and its gradient."""
    chance = 1 / (1 + np.exp(-np.clip(columns @ now, -30, 30)))
    minor, sexual = chance[:, 0], chance[:, 1]
    both = np.minimum(minor * sexual, 1 - 1e-9)
    cases = [verdicts == 0, verdicts == 1, verdicts == 2]
    likely = np.select(cases, [both, (1 - minor) * sexual, 1 - both])
    bend_minor = np.select(cases, [minor - 1, minor, both * (1 - minor) / (1 - both)])
    bend_sexual = np.select(cases, [sexual - 1, sexual - 1, both * (1 - sexual) / (1 - both)])
    away = (now - start) / doubt
    slope = np.einsum("n,nak,na->k", counts, columns, np.stack([bend_minor, bend_sexual], axis=1)) + away / doubt
    return float(-counts @ np.log(np.maximum(likely, 1e-12)) + away @ away / 2), slope


def _prior(log_odds: float) -> float:
    return round(min(max(sigmoid(log_odds), LEAST_PRIOR), MOST_PRIOR), 4)


def _look(decided: Sequence[Decided], champion: Rules, taught: Rules) -> float:
    """The threshold at which as many of these decisions would be shown as before: learning changes the order, not the load."""
    before = np.array([assess("", one.cues, rules=champion).score for one in decided])
    after = np.array([assess("", one.cues, rules=taught).score for one in decided])
    share_below = float((before < champion.thresholds.look).mean())
    return (
        round(min(max(float(np.quantile(after, share_below)), 0.01), 0.9), 4) if share_below > 0 else champion.thresholds.look
    )


def _version(champion: Rules) -> str:
    base = champion.version.removesuffix("-learned")
    return f"{base}-learned"


def _written(rules: Rules) -> bytes:
    """The rules as a TOML file."""
    content = msgspec.to_builtins(msgspec.structs.replace(rules, sha256=""))
    del content["sha256"]
    lines = ["# Learned from decisions; a lead switches it on."]
    tables: list[str] = []
    for name, value in content.items():
        if isinstance(value, dict):
            tables += _tables(name, value)
        elif isinstance(value, list | tuple) and all(isinstance(one, dict) for one in value):
            for one in value:
                tables += ["", f"[[{name}]]", *_lines(one)]
        else:
            lines += _lines({name: value})
    return ("\n".join([*lines, *tables]) + "\n").encode()


def _tables(name: str, value: dict[str, object]) -> list[str]:
    flat = {key: one for key, one in value.items() if not isinstance(one, dict)}
    found = ["", f"[{name}]", *_lines(flat)] if flat else []
    for key, one in value.items():
        if isinstance(one, dict):
            found += _tables(f"{name}.{key}", one)
    return found


def _lines(value: dict[str, object]) -> list[str]:
    return [f"{key} = {_shown(one)}" for key, one in value.items() if one is not None]


def _shown(value: object) -> str:
    """A JSON string, number or truth value is one of TOML too."""
    return msgspec.json.encode(value).decode()
