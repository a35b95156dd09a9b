"""Cues become an explained score.

Each axis starts at its prior and adds, in log-odds, what the strongest cue of each kind says. The interval is wide when cues
are few and wider when they disagree. Without a cue an axis stays at its prior and says that it cannot tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import fmean, pstdev

from jikim.assessing.rules import AxisRule, Rule, Rules, in_force
from jikim.provenance import fixtures
from jikim.types import Assessment, Axis, AxisState, Cue, Level, Reason

TEST_BANK = "test"
TEST_CARD = "test_card.png"
TEST_CARD_SENSITIVE_SCORE = 0.97
"""What the test card counts for on the sexual axis, within a chain that is a test by provenance and nowhere else."""

_COPY_LOG_ODDS = 7.0
"""What a certain copy weighs among the reasons: more than any other cue can."""
_SCENE_LOG_ODDS = 2.0
"""What the scene of a known item weighs: it moves no score, a person looks."""

_Z90 = 1.645
_MOST_SUPPORT = 8


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one rule made of its cues: `log_odds` on its axis, and how many looks (`support`) stand behind it."""

    rule: Rule
    log_odds: float
    support: int
    each: tuple[float, ...]
    cues: tuple[Cue, ...]


def assess(
    candidate_id: str,
    cues: Sequence[Cue],
    *,
    remarks: Sequence[Reason] = (),
    has_failures: bool = False,
    is_test: bool = False,
    rules: Rules | None = None,
) -> Assessment:
    """The assessment of one candidate from all its cues.

    `remarks` are reasons that move nothing, such as "could not be opened"; `has_failures` says that some cue could not be
    sought, which always leaves the candidate for a person to look at. `is_test` is the chain's provenance, never a property
    of its pixels: only there does the built-in bank `test` count.
    """
    rules = rules or in_force()
    copies = [cue for cue in cues if cue.name == "known_copy" and cue.value["bank"] != TEST_BANK]
    cards = [cue for cue in cues if cue.name == "known_copy" and cue.value["bank"] == TEST_BANK]
    if is_test:
        copies += cards
        cues = [*cues, *(_as_sensitive(cue) for cue in cards if fixtures().get(cue.value["item"]) == TEST_CARD)]
    evidence = [found for rule in rules.rules if rule.is_on and (found := _evidence(rule, cues))]
    unweighed = [found for rule in rules.rules if rule.is_shown and not rule.is_on and (found := _evidence(rule, cues))]
    axes = {name: _axis(rules.axes[name], [e for e in evidence if e.rule.axis == name]) for name in ("minor", "sexual")}
    known = max((float(cue.value["score"]) for cue in copies if cue.value["relation"] == "copy"), default=0.0)
    score = max(known, sqrt(axes["minor"].score * axes["sexual"].score))
    reasons = [*_copy_reasons(copies), *map(_reason, evidence), *map(_told, unweighed), *remarks]
    if cards and not is_test:
        reasons.append(Reason("reason.test_card", {}, 0.0, tuple(cards)))
    return Assessment(
        candidate_id=candidate_id,
        score=score,
        level=_level(score, known > 0, axes, evidence, has_failures or bool(copies), rules),
        axes=axes,
        reasons=tuple(sorted(reasons, key=lambda reason: -abs(reason.weight))),
        assessor_version=rules.assessor_version,
        is_test=is_test,
    )


def _evidence(rule: Rule, cues: Iterable[Cue]) -> Evidence | None:
    mine = [cue for cue in cues if _is_of(rule, cue)]
    if not mine:
        return None
    groups: dict[object, list[Cue]] = {}
    for cue in mine:
        groups.setdefault((cue.media_id, cue.value["track"]) if cue.value.get("track") is not None else id(cue), []).append(cue)
    strongest = max(groups.values(), key=lambda group: fmean(_log_odds(rule, cue) for cue in group))
    log_odds = fmean(_log_odds(rule, cue) for cue in strongest)
    ordered = sorted(mine, key=lambda cue: (cue not in strongest, -_log_odds(rule, cue)))
    return Evidence(rule, log_odds, len(mine), tuple(_log_odds(rule, cue) for cue in mine), tuple(ordered))


def _is_of(rule: Rule, cue: Cue) -> bool:
    """Whether a rule reads a cue; one of quality 0, such as a face whose age cannot be told, says nothing."""
    return cue.name == rule.cue and rule.label in (None, cue.value.get("label")) and cue.value.get("quality", 1.0) > 0


def _log_odds(rule: Rule, cue: Cue) -> float:
    value = cue.confidence if rule.field == "confidence" else float(cue.value[rule.field])
    trust = 1.0 if cue.value.get("is_certain", True) else 0.5
    return trust * rule.weight * min(max(logit(value) - logit(rule.neutral), rule.floor), rule.ceiling)


def _axis(axis: AxisRule, evidence: Sequence[Evidence]) -> Axis:
    prior = logit(axis.prior)
    if not evidence:
        return Axis(AxisState.CANNOT_TELL, axis.prior, sigmoid(prior - 2 * axis.spread), sigmoid(prior + 2 * axis.spread))
    centre = prior + sum(e.log_odds for e in evidence)
    support = min(sum(e.support for e in evidence), _MOST_SUPPORT)
    disagreement = fmean(pstdev(e.each) for e in evidence)
    deviation = sqrt(axis.spread**2 / support + disagreement**2)
    return Axis(AxisState.KNOWN, sigmoid(centre), sigmoid(centre - _Z90 * deviation), sigmoid(centre + _Z90 * deviation))


def _level(
    score: float, is_known: bool, axes: dict[str, Axis], evidence: Sequence[Evidence], has_leads: bool, rules: Rules
) -> Level:
    seen = {e.rule.axis for e in evidence if not e.rule.is_text and e.log_odds > 0}
    is_certain = all(axis.low >= rules.thresholds.urgent_low and name in seen for name, axis in axes.items())
    if is_known or is_certain:
        return Level.URGENT
    return Level.LOOK if score >= rules.thresholds.look or has_leads else Level.NONE


def _reason(evidence: Evidence) -> Reason:
    best = evidence.cues[0]
    return Reason(evidence.rule.reason, best.params, evidence.log_odds, evidence.cues)


def _told(evidence: Evidence) -> Reason:
    """What was seen and counts for nothing."""
    return Reason(evidence.rule.reason, evidence.cues[0].params, 0.0, evidence.cues)


def _is_nearer(cue: Cue, other: Cue) -> bool:
    """Whether a cue says more than another of the same item: a copy more than a scene or a sound, then the surer."""
    return (cue.value["relation"] == "copy", cue.value["score"]) > (other.value["relation"] == "copy", other.value["score"])


def _copy_reasons(copies: Sequence[Cue]) -> list[Reason]:
    best: dict[tuple[str, str], Cue] = {}
    for cue in copies:
        item = (cue.value["bank"], cue.value["item"])
        if item not in best or _is_nearer(cue, best[item]):
            best[item] = cue
    return [
        Reason("reason.known_copy", cue.params, _COPY_LOG_ODDS * cue.value["score"], (cue,))
        if cue.value["relation"] == "copy"
        else Reason("reason.same_scene", cue.params, _SCENE_LOG_ODDS * cue.value["score"], (cue,))
        for cue in best.values()
    ]


def _as_sensitive(card: Cue) -> Cue:
    return Cue(
        media_id=card.media_id,
        analyzer=card.analyzer,
        analyzer_version=card.analyzer_version,
        weights_sha256=card.weights_sha256,
        name="sensitive",
        at_s=card.at_s,
        region=card.region,
        value={"score": TEST_CARD_SENSITIVE_SCORE},
        confidence=card.confidence,
        message_key="cue.sensitive",
        params={"score": TEST_CARD_SENSITIVE_SCORE},
    )


def logit(p: float) -> float:
    """Log-odds of a probability, finite also at 0 and 1."""
    p = min(max(p, 0.005), 0.995)
    return log(p / (1 - p))


def sigmoid(x: float) -> float:
    """The probability of log-odds."""
    return 1 / (1 + exp(-x))
