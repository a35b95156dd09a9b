"""`jikim learn`: proposes weights from what was decided."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds `learn` to `jikim`."""
    app.command("learn")(learn_command)


def learn_command(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object / JSON으로")] = False,
) -> None:
    """Proposes weights from decisions; a lead switches them on / 검토 결과에서 가중치를 제안한다. 켜는 것은 팀장이 한다."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jikim_desk.settings")
    import django

    django.setup()
    from django.db import OperationalError, ProgrammingError

    from jikim_desk import words
    from jikim_desk.config import jikim_config
    from jikim_desk.faults import CannotStart
    from jikim_desk.figures.proposing import propose

    try:
        proposal, lesson = propose(None)
    except (ProgrammingError, OperationalError) as error:
        if isinstance(error, ProgrammingError) or "no such" in str(error):
            raise CannotStart("serving.older_database") from error
        raise CannotStart("serving.no_database", problem=str(error).strip().splitlines()[0]) from error
    if as_json:
        found = {"schema": 1, "proposal": proposal.pk, "taught_on": lesson.taught_on, **asdict(lesson.comparison)}
        typer.echo(json.dumps(found))
        return
    lang = jikim_config().lang
    typer.echo(words.say("figures.learned", lang, count=lesson.taught_on, held=lesson.comparison.decisions))
    for name in ("order", "precision_at_20", "recall_at_5", "calibration_error", "surprise"):
        champion, challenger = (getattr(one, name) for one in (lesson.comparison.champion, lesson.comparison.challenger))
        shown = {
            "now": f"{champion.value:.3f} ({champion.low:.3f}-{champion.high:.3f})",
            "proposed": f"{challenger.value:.3f} ({challenger.low:.3f}-{challenger.high:.3f})",
        }
        typer.echo(words.say(f"figures.{name}", lang, **shown))
    verdict = "figures.recommended" if lesson.comparison.is_better else "figures.not_recommended"
    typer.echo(words.say(verdict, lang, sureness=f"{100 * lesson.comparison.sureness:.0f}"))
