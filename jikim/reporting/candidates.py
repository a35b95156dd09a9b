"""One candidate in the report: in full with its reasons and the timeline of its videos, or as a row of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from jikim.messages import render
from jikim.rendering import reason_text
from jikim.reporting.page import both, clock, instant, one_line, plain, say, words
from jikim.reporting.timeline import timeline
from jikim.scan import Sketch
from jikim.sweep import Found
from jikim.types import Assessment, Axis, AxisState, Cue, MediaKind, Reason

MOST_REASONS = 12
MOST_PROBLEMS = 5
MOST_TIMES = 4
MOST_TIMELINES = 3
MOST_SKETCHES = 3
CELL_PX = 4
FULL_BAR = 7.0
"""The contribution, in log-odds, that fills a bar."""

HIGH, MIDDLE = 0.5, 0.2
"""From which score on an axis is called high or middling; the number stands beside the word."""

Reference = Callable[[str, str], str]


def article(place: int, found: Found, reference: Reference) -> str:
    """A candidate in full, as an item of the list of finds."""
    candidate, assessment = found.candidate, found.assessment
    shown_id = reference("candidate", candidate.id)
    parts = [
        f'<li class="sheet" value="{place}"><h3>{place}. {level(assessment)} <span class="id">{words(shown_id[:12])}</span>'
        f" · {words(candidate.source)}</h3>",
        _whereabouts(found),
        _axes(assessment),
        _reasons(assessment),
        _timelines(found),
        _sketches(found),
        _problems(found),
        f'<p class="quiet">{say("reporting.found_at")} {both(instant(candidate.found_at.astimezone()))}'
        f'<br>{say("reporting.id")} <span class="id">{words(shown_id)}</span></p></li>',
    ]
    return "".join(parts)


def row(place: int, found: Found, reference: Reference) -> str:
    """A candidate in one row of the table of the rest."""
    assessment = found.assessment
    strongest = assessment.reasons[0] if assessment.reasons else None
    reason = both(reason_text(strongest, is_masked=not assessment.is_test)) if strongest else say("reporting.no_reason")
    return (
        f'<tr><td class="number">{place}</td><td>{say(f"level.{assessment.level}")}</td>'
        f'<td class="number">{assessment.score:.2f}</td>'
        f'<td class="id">{words(reference("candidate", found.candidate.id)[:12])}</td>'
        f"<td>{words(found.candidate.source)}</td><td>{reason}</td></tr>"
    )


def level(assessment: Assessment) -> str:
    """The level as a word on a ground of its own."""
    return f'<span class="level {assessment.level}">{say(f"level.{assessment.level}")}</span>'


def _whereabouts(found: Found) -> str:
    """What leads there, which only practice may show."""
    if not found.assessment.is_test:
        return ""
    title, url = plain(found.candidate.title), plain(found.candidate.url)
    return f'<p>{title}<br><span class="quiet">{say("reporting.practice")} · {url}</span></p>'


def _axes(assessment: Assessment) -> str:
    shown = [_axis(name, axis) for name, axis in assessment.axes.items()]
    score = f"<span>{say('reporting.order_score')} {assessment.score:.2f}</span>"
    return f'<div class="axes">{"".join(shown)}{score}</div>'


def _axis(name: str, axis: Axis) -> str:
    if axis.state is AxisState.CANNOT_TELL:
        return f"<span>{say(f'axis.{name}.cannot_tell')}</span>"
    degree = "high" if axis.score >= HIGH else "middle" if axis.score >= MIDDLE else "low"
    message = {"score": axis.score, "low": axis.low, "high": axis.high}
    return (
        f"<span>{say(f'reporting.axis_{name}', degree={'message': f'reporting.degree_{degree}'})} "
        f'<svg width="120" height="12" role="img"><title>{one_line(f"axis.{name}", **message)}</title>'
        f'<rect class="track" y="5" width="120" height="2"/>'
        f'<rect class="span" x="{axis.low * 120:.1f}" y="2" width="{max(1.0, (axis.high - axis.low) * 120):.1f}" height="8"/>'
        f'<circle class="point" cx="{min(max(axis.score * 120, 4), 116):.1f}" cy="6" r="4"/></svg> '
        f'<span class="quiet">{axis.score:.0%} ({axis.low:.0%}~{axis.high:.0%})</span></span>'
    )


def _reasons(assessment: Assessment) -> str:
    if not assessment.reasons:
        return f'<p class="quiet">{say("reporting.no_reason")}</p>'
    shown = assessment.reasons[:MOST_REASONS]
    items = "".join(_reason(reason, is_masked=not assessment.is_test) for reason in shown)
    return f'<ul class="reasons">{items}</ul>{_more(len(assessment.reasons) - len(shown))}'


def _reason(reason: Reason, *, is_masked: bool) -> str:
    sentence = both(reason_text(reason, is_masked=is_masked))
    when = moments(reason.cues)
    return f"<li>{_bar(reason.weight)}<span>{sentence}{f' · {words(when)}' if when else ''}</span></li>"


def _bar(weight: float) -> str:
    if weight == 0:
        return "<span></span>"
    width = min(abs(weight) / FULL_BAR, 1.0) * 80 + 2
    kind, key = ("bar", "reporting.adds") if weight > 0 else ("less", "reporting.lowers")
    return (
        f'<svg width="86" height="10" role="img"><title>{one_line(key, weight=abs(weight))}</title>'
        f'<rect class="{kind}" x="1" y="1" width="{width:.1f}" height="8" rx="1.5"/></svg>'
    )


def moments(cues: Iterable[Cue]) -> str:
    """The times of cues in a video, each second once, the first few of them."""
    times = sorted({int(cue.at_s) for cue in cues if cue.at_s is not None})
    shown = ", ".join(clock(time_s) for time_s in times[:MOST_TIMES])
    return f"{shown} … ({len(times)})" if len(times) > MOST_TIMES else shown


def _timelines(found: Found) -> str:
    """One for each video of the candidate; only the first one's length is known, the others end with their last cue."""
    look = found.look
    by_media: dict[str | None, list[Cue]] = {}
    for cue in look.cues:
        if cue.at_s is not None:
            by_media.setdefault(cue.media_id, []).append(cue)
    first = look.media.id if look.media else None
    drawn = [
        timeline(cues, look.media.duration_s if look.media and media_id == first else None)
        for media_id, cues in list(by_media.items())[:MOST_TIMELINES]
    ]
    if not drawn and look.media and look.media.kind is MediaKind.VIDEO:
        length = clock(look.media.duration_s or 0.0)
        drawn = [f'<p class="quiet">{say("reporting.no_cues", length=length, frames=look.frames)}</p>']
    return "".join(drawn) + _more(len(by_media) - MOST_TIMELINES)


def _sketches(found: Found) -> str:
    """The frames that gave cues, where sketches were asked for: grey, blurred, 64 pixels, drawn from 16 means a side."""
    drawn = "".join(_sketch(one) for one in found.look.sketches[:MOST_SKETCHES])
    return f'<div class="sketches">{drawn}</div>' if drawn else ""


def _sketch(one: Sketch) -> str:
    side = f'width="{CELL_PX}" height="{CELL_PX}"'
    cells = "".join(
        f'<rect x="{x * CELL_PX}" y="{y * CELL_PX}" {side} fill="#{grey:02x}{grey:02x}{grey:02x}"/>'
        for y, row in enumerate(one.rows)
        for x, grey in enumerate(row)
    )
    width, height = CELL_PX * len(one.rows[0]), CELL_PX * len(one.rows)
    name = say("reporting.sketch") + (f" {clock(one.at_s)}" if one.at_s is not None else "")
    return (
        f'<figure><svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" aria-hidden="true">'
        f'<g class="blurred">{cells}</g></svg><figcaption class="quiet">{name}</figcaption></figure>'
    )


def _problems(found: Found) -> str:
    """What could not be done with it, each problem once."""
    problems = [render("reporting.still_provisional", {})] if not found.is_final else []
    problems += [failure.error.message(masked=not found.assessment.is_test) for failure in found.look.failures]
    problems = list(dict.fromkeys(problems))
    if not problems:
        return ""
    items = "".join(f"<li>{both(problem)}</li>" for problem in problems[:MOST_PROBLEMS])
    return f'<ul class="problems">{items}</ul>{_more(len(problems) - MOST_PROBLEMS)}'


def _more(count: int) -> str:
    return f'<p class="quiet">{say("reporting.more", count=count)}</p>' if count > 0 else ""
