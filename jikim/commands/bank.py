"""The arguments of `jikim bank`; what they do is in `banking.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jikim import config as configuration

bank_app = typer.Typer(no_args_is_help=True, help="Banks of known material / 대조목록")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The bank / 대조목록 이름")]
Items = Annotated[list[str], typer.Argument(metavar="ITEM...", help="sha256 or its first 8 digits / 항목의 sha256 앞자리")]
Source = Annotated[str, typer.Option(help="Where it comes from / 출처")]
Note = Annotated[str, typer.Option(help="A note / 메모")]
Label = Annotated[str, typer.Option(help="What to call it / 이름표")]
FormName = Annotated[str | None, typer.Option("--form", metavar="text|csv|vpdq", help="The form of the file / 파일 형식")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line / 한 줄에 JSON 하나")]


@bank_app.command("create")
def create(
    name: Name,
    allow_list: Annotated[bool, typer.Option("--allow-list", help="Of harmless look-alikes / 무해한 유사 자료 목록")] = False,
    distance: Annotated[int, typer.Option(min=0, max=31, help="PDQ bits that may differ / 허용 PDQ 거리")] = 31,
    score: Annotated[float, typer.Option(min=0, max=1, help="Tell matches from this score / 최저 점수")] = 0.0,
    flood: Annotated[int, typer.Option(min=1, help="Files a day before an item is set aside / 격리 기준")] = 200,
    note: Note = "",
) -> None:
    """Makes an empty bank / 대조목록을 만든다."""
    from jikim.commands import banking
    from jikim.copies.bank_items import BankSettings

    settings = BankSettings(allow_list, True, distance, score, flood, note)
    raise typer.Exit(banking.create(configuration.load(), name, settings))


@bank_app.command("add")
def add(
    name: Name,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...")],
    label: Label = "",
    label_from_name: Annotated[bool, typer.Option("--label-from-name", help="The file's name / 파일 이름을 이름표로")] = False,
    source: Source = "",
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """Adds pictures and videos; only fingerprints are kept / 자료를 넣는다. 지문만 남긴다."""
    from jikim.commands import banking

    config = configuration.load()
    label_of = (lambda path: path.stem) if label_from_name else (lambda _: label)
    raise typer.Exit(banking.add(config, name, files, label_of, source, note, as_json=as_json))


@bank_app.command("remove")
def remove(
    name: Name,
    items: Annotated[list[str] | None, typer.Argument(metavar="ITEM...")] = None,
    whole: Annotated[bool, typer.Option("--whole", help="The bank itself / 대조목록 전체")] = False,
) -> None:
    """Removes items for good, or a whole bank / 항목이나 대조목록을 지운다."""
    from jikim.commands import banking

    raise typer.Exit(banking.remove(configuration.load(), name, items or [], whole=whole))


@bank_app.command("disable")
def disable(
    name: Name,
    items: Annotated[list[str] | None, typer.Argument(metavar="ITEM...")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take them up again / 다시 쓴다")] = False,
) -> None:
    """Leaves items, or the bank without ITEM, out of every answer / 항목이나 대조목록을 쓰지 않는다."""
    from jikim.commands import banking

    raise typer.Exit(banking.disable(configuration.load(), name, items or [], undo=undo))


@bank_app.command("confirm")
def confirm(name: Name, items: Items) -> None:
    """Records that a person found items right / 사람이 확인한 항목으로 기록한다."""
    from jikim.commands import banking

    raise typer.Exit(banking.judge(configuration.load(), name, items, is_right=True))


@bank_app.command("reject")
def reject(name: Name, items: Items) -> None:
    """Records that items are wrong: never found again / 잘못된 항목으로 기록해 다시 쓰지 않는다."""
    from jikim.commands import banking

    raise typer.Exit(banking.judge(configuration.load(), name, items, is_right=False))


@bank_app.command("list")
def show(name: Annotated[str | None, typer.Argument(metavar="NAME")] = None, as_json: AsJson = False) -> None:
    """The banks, or the items of one / 대조목록이나 그 항목을 보인다."""
    from jikim.commands import banking

    config = configuration.load()
    raise typer.Exit(banking.show_items(config, name, as_json=as_json) if name else banking.show(config, as_json=as_json))


@bank_app.command("import")
def bring_in(
    name: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    source: Source = "",
    label: Label = "",
    form: FormName = None,
) -> None:
    """Takes in hashes from others; never passed on / 다른 기관의 해시를 들여온다. 다시 내보내지 않는다."""
    from jikim.commands import banking

    raise typer.Exit(banking.bring_in(configuration.load(), name, file, source, label, form))


@bank_app.command("export")
def take_out(
    name: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE|DIR", help="A folder for vpdq / vpdq는 폴더")],
    form: FormName = None,
) -> None:
    """Writes the hashes of one's own items for others / 우리 자료의 해시를 내보낸다."""
    from jikim.commands import banking

    raise typer.Exit(banking.take_out(configuration.load(), name, file, form))
