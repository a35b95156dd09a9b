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


def _ablation(observed: Sequence[Observed[Truth]], rules: Rules) -> dict[str, JsonValue]:
    """Of each rule of the axis `minor`: how far the AUC lies above that without it; for one that is off, how far it would rise.
    With `items`, how many gave such a cue at all."""
    truth = [bool(one.truth.is_minor) for one in observed]
    found: dict[str, JsonValue] = {}
    for rule in (rule for rule in rules.rules if rule.axis == "minor"):
        with_it, without = (_scores(observed, _switched(rules, rule, is_on=is_on)) for is_on in (True, False))
        items = sum(any(_is_of(rule, cue.name, cue.value.get("label")) for cue in one.look.cues) for one in observed)
        gain = shown(auc_difference(with_it, without, truth)) if items else None
        found[rule.name] = {"items": items, "is_on": "on" if rule.is_on else "off", "gain": gain}
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
