"""`jikim keys code | backup | restore`: the paper recovery code and the backups of keys that it opens."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

keys_app = typer.Typer(no_args_is_help=True, help="Backups of keys and the paper code / 키 백업과 종이 복구 코드")


def register(app: typer.Typer) -> None:
    """Adds the commands of keys to `jikim`."""
    app.add_typer(keys_app, name="keys")
    from jikim_desk.audit.commands import audit_app

    audit_app.command("acknowledge")(acknowledge_command)


@keys_app.command("code")
def code_command() -> None:
    """Makes a new paper recovery code; backups from before keep the earlier one / 종이 복구 코드를 새로 만든다."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jikim_desk.settings")
    import django

    django.setup()
    from jikim_desk.accounts import first_start
    from jikim_desk.faults import CannotStart
    from jikim_desk.sealing import vault

    if not sys.stdin.isatty():
        raise CannotStart("accounts.keys.needs_terminal")
    vault().public_key()
    first_start.put_on_paper(first_start.Terminal(typer.echo, input))


@keys_app.command("backup")
def backup_command() -> None:
    """Writes the backup of keys anew, for the code on paper / 키 백업을 새로 쓴다."""
    from jikim.vault import recovery
    from jikim_desk import words
    from jikim_desk.config import jikim_config

    config = jikim_config()
    typer.echo(words.say("accounts.keys.backed_up", config.lang, file=recovery.back_up(config.home)))


@keys_app.command("restore")
def restore_command(
    backup: Annotated[Path | None, typer.Argument(metavar="FILE.age", help="The backup / 백업 파일")] = None,
) -> None:
    """Puts missing keys back, with the code from paper; writes over nothing / 종이 복구 코드로 없어진 키를 되돌린다."""
    from jikim.vault import recovery
    from jikim_desk import words
    from jikim_desk.config import jikim_config

    config = jikim_config()
    code = typer.prompt(words.say("accounts.keys.ask_code", config.lang), hide_input=sys.stdin.isatty())
    restored = recovery.restore(config.home, code, backup or config.home / recovery.BACKUP)
    typer.echo(words.say("accounts.keys.restored", config.lang, count=len(restored)))
    for name in restored:
        typer.echo(f"  keys/{name}")


def acknowledge_command(
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="Who acknowledges it / 확인하는 사람")],
) -> None:
    """Puts on record, signed, that an older database was put back / 이전 백업으로 되돌린 데이터베이스를 확인한다."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jikim_desk.settings")
    import django

    django.setup()
    from jikim_desk import words
    from jikim_desk.accounts import acknowledging, at_terminal
    from jikim_desk.config import jikim_config

    lang = jikim_config().lang
    lost = acknowledging.acknowledge(name, at_terminal.ask_password(name, lang))
    typer.echo(words.say("audit.acknowledged", lang, known=lost.known, found=lost.found, number=lost.number))
