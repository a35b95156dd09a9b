"""`jikim concept teach | list | test | forget`: the arguments; what they do is in `commands/concepts.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jikim import config as configuration

concept_app = typer.Typer(no_args_is_help=True, help="Things taught from a few pictures / 사진 몇 장으로 가르치는 개념")

Name = Annotated[str, typer.Argument(metavar="NAME", help="What it is called / 개념 이름")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line / 한 줄에 JSON 하나")]


def register(app: typer.Typer) -> None:
    """Adds the commands of concepts to `jikim`."""
    app.add_typer(concept_app, name="concept")


@concept_app.command("teach")
def teach(
    name: Name,
    pictures: Annotated[list[Path], typer.Argument(metavar="PICTURE...", help="5 to 50, no faces / 5~50장, 얼굴 없이")],
    other: Annotated[list[Path] | None, typer.Option("--not", metavar="PICTURE", help="Not that / 아닌 사진")] = None,
    as_json: AsJson = False,
) -> None:
    """Teaches a garment or an object from pictures without faces / 옷이나 물건을 얼굴 없는 사진으로 가르친다."""
    from jikim.commands import concepts

    raise typer.Exit(concepts.teach(configuration.load(), name, pictures, other or [], as_json=as_json))


@concept_app.command("list")
def list_concepts(as_json: AsJson = False) -> None:
    """What has been taught and how well it is told / 가르친 개념 목록."""
    from jikim.commands import concepts

    raise typer.Exit(concepts.show(configuration.load(), as_json=as_json))


@concept_app.command("test")
def try_out(
    name: Name,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Pictures and videos / 사진과 동영상")],
    as_json: AsJson = False,
) -> None:
    """How surely files show it / 파일에 보이는지 시험한다."""
    from jikim.commands import concepts

    raise typer.Exit(concepts.try_out(configuration.load(), name, files, as_json=as_json))


@concept_app.command("forget")
def forget(name: Name) -> None:
    """Removes it with all its versions / 모든 판을 지운다."""
    from jikim.commands import concepts

    raise typer.Exit(concepts.forget(configuration.load(), name))
