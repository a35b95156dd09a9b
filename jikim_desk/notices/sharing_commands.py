"""`jikim hosts key | export | import`: the host directory from one centre to another."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

hosts_app = typer.Typer(no_args_is_help=True, help="Host directory between centres / 기관 사이의 호스트 목록")
_As = Annotated[str, typer.Option("--as", metavar="NAME", help="The lead who does it / 하는 팀장")]


@hosts_app.command("key")
def key_command() -> None:
    """Says what another centre puts into its settings to share with this one / 다른 기관이 설정에 적을 값을 보인다."""
    lang = _set_up()
    from jikim_desk import words
    from jikim_desk.notices import sharing
    from jikim_desk.sealing import vault

    typer.echo(words.say("sharing.keys", lang, recipient=sharing.own_recipient(), public_key=vault().public_key().hex()))


@hosts_app.command("export")
def export_command(
    centre: Annotated[str, typer.Argument(metavar="CENTRE", help="A centre in the settings / 설정에 적힌 기관")],
    file: Annotated[Path, typer.Argument(metavar="FILE.age", dir_okay=False)],
    name: _As,
) -> None:
    """Writes the host directory for one other centre, encrypted and signed / 호스트 목록을 한 기관만 열 수 있게 내보낸다."""
    lang = _set_up()
    from jikim_desk import words
    from jikim_desk.accounts import at_terminal
    from jikim_desk.notices import sharing

    sealed = sharing.export(sharing.lead(name, at_terminal.ask_password(name, lang)), centre)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as writing:
        writing.write(sealed)
    typer.echo(words.say("sharing.written", lang, file=file, centre=centre))


@hosts_app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(metavar="FILE.age", exists=True, dir_okay=False, readable=True)], name: _As
) -> None:
    """Takes in the host directory of another centre; entries that are there stay / 다른 기관의 호스트 목록을 들인다."""
    lang = _set_up()
    from jikim_desk import words
    from jikim_desk.accounts import at_terminal
    from jikim_desk.notices import sharing

    taken = sharing.take_in(sharing.lead(name, at_terminal.ask_password(name, lang)), file.read_bytes())
    counts = {"new": taken.new, "known": taken.known, "unusable": taken.unusable}
    typer.echo(words.say("sharing.taken", lang, centre=taken.centre, **counts))


def _set_up() -> str:
    """Readies the desk; the language of the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jikim_desk.settings")
    import django

    from jikim_desk.config import jikim_config

    django.setup()
    return jikim_config().lang
