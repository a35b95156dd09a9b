"""The task `assessment`: what is made of all cues together, how far its numbers can be trusted, and what each rule adds.

A manifest states of an item whether it shows or speaks of a minor (`minor`: 1 or 0) and whether a person should have looked at
it (`look`: 1 or 0); either may be empty. The axis `sexual` has no true items here and never will: only that harmless ones stay
low is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from jikim.assessing import assess
from jikim.assessing.rules import Rule, Rules, in_force
from jikim.evaluating import plots
from jikim.evaluating.figures import EVERY, Figures, Observed, Task, by_named_group, shown
from jikim.evaluating.manifest import Line, one_of
from jikim.evaluating.metrics import (
    auc_difference,
    auc_interval,
    calibration_error,
    quantiles,
    reliability,
    roc,
    share,
    share_of,
    weighed_share,
)
from jikim.types import Assessment, AxisState, JsonValue, Level

TOP = 20
_FLAG = {"1": True, "0": False, "yes": True, "no": False, "예": True, "아니요": False}


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of an item, None where the manifest does not say."""

    is_minor: bool | None
    is_to_look: bool | None


def read_truth(line: Line) -> Truth:
    """`minor` and `look` of a line. Raises BadLine."""
    return Truth(*(one_of(line, name, _FLAG) if line.columns.get(name) else None for name in ("minor", "look")))


def assessment_figures(observed: Sequence[Observed[Truth]]) -> Figures:
    """The axis `minor` against the truth, what each rule adds to it, and the order of the whole list."""
    rules = in_force()
    assessed = [_assessed(one, rules) for one in observed]
    known = [(one, found) for one, found in zip(observed, assessed, strict=True) if one.truth.is_minor is not None]
    scores = [found.axes["minor"].score for _, found in known]
    truth = [bool(one.truth.is_minor) for one, _ in known]
    bins = reliability(scores, truth)
    metrics = {
        **_axis_figures(observed),
        "minor_calibration_error": shown(calibration_error(bins)),
        "true_minors_in_interval_of_share": _interval_figures(bins, known),
        **_prior_figures(known, rules.axes["minor"].prior),
        "sexual_score_of_harmless": quantiles([found.axes["sexual"].score for found in assessed]),
        "without_a_rule_auc_falls_by": _ablation([one for one, _ in known], rules),
        **_order_figures(observed, assessed),
    }
    drawn = {
        "reliability": plots.calibration("axis: minor", "predicted", "true share", bins),
        "roc": plots.lines("axis: minor", "others flagged", "found", {"minor": roc(scores, truth)}),
    }
    return Figures(metrics, by_named_group(observed, _axis_figures), drawn)


def _assessed(one: Observed[Truth], rules: Rules) -> Assessment:
    return assess("", one.look.cues, rules=rules)


def _axis_figures(observed: Sequence[Observed[Truth]]) -> Mapping[str, JsonValue]:
    rules = in_force()
    known = [(_assessed(one, rules).axes["minor"], one.truth.is_minor) for one in observed if one.truth.is_minor is not None]
    truth = [bool(is_minor) for _, is_minor in known]
    return {
        "n_true": sum(truth),
        "minor_axis_auc": shown(auc_interval([axis.score for axis, _ in known], truth)),
        "minor_axis_cannot_tell": shown(share_of([axis.state is AxisState.CANNOT_TELL for axis, _ in known])),
    }


def _interval_figures(bins: Sequence[object], known: Sequence[tuple[Observed[Truth], Assessment]]) -> JsonValue:
    """How often the share of minors among items of nearly one score lies in the mean interval of these items' axes: ten groups
    of equal size in order of score."""
    if not bins or len(known) < 2 * TOP:
        return None
    ordered = sorted(known, key=lambda one: one[1].axes["minor"].score)
    groups = [part.tolist() for part in np.array_split(np.arange(len(ordered)), 10)]
    inside = []
    for group in groups:
        axes = [ordered[place][1].axes["minor"] for place in group]
        true = float(np.mean([bool(ordered[place][0].truth.is_minor) for place in group]))
        inside.append(float(np.mean([axis.low for axis in axes])) <= true <= float(np.mean([axis.high for axis in axes])))
    return shown(share_of(inside))


def _prior_figures(known: Sequence[tuple[Observed[Truth], Assessment]], prior: float) -> dict[str, JsonValue]:
    """Whether the axis holds where minors are as common as its prior says: of the items of which it can tell, weighed so that
    so large a share of them are minors. Ten groups of about equal weight in order of score; a group's share is known no better
    than its items allow, so that its 95 % interval is asked to meet the axes' own. What it cannot tell stands apart."""
    told = [(axis, bool(one.truth.is_minor)) for one, found in known if (axis := found.axes["minor"]).state is AxisState.KNOWN]
    untold = [bool(one.truth.is_minor) for one, found in known if found.axes["minor"].state is AxisState.CANNOT_TELL]
    truth = np.array([is_minor for _, is_minor in told], bool)
    figures: dict[str, JsonValue] = {"minors_where_it_cannot_tell": shown(share_of(untold))}
    if truth.size < 2 * TOP or truth.all() or not truth.any():
        return {**figures, "calibration_error_at_the_prior": None, "groups_that_hold_at_the_prior": None}
    weights = np.where(truth, prior / truth.sum(), (1 - prior) / (~truth).sum())
    spans = np.array([(axis.score, axis.low, axis.high) for axis, _ in told])
    _, place = np.unique(spans[:, 0], return_inverse=True)  # items of one score are of one group
    mass = np.bincount(place, weights)
    step = np.minimum(((np.cumsum(mass) - mass / 2) * 10).astype(int), 9)[place]
    groups = [np.flatnonzero(step == number) for number in range(10)]
    held, apart = [], 0.0
    for group in (group for group in groups if group.size):
        weight = weights[group]
        score, low, high = np.average(spans[group], axis=0, weights=weight)
        true = float(np.average(truth[group], weights=weight))
        within = weighed_share(true, float(weight.sum() ** 2 / (weight**2).sum()))
        held.append(within.low <= high and within.high >= low)
        apart += float(weight.sum()) * abs(float(score) - true)
    return {
        **figures,
        "calibration_error_at_the_prior": shown(apart),
        "groups_that_hold_at_the_prior": shown(share_of(held)),
    }


def _ablation(observed: Sequence[Observed[Truth]], rules: Rules) -> dict[str, JsonValue]:
    """Of each rule of the axis `minor`: how far the AUC lies above that without it; for one that is off, how far it would rise.
    With `items`, how many gave such a cue at all, and how many of these were a minor's: where they are few, or all or none, the
    gain's interval is narrower than what is known."""
    truth = [bool(one.truth.is_minor) for one in observed]
    found: dict[str, JsonValue] = {}
    for rule in (rule for rule in rules.rules if rule.axis == "minor"):
        with_it, without = (_scores(observed, _switched(rules, rule, is_on=is_on)) for is_on in (True, False))
        having = [any(_is_of(rule, cue.name, cue.value.get("label")) for cue in one.look.cues) for one in observed]
        gain = shown(auc_difference(with_it, without, truth)) if any(having) else None
        minors = shown(share_of([is_minor for is_minor, has_it in zip(truth, having, strict=True) if has_it]))
        found[rule.name] = {"items": sum(having), "minors": minors, "is_on": "on" if rule.is_on else "off", "gain": gain}
    return found


def _is_of(rule: Rule, name: str, label: object) -> bool:
    return name == rule.cue and rule.label in (None, label)


def _switched(rules: Rules, rule: Rule, *, is_on: bool) -> Rules:
    changed = tuple(msgspec.structs.replace(one, is_on=is_on) if one is rule else one for one in rules.rules)
    return msgspec.structs.replace(rules, rules=changed)


def _scores(observed: Sequence[Observed[Truth]], rules: Rules) -> list[float]:
    return [_assessed(one, rules).axes["minor"].score for one in observed]


def _order_figures(observed: Sequence[Observed[Truth]], assessed: Sequence[Assessment]) -> dict[str, JsonValue]:
    """Of the items of which it is known whether a person should look: the order of the list, and the levels."""
    known = [
        (found, one.truth.is_to_look) for one, found in zip(observed, assessed, strict=True) if one.truth.is_to_look is not None
    ]
    if not known:
        return {}
    ordered = sorted(known, key=lambda one: (list(Level).index(one[0].level), -one[0].score))
    wanted = sum(bool(is_to_look) for _, is_to_look in known)
    top = sum(bool(is_to_look) for _, is_to_look in ordered[:TOP])
    return {
        "list_auc": shown(auc_interval([-place for place in range(len(ordered))], [bool(one) for _, one in ordered])),
        "precision_at_20": shown(share(top, min(TOP, len(ordered)))),
        "recall_at_20": shown(share(top, wanted)),
        "levels": {
            level.value: {
                "to_look_at": sum(found.level is level for found, is_to_look in known if is_to_look),
                "others": sum(found.level is level for found, is_to_look in known if not is_to_look),
            }
            for level in Level
        },
    }


ASSESSMENT = Task("assessment", EVERY, (), read_truth, assessment_figures, one_of=("minor", "look"))
