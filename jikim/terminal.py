"""The sweep and the scan for a person at a terminal: progress with a clock, then the ranking with its reasons.

Where nobody watches (no terminal) the progress is left out and the ranking is plain text.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from jikim.messages import render
from jikim.rendering import reason_text
from jikim.sweep import Found, Health, in_order
from jikim.types import Assessment, AxisState, Level

_LEVEL_STYLE = {Level.URGENT: "bold red", Level.LOOK: "bold", Level.NONE: "dim"}
ROWS_WHILE_RUNNING = 10
ROWS_PRINTED = 30
REASONS_SHOWN = 3


def say(lang: str, key: str, **params: Any) -> str:
    """A message in the language of the person at the terminal."""
    return render(key, params).in_language(lang)


class SweepView:
    """Progress of one sweep: a clock, the places and their state, and the best so far."""

    def __init__(self, keyword: str, lang: str, budget_s: float, reference: Callable[[str, str], str]) -> None:
        self.console = Console(file=sys.stdout, highlight=False, soft_wrap=not sys.stdout.isatty())
        self.found: dict[str, Found] = {}
        self.health: dict[str, Health] = {}
        self._keyword, self._lang, self._budget_s, self._reference = keyword, lang, budget_s, reference
        self._start = time.monotonic()
        self._first_s: float | None = None
        self._live = Live(get_renderable=self._progress, console=self.console, refresh_per_second=4, transient=True)

    def __enter__(self) -> SweepView:
        if self.console.is_terminal:
            self._live.__enter__()
        return self

    def __exit__(self, *args: Any) -> None:
        if self.console.is_terminal:
            self._live.__exit__(*args)

    def add(self, found: Found) -> None:
        """Takes in a find, provisional or final."""
        self._first_s = self._first_s or self.took_s
        self.found[found.candidate.id] = found

    @property
    def took_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    def print_ranking(self) -> None:
        """The finds in the order of work with their reasons, then how every place answered."""
        ranked = in_order(self.found.values())
        for place, found in enumerate(ranked[:ROWS_PRINTED], 1):
            self.console.print(self._line(place, found))
            for line in self._reason_lines(found.assessment):
                self.console.print(Text("       " + line))
        if len(ranked) > ROWS_PRINTED:
            self.console.print(Text("     " + say(self._lang, "terminal.more", count=len(ranked) - ROWS_PRINTED)))
        counts = {level: sum(found.assessment.level is level for found in ranked) for level in Level}
        self.console.print()
        self.console.print(
            say(
                self._lang,
                "terminal.summary" if ranked else "terminal.nothing",
                keyword=escape(self._keyword),
                count=len(ranked),
                took_s=self.took_s,
                first_s=self._first_s or 0.0,
                urgent=counts[Level.URGENT],
                look=counts[Level.LOOK],
                none=counts[Level.NONE],
            )
        )
        for line in self.place_lines():
            self.console.print(line)

    def place_lines(self) -> list[str]:
        """One line a place: its state and what it found; what is wrong with it, if anything."""
        lines = []
        for name, health in self.health.items():
            state = say(self._lang, f"state.{health.state}")
            lines.append(say(self._lang, "terminal.place", name=name, state=state, found=health.found))
        return lines

    def _progress(self) -> RenderableType:
        final = sum(found.is_final for found in self.found.values())
        clock = say(
            self._lang, "terminal.clock", took_s=self.took_s, budget_s=self._budget_s, found=len(self.found), final=final
        )
        table = Table.grid(padding=(0, 1))
        for place, found in enumerate(in_order(self.found.values())[:ROWS_WHILE_RUNNING], 1):
            table.add_row(self._line(place, found))
        return Group(Text(clock, style="bold"), *map(Text, self.place_lines()), table)

    def _line(self, place: int, found: Found) -> Text:
        assessment = found.assessment
        level = say(self._lang, f"level.{assessment.level}")
        shown = self._reference("candidate", found.candidate.id)[:12]
        title = (
            set_cell_size(found.candidate.title, 40)
            if assessment.is_test and cell_len(found.candidate.title) > 40
            else (found.candidate.title if assessment.is_test else "")
        )
        text = Text(f"{place:>3}. ")
        text.append(f"{level} ", style=_LEVEL_STYLE[assessment.level])
        text.append(f"{assessment.score:.2f}  {shown}  {found.candidate.source}  {title}")
        if assessment.is_test:
            text.append(" [TEST]", style="dim")
        return text

    def _reason_lines(self, assessment: Assessment) -> list[str]:
        return reason_lines(assessment, self._lang, is_masked=not assessment.is_test)


def reason_lines(assessment: Assessment, lang: str, *, is_masked: bool) -> list[str]:
    """The strongest reasons as sentences, with the time in a video where there is one."""
    lines = []
    for reason in assessment.reasons[:REASONS_SHOWN]:
        at_s = next((cue.at_s for cue in reason.cues if cue.at_s is not None), None)
        when = f" ({int(at_s) // 60:02d}:{int(at_s) % 60:02d})" if at_s is not None else ""
        lines.append("- " + reason_text(reason, is_masked=is_masked).in_language(lang) + when)
    return lines


def print_scan(console: Console, name: str, assessment: Assessment, lang: str, *, is_masked: bool) -> None:
    """One scanned input: what it is suspected of and why."""
    level = say(lang, f"level.{assessment.level}")
    console.print(Text(f"{name}: {level} {assessment.score:.2f}"))
    for axis in ("minor", "sexual"):
        console.print(Text("  " + axis_text(axis, assessment, lang)))
    for line in reason_lines(assessment, lang, is_masked=is_masked):
        console.print(Text("  " + line))


def axis_text(name: str, assessment: Assessment, lang: str) -> str:
    """An axis in words, its number with the interval."""
    axis = assessment.axes[name]
    if axis.state is AxisState.CANNOT_TELL:
        return say(lang, f"axis.{name}.cannot_tell")
    return say(lang, f"axis.{name}", score=axis.score, low=axis.low, high=axis.high)


def summary_object(
    keyword: str, view: Mapping[str, Health], candidates: int, took_s: float, errors: list[Any]
) -> dict[str, Any]:
    """The last line of `jikim sweep --json`."""
    sources = {name: {"state": str(health.state), "found": health.found} for name, health in view.items()}
    summary = {"keyword": keyword, "candidates": candidates, "sources": sources, "took_s": round(took_s, 2), "errors": errors}
    return {"schema": 1, "summary": summary}
