"""`jikim audit verify | export | stamp`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

audit_app = typer.Typer(no_args_is_help=True, help="The audit chain / 감사 기록")


def register(app: typer.Typer) -> None:
    """Adds the commands of the chain to `jikim`."""
    app.add_typer(audit_app, name="audit")


@audit_app.command("verify")
def verify_command(
    exports: Annotated[
        list[Path] | None, typer.Argument(metavar="EXPORT.zip...", help="Earlier exports / 전에 내보낸 파일")
    ] = None,
) -> None:
    """Finds any change to the chain, and whether it still continues earlier exports / 감사 기록이 바뀌었는지 검증한다."""
    lang = _set_up()
    from jikim_desk import words
    from jikim_desk.audit import exporting, verifying

    verdict = verifying.verify()
    for remark in (*verdict.problems, *verdict.notes):
        typer.echo(_line(remark, lang))
    has_failed = not verdict.is_whole
    for path in exports or ():
        remarks = exporting.check(path)
        has_failed |= any(remark.key != "audit.export.not_stamped" for remark in remarks)
        for remark in remarks or [verifying.Remark("audit.export.holds")]:
            typer.echo(f"{path}: {_line(remark, lang)}")
    key = "audit.verified" if verdict.is_whole else "audit.broken"
    typer.echo(words.say(key, lang, entries=verdict.entries, hash=verdict.last_hash, problems=len(verdict.problems)))
    raise typer.Exit(1 if has_failed else 0)


@audit_app.command("export")
def export_command(
    path: Annotated[Path, typer.Argument(metavar="FILE.zip")],
    first: Annotated[int, typer.Option(min=1, metavar="NUMBER", help="From this entry on / 이 번호부터")] = 1,
) -> None:
    """Writes the chain, signed and stamped / 서명하고 시점 확인을 받아 내보낸다."""
    lang = _set_up()
    from jikim_desk import words
    from jikim_desk.audit import exporting

    done = exporting.export(path, actor=None, first=first)
    if done.why_not:
        typer.echo(done.why_not.message().in_language(lang), err=True)
        typer.echo(words.say("audit.exported_unstamped", lang, file=path, last=done.manifest.last))
        raise typer.Exit(1)
    typer.echo(words.say("audit.exported", lang, file=path, last=done.manifest.last, at=done.stamped_at))


@audit_app.command("stamp")
def stamp_command(path: Annotated[Path, typer.Argument(metavar="FILE.zip")]) -> None:
    """Stamps an export that is not yet stamped / 아직 시점 확인이 없는 파일에 확인을 받는다."""
    lang = _set_up()
    from jikim_desk import words
    from jikim_desk.audit import exporting

    typer.echo(words.say("audit.stamped", lang, file=path, at=exporting.stamp_later(path)))


def _set_up() -> str:
    """Django, without a server; returns the language of this machine."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jikim_desk.settings")
    import django

    from jikim_desk.config import jikim_config

    django.setup()
    return jikim_config().lang


def _line(remark: object, lang: str) -> str:
    from jikim_desk import words
    from jikim_desk.audit.verifying import Remark

    assert isinstance(remark, Remark)
    sentence = words.say(remark.key, lang, **remark.params)
    return f"{remark.number}: {sentence}" if remark.number else sentence
