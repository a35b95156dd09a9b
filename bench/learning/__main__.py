"""Learning on a drifting stream, against weights that stay as they are:

    python -m bench.learning [--days 28] [--seeds 1 2 3 4 5]

Each day 20 finds are decided, those that the rules in force put first, and 5 more at random; one decision in twenty is wrong.
Every other day from 50 decisions on a challenger is made, and switched on where `learn` recommends it, as a lead would. Both
sets of rules order the same 400 finds a day. Printed for every seed: precision at 20 of the fixed rules and of those that
learn over the days after 200 decisions, and the worst four days together, with its noise (twice the standard error of a mean
over four days).
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from bench.learning.stream import Find, days
from jikim.assessing import assess
from jikim.assessing.learning import FEWEST, FEWEST_OF_A_KIND, Decided, Verdict, learn
from jikim.assessing.learning_figures import precision_at
from jikim.assessing.rules import Rules, shipped

DECIDED_FIRST = 20
DECIDED_AT_RANDOM = 5
WRONG = 0.05
LEARNED_EVERY_DAYS = 2
MEASURED_AFTER = 200
TOGETHER = 4


@dataclass(frozen=True, slots=True)
class Run:
    """Precision at 20 of each day, the decisions there were before it, and on which days a challenger was switched on."""

    fixed: np.ndarray
    learned: np.ndarray
    decisions: np.ndarray
    switched_on: list[int]


def main() -> None:
    """Runs every seed and prints what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=28)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    chosen = parser.parse_args()
    gains = []
    for seed in chosen.seeds:
        run = _run(chosen.days, seed)
        after = run.decisions >= MEASURED_AFTER
        fixed, learned = float(run.fixed[after].mean()), float(run.learned[after].mean())
        worst, noise = _worst(run)
        gains.append(learned / fixed - 1)
        print(
            f"seed {seed}: precision at 20 after {MEASURED_AFTER} decisions: fixed {fixed:.3f}, learned {learned:.3f}, "
            f"{gains[-1]:+.0%}; worst {TOGETHER} days {worst:+.3f} (noise {noise:.3f}); on {len(run.switched_on)} times, "
            f"first on day {run.switched_on[0] + 1 if run.switched_on else '-'}",
            flush=True,
        )
        print("  fixed   " + " ".join(f"{value:.2f}" for value in run.fixed))
        print("  learned " + " ".join(f"{value:.2f}" for value in run.learned), flush=True)
    print(f"least gain {min(gains):+.0%}, mean {np.mean(gains):+.0%} over {len(gains)} seeds")


def _run(count: int, seed: int) -> Run:
    random = np.random.default_rng(seed + 1000)
    fixed, learned, decisions, switched_on = [], [], [], []
    rules, decided = shipped(), list[Decided]()
    for day, finds in enumerate(days(count, seed)):
        scores = _scores(finds, rules)
        is_sought = np.array([find.truth is Verdict.CONFIRMED for find in finds])
        fixed.append(precision_at(is_sought, _scores(finds, shipped())))
        learned.append(precision_at(is_sought, scores))
        decisions.append(len(decided))
        order = np.argsort(-scores, kind="stable")
        rest = random.choice(order[DECIDED_FIRST:], DECIDED_AT_RANDOM, replace=False)
        decided += [Decided(finds[place].cues, _verdict(finds[place], random)) for place in (*order[:DECIDED_FIRST], *rest)]
        if (day + 1) % LEARNED_EVERY_DAYS == 0 and _is_enough(decided):
            lesson = learn(decided, rules)
            if lesson.comparison.is_better:
                rules = lesson.rules
                switched_on.append(day)
    return Run(np.array(fixed), np.array(learned), np.array(decisions), switched_on)


def _scores(finds: list[Find], rules: Rules) -> np.ndarray:
    return np.array([assess("", find.cues, rules=rules).score for find in finds])


def _verdict(find: Find, random: np.random.Generator) -> Verdict:
    if random.random() >= WRONG:
        return find.truth
    return Verdict.NOT_RELEVANT if find.truth is not Verdict.NOT_RELEVANT else Verdict.CONFIRMED


def _is_enough(decided: list[Decided]) -> bool:
    confirmed = sum(one.verdict is Verdict.CONFIRMED for one in decided)
    return len(decided) >= FEWEST and min(confirmed, len(decided) - confirmed) >= FEWEST_OF_A_KIND


def _worst(run: Run) -> tuple[float, float]:
    gaps = run.learned - run.fixed
    together = np.convolve(gaps, np.ones(TOGETHER) / TOGETHER, "valid")
    return float(together.min()), float(2 * gaps.std(ddof=1) / np.sqrt(TOGETHER))


if __name__ == "__main__":
    main()
