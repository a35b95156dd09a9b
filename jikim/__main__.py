"""The commands. Each one composes the library and prints what it finds; none of them decides anything.

Exit status: 0 done, 1 something could not be done (said on stderr, the rest is delivered), 2 wrong use.
"""

from __future__ import annotations

import asyncio
import os
import sys
from importlib.metadata import entry_points
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from jikim import config as configuration
from jikim.commands.bank import bank_app
from jikim.errors import AuthorityMissing, BadUse, JikimError, NotConfigured
from jikim.seams import COMMANDS

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
authority_app = typer.Typer(no_args_is_help=True, help="The centre's authority on record / 기관의 법적 근거")
weights_app = typer.Typer(no_args_is_help=True, help="Model files / 모델 파일")
source_app = typer.Typer(no_args_is_help=True, help="Places to search / 출처")
app.add_typer(authority_app, name="authority")
app.add_typer(weights_app, name="weights")
app.add_typer(source_app, name="source")
key_app = typer.Typer(no_args_is_help=True, help="Keys of places, sealed / 출처의 인증 키")
source_app.add_typer(key_app, name="key")
app.add_typer(bank_app, name="bank")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line / 한 줄에 JSON 하나")]


@app.command("sweep")
def sweep_command(
    keywords: Annotated[list[str], typer.Argument(metavar="KEYWORD...", help="What to search for / 검색어")],
    source: Annotated[list[str] | None, typer.Option(metavar="NAME[=URL]", help="Where / 출처")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Candidates at most / 최대 건수")] = None,
    budget: Annotated[float | None, typer.Option(min=1, metavar="SECONDS", help="Time to spend / 시간(초)")] = None,
    as_json: AsJson = False,
    report: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write a report / 보고서 쓰기")] = None,
    sketches: Annotated[bool, typer.Option(help="Blurred grey sketches in it / 보고서에 흐린 윤곽 넣기")] = False,
    variants: Annotated[Path | None, typer.Option(metavar="FILE", help="Approved spellings / 승인한 표기")] = None,
) -> None:
    """Keyword in, ranked and explained suspicions out / 검색어로 의심 건을 찾아 순위와 이유를 보인다."""
    from jikim.commands import sweeping

    config = configuration.load()
    status = sweeping.run(
        config,
        keywords,
        source or [],
        limit,
        budget,
        as_json=as_json,
        report=report,
        has_sketches=sketches,
        variants=variants,
    )
    raise typer.Exit(status)


@app.command("scan")
def scan_command(
    inputs: Annotated[list[str] | None, typer.Argument(metavar="FILE|URL...")] = None,
    as_json: AsJson = False,
    only: Annotated[str | None, typer.Option(metavar="ANALYZER,...", help="These analyzers only / 이 분석기만")] = None,
    text: Annotated[str | None, typer.Option(help="Words that belong to it / 함께 볼 글")] = None,
) -> None:
    """Looks at files or addresses / 파일이나 주소를 살펴본다."""
    from jikim.commands import scanning

    raise typer.Exit(scanning.run(configuration.load(), inputs or [], only, text, as_json=as_json))


@app.command("match")
def match_command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Pictures and videos / 사진과 동영상")],
    bank: Annotated[str | None, typer.Option(metavar="NAME", help="This bank only / 이 대조목록만")] = None,
    as_json: AsJson = False,
) -> None:
    """Which known material files are copies of / 대조목록에 있는 자료의 사본인지 본다."""
    from jikim.commands import matching

    raise typer.Exit(matching.run(configuration.load(), files, bank, as_json=as_json))


@app.command("evaluate")
def evaluate_command(
    task: Annotated[
        str,
        typer.Argument(
            help="age, faces, tracks, same-person, objects, screen-text, speech, youth-language, sensitive, copies, assessment"
        ),
    ],
    manifest: Annotated[Path, typer.Argument(metavar="MANIFEST.tsv", help="Files and their truth / 파일과 정답")],
    as_json: AsJson = False,
    plots: Annotated[Path | None, typer.Option(metavar="DIR", help="Draw the figures here / 그림 저장")] = None,
    card: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the model card here / 모델 카드 저장")] = None,
    group_by: Annotated[str, typer.Option(metavar="COLUMN", help="The column of the groups / 집단의 열")] = "group",
    about: Annotated[str, typer.Option(metavar="TEXT", help="For the card: measured on what / 카드에 적을 자료 설명")] = "",
    only: Annotated[str | None, typer.Option(metavar="ANALYZER,...", help="For assessment / assessment에서 이것만")] = None,
) -> None:
    """How well an analyzer does on files whose truth is known / 정답을 아는 파일로 분석기를 잰다."""
    from jikim.commands import evaluating

    config = configuration.load()
    raise typer.Exit(evaluating.run(config, task, manifest, plots, card, group_by, about, only, as_json=as_json))


@app.command("practice")
def practice_command(
    port: Annotated[int, typer.Option(min=0, max=65535)] = 0,
    items: Annotated[Path | None, typer.Option(metavar="DIR", help="Serve this folder's world / 다른 자료로")] = None,
    truth: Annotated[Path | None, typer.Option(metavar="FILE.tsv", help="Write what is planted / 정답 쓰기")] = None,
) -> None:
    """A harmless platform on this machine to try everything on / 연습용 플랫폼."""
    from jikim.commands import practising

    raise typer.Exit(practising.run(configuration.load(), port, items, truth))


@app.command("check")
def check_command() -> None:
    """What works here, what is missing and how to get it / 이 컴퓨터에서 되는 것과 빠진 것."""
    from jikim.commands import checking

    raise typer.Exit(checking.run(configuration.load()))


@authority_app.command("show")
def authority_show() -> None:
    """Shows the authority in force / 등록된 근거를 보인다."""
    from jikim.commands import authorising

    raise typer.Exit(authorising.show(configuration.load()))


@authority_app.command("set")
def authority_set(
    organisation: Annotated[str, typer.Option(prompt="기관 Organisation")],
    legal_ground: Annotated[str, typer.Option(prompt="법적 근거 Legal ground")],
    responsible: Annotated[str, typer.Option(prompt="책임자 Responsible person")],
) -> None:
    """Records who may search and on what ground / 기관, 법적 근거, 책임자를 등록한다."""
    from jikim.commands import authorising

    raise typer.Exit(authorising.record(configuration.load(), organisation, legal_ground, responsible))


@weights_app.command("fetch")
def weights_fetch(
    local: Annotated[Path | None, typer.Option(metavar="DIR", help="A folder that has them / 받아 둔 폴더")] = None,
) -> None:
    """Brings the model files here and verifies them / 모델 파일을 받아 검증한다."""
    from jikim.commands import weighing

    raise typer.Exit(weighing.fetch(configuration.load(), local))


@weights_app.command("list")
def weights_list() -> None:
    """The model files, their licences and whether they are here / 모델 파일 목록."""
    from jikim.commands import weighing

    raise typer.Exit(weighing.show(configuration.load()))


@weights_app.command("verify")
def weights_verify() -> None:
    """Compares every model file with its sha256 / 모델 파일을 검증한다."""
    from jikim.commands import weighing

    raise typer.Exit(weighing.verify(configuration.load()))


@source_app.command("list")
def source_list() -> None:
    """The kinds of places that can be searched / 출처 목록."""
    from jikim.commands import listing

    raise typer.Exit(listing.show(configuration.load()))


@source_app.command("health")
def source_health(as_json: AsJson = False) -> None:
    """How each place answered last / 출처 상태."""
    from jikim.commands import listing

    raise typer.Exit(listing.health(configuration.load(), as_json=as_json))


@source_app.command("try")
def source_try(source: Annotated[str, typer.Argument(metavar="NAME[=URL]")], keyword: str) -> None:
    """Asks one place and shows how it answered / 출처 하나를 시험해 본다."""
    from jikim.commands import listing

    raise typer.Exit(listing.attempt(configuration.load(), source, keyword))


@source_app.command("accept")
def source_accept(source: Annotated[str, typer.Argument(metavar="NAME[=URL]")]) -> None:
    """Takes the way a place answers now for the usual one / 출처가 바뀐 것을 받아들인다."""
    from jikim.commands import listing

    raise typer.Exit(listing.accept(configuration.load(), source))


@source_app.command("hosts")
def source_hosts(as_json: AsJson = False) -> None:
    """Hosts that appeared in finds, for a person to decide about / 결과에 나타난 사이트."""
    from jikim.commands import listing

    raise typer.Exit(listing.hosts(configuration.load(), as_json=as_json))


@source_app.command("recipe")
def source_recipe(
    url: Annotated[str, typer.Argument(metavar="URL")],
    keyword: str,
    keep: Annotated[str | None, typer.Option(metavar="NAME", help="Try it and keep it / 시험하고 저장")] = None,
) -> None:
    """Guesses a recipe from a site's own search / 사이트의 검색창에서 레시피를 짐작한다."""
    from jikim.commands import reciping

    raise typer.Exit(reciping.guess(configuration.load(), url, keyword, keep))


@source_app.command("on")
def source_on(name: Annotated[str, typer.Argument(metavar="RECIPE")]) -> None:
    """Has the site of a recipe searched where no places are named / 레시피를 검색에 쓴다."""
    from jikim.commands import reciping

    raise typer.Exit(reciping.turn(configuration.load(), name, is_on=True))


@source_app.command("off")
def source_off(name: Annotated[str, typer.Argument(metavar="RECIPE")]) -> None:
    """Leaves the site of a recipe out again / 레시피를 검색에서 뺀다."""
    from jikim.commands import reciping

    raise typer.Exit(reciping.turn(configuration.load(), name, is_on=False))


@source_app.command("variants")
def source_variants(keyword: str) -> None:
    """Proposes spellings, for --variants once a person approved them / 승인받을 표기를 제안한다."""
    from jikim.commands import listing

    raise typer.Exit(listing.variants(keyword))


@key_app.command("set")
def source_key_set(name: Annotated[str, typer.Argument(metavar="NAME", help="naver, kakao, ...")]) -> None:
    """Asks for the keys of a place, tries them and seals them / 출처의 인증 키를 시험한 뒤 암호화해 보관한다."""
    from jikim.commands import keys

    given = {field: typer.prompt(f"{name} {field}", hide_input=sys.stdin.isatty()) for field in keys.fields(name)}
    raise typer.Exit(keys.record(configuration.load(), name, given))


@key_app.command("forget")
def source_key_forget(name: Annotated[str, typer.Argument(metavar="NAME")]) -> None:
    """Removes the keys of a place / 출처의 인증 키를 지운다."""
    from jikim.commands import keys

    raise typer.Exit(keys.forget(configuration.load(), name))


def main() -> None:
    """Runs a command; an error becomes one clear line."""
    _open_output()
    try:
        try:
            for point in entry_points(group=COMMANDS):
                point.load()(app)
            app(standalone_mode=True)
        finally:
            sys.stdout.flush()
    except (BadUse, AuthorityMissing, NotConfigured) as error:
        sys.exit(_complain(error, 2))
    except JikimError as error:
        sys.exit(_complain(error, 1))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(1)
    except BrokenPipeError:
        _let_go_of_output()
        sys.exit(1)
    except OSError as error:
        _let_go_of_output()
        where = error.filename or {"message": "output.stream"}
        sys.exit(_complain(JikimError("output.failed", where=where, problem=error.strerror or str(error)), 1))


def _open_output() -> None:
    """Output that takes any character, whatever the terminal's encoding; a stream that was closed leads nowhere."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open until the end
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _let_go_of_output() -> None:
    """Nobody reads any more, or the disk is full: what is still waiting to be written must not fail once more at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(error: JikimError, status: int) -> int:
    print(f"jikim: {error.message().in_language(_lang())}", file=sys.stderr)  # noqa: T201 - the one place errors are said
    return status


def _lang() -> str:
    try:
        return configuration.load().lang
    except BadUse:
        return "ko"


if __name__ == "__main__":
    main()
