"""`jikim evidence verify`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from jikim_desk.notices.sharing_commands import hosts_app

evidence_app = typer.Typer(no_args_is_help=True, help="Evidence packs / 채증 자료")


def register(app: typer.Typer) -> None:
    """Adds the commands of evidence packs and of the host directory to `jikim`."""
    app.add_typer(evidence_app, name="evidence")
    app.add_typer(hosts_app, name="hosts")


@evidence_app.callback()
def _group() -> None:
    """Evidence packs / 채증 자료."""


@evidence_app.command("verify")
def verify_command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE.zip...", exists=True, dir_okay=False, readable=True)],
    key: Annotated[
        str,
        typer.Option(
            metavar="HEX", help="Public key of the centre it has to come from; empty for this one's / 발급 기관의 공개키"
        ),
    ] = "",
    any_key: Annotated[bool, typer.Option("--any-key", help="Whoever signed it / 누가 서명했든")] = False,
) -> None:
    """Finds any change to an evidence pack / 채증 자료가 바뀌지 않았는지 검증한다."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jikim_desk.settings")
    import django

    from jikim_desk.config import jikim_config

    django.setup()
    from jikim_desk import words
    from jikim_desk.notices import packing
    from jikim_desk.sealing import vault

    lang = jikim_config().lang
    try:
        wanted = None if any_key else bytes.fromhex(key) if key else vault().public_key()
    except ValueError:
        wanted = b""
    if wanted is not None and len(wanted) != 32:
        typer.echo(words.say("evidence.verify.bad_key", lang), err=True)
        raise typer.Exit(2)
    has_failed = False
    for file in files:
        verdict = packing.verify(file, public_key=wanted)
        for remark in verdict.remarks:
            typer.echo(f"{file}: {words.say(remark.key, lang, **remark.params)}")
        number = verdict.manifest.number if verdict.manifest else "-"
        key_of_result = "evidence.verify.whole" if verdict.is_whole else "evidence.verify.broken"
        typer.echo(f"{file}: {words.say(key_of_result, lang, number=number)}")
        if verdict.stamped_at:
            typer.echo(f"{file}: {words.say('evidence.verify.stamped', lang, at=verdict.stamped_at)}")
        has_failed |= not verdict.is_whole
    raise typer.Exit(1 if has_failed else 0)
