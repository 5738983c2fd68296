"""The `shebao` command."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from app.clock import today_in_china
from app.policy_commands import day_option
from app.report_text import answer_text
from app.roster import assess_roster
from app.settings import Settings, SettingsError, load_settings
from calculator.fields import InputError, Problem
from locales import SOURCE, Say, speak
from policy_kb import compiled
from policy_kb.calculation import calculate as calculate_case
from policy_kb.company import adjuster, load_company
from policy_kb.exposures import expose
from policy_kb.files import PolicyError
from policy_kb.library import Library
from policy_kb.wording import error_json, problem_text
from storage.errors import StorageError

if TYPE_CHECKING:
    from app.phones import Phones

WRONG_INPUT = 2


#: Commands of other modules, each loaded when it is called: a calculation does not wait for the chat's libraries.
ELSEWHERE: Final[Mapping[str, str]] = {
    "ask": "app.ask_command",
    "audit": "app.audit_command",
    "backup": "app.database_commands",
    "channels": "app.channels_command",
    "chat": "app.chat_command",
    "db": "app.database_commands",
    "keys": "app.keys",
    "notice": "app.notice_command",
    "policy": "app.policy_commands",
    "restore": "app.database_commands",
    "telegram": "app.telegram_command",
    "understand": "app.understand_command",
    "users": "app.users_command",
    "worker": "app.database_commands",
}


class OneLine(click.Group):
    """A group whose every error is one line on stderr that names the field and what is accepted."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted({*super().list_commands(context), *ELSEWHERE})

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in ELSEWHERE:
            return super().get_command(context, name)
        command: click.Command = getattr(import_module(ELSEWHERE[name]), name)
        return command

    def main(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["standalone_mode"] = False
        try:
            return super().main(*args, **kwargs)
        except InputError as error:
            problem = error.problems[0]
            _stop(f"{problem.field}: {problem_text(problem, _say())}")
        except click.ClickException as error:
            _stop(" ".join(error.format_message().split()))
        except (SettingsError, PolicyError, StorageError) as error:
            _stop(str(error))
        except click.Abort:
            _stop("aborted")
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _stop(line: str) -> None:
    click.echo(f"shebao: {line}", err=True)
    sys.exit(WRONG_INPUT)


def _say() -> Say:
    wanted = (os.environ.get("LC_ALL") or os.environ.get("LANG") or "").replace("-", "_")
    if wanted.startswith("en"):
        return speak("en")
    return speak("zh_Hant" if wanted.startswith(("zh_TW", "zh_HK", "zh_Hant")) else SOURCE)


def _library(settings: Settings) -> Library:
    return compiled.load(settings.policy.overlays)


@click.group(cls=OneLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def main(context: click.Context) -> None:
    """社保助手: what social insurance costs, and what it does to dibao."""
    context.obj = load_settings()


@main.command()
@click.option("--demo", is_flag=True, help="The demo; refuses any host but loopback.")
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.")
@click.pass_obj
def serve(settings: Settings, demo: bool, host: str | None, port: int | None) -> None:
    """Serve the web pages."""
    server = replace(settings.server, host=host or settings.server.host, port=port or settings.server.port)
    if demo:
        server.refuse_unless_loopback()
    from app import logs

    logs.set_up(settings.log)
    settings = replace(settings, server=server)
    if not demo:
        _serve(settings)
        return
    from app.phones import phones

    with phones(settings) as found:
        _serve(settings if found is None else found.settings, demo=True, phones=found)


def _serve(settings: Settings, *, demo: bool = False, phones: Phones | None = None) -> None:
    """Until the process is stopped."""
    import waitress  # type: ignore[import-untyped]

    from app.running import running

    server = settings.server
    shown = f"[{server.host}]" if ":" in server.host else server.host
    # What runs beside the requests ends as it does at a terminal: jobs finish, and nothing waits to be swept up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with running(settings, demo=demo, phones=phones) as app:
        site = f"http://{shown}:{server.port}"
        click.echo(f"社保助手 {site}/  聊天 {site}/chat  人事 {site}/hr/")
        if demo:
            from app.demo import LOGINS, PASSWORD

            click.echo(
                f"演示登录：{'、'.join(f'{login}（{name}）' for login, name in LOGINS)}，密码 {PASSWORD}"
            )
            click.echo(
                "演示不带员工的手机：没有 tests/platforms，或者它没有启动" if phones is None
                else f"员工的手机和人事后台在一页上：{phones.address}/"
            )  # fmt: skip
        try:
            waitress.serve(
                app, host=server.host, port=server.port, threads=server.threads, ident=None, _quiet=True,
                **_behind(server.proxy),
            )  # fmt: skip
        except OSError as error:
            raise click.ClickException(f"port: {server.port} cannot be used ({error.strerror})") from error


def _behind(proxy: str) -> dict[str, Any]:
    """What waitress believes of a proxy: whose request it hands on. From anybody else the header is thrown away."""
    if not proxy:
        return {"clear_untrusted_proxy_headers": True}
    return {
        "trusted_proxy": proxy,
        "trusted_proxy_headers": {"x-forwarded-for"},
        "clear_untrusted_proxy_headers": True,
    }


OPTIONS: tuple[tuple[str, str], ...] = (
    ("--region", "Where the job is insured: a name or a six-digit code."),
    ("--dibao-region", "Where the household is registered (default: the same)."),
    ("--area", "urban or rural."),
    ("--on", "The day, such as 2026-10-15."),
    ("--as-of", "What was known on that day."),
    ("--size", "People on the dibao book."),
    ("--wage", "Gross wage of a month, in yuan; once for each earner, the asking employee first."),
    ("--base-wage", "Last year's monthly average of the first earner."),
    ("--other-income", "What the others bring in a month."),
    ("--dibao", "none, applying, receiving, suspended, ended or unknown."),
    ("--standard-monthly", "The household's own dibao line."),
    ("--base-strategy", "lawful, or floor to show a state that was found."),
)


def _case_options(command: Callable[..., None]) -> Callable[..., None]:
    for name, text in reversed(OPTIONS):
        command = click.option(name, help=text, multiple=name == "--wage")(command)
    return command


@main.command()
@_case_options
@click.option("--net", is_flag=True, help="The wages are take-home pay.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer as JSON.")
@click.option("--jsonl", is_flag=True, help="Read one JSON case a line, print one answer a line.")
@click.pass_obj
def calculate(settings: Settings, /, net: bool, as_json: bool, jsonl: bool, **options: Any) -> None:
    """What social insurance costs one household, and what it does to its dibao."""
    library, today, say = _library(settings), today_in_china(), _say()
    company = load_company(settings.policy.company_folder, library, today)
    if jsonl:
        _each_line(lambda data: calculate_case(library, data, today, say, company))
        return
    answer = calculate_case(library, _case(options, net), today, say, company)
    click.echo(json.dumps(answer, ensure_ascii=False) if as_json else answer_text(answer, say))


def _known_region(library: Library, text: str) -> str:
    """The code of a region given as an option."""
    try:
        return library.divisions.find(text)
    except InputError as error:
        raise InputError(replace(error.problems[0], field="--region")) from None


def _case(options: dict[str, Any], net: bool) -> dict[str, Any]:
    """The JSON case that the options of the command spell."""
    earners: list[dict[str, Any]] = [{"wage": wage, "wage_is_net": net} for wage in options["wage"]]
    if earners and options["base_wage"] is not None:
        earners[0]["base_wage"] = options["base_wage"]
    household = {"size": options["size"], "earners": earners or None}
    household |= {name: options[name] for name in ("other_income", "dibao") if options[name] is not None}
    names = ("region", "dibao_region", "area", "on", "as_of", "standard_monthly", "base_strategy")
    return {"household": household} | {name: options[name] for name in names if options[name] is not None}


@main.command()
@click.option("--json", "as_json", is_flag=True, required=True, help="Print the schedule as JSON.")
@click.argument("file", type=click.File("rb"), default="-")
@click.pass_obj
def exposure(settings: Settings, as_json: bool, file: Any) -> None:
    """Arrears and late fee for the months in FILE (JSON; - for standard input)."""
    text = file.read().decode("utf-8-sig", errors="replace")
    answer = expose(_library(settings), _parse(text), today_in_china(), _say())
    click.echo(json.dumps(answer, ensure_ascii=False))


def _each_line(handle: Callable[[Any], dict[str, Any]]) -> None:
    """One answer a line; a line that cannot be read is answered with its error, and the run goes on."""
    for line in _lines():
        try:
            answer = handle(_parse(line))
        except InputError as error:
            answer = error_json(error, _say())
        click.echo(json.dumps(answer, ensure_ascii=False))


def _lines() -> Iterator[str]:
    for raw in sys.stdin.buffer:
        line = raw.decode("utf-8-sig", errors="replace").strip()
        if line:
            yield line


def _parse(text: str) -> Any:
    """JSON with no room for a float: a fractional number stays the text that it was, and is refused as an amount."""
    try:
        return json.loads(text, parse_float=_Fraction, parse_constant=_Fraction)
    except (ValueError, RecursionError):
        raise InputError(Problem("bad_json", "body", expects="object")) from None


class _Fraction:
    """A fractional JSON number: amounts are strings or integers, so no field accepts it."""

    def __init__(self, text: str) -> None:
        self.text = text


@main.command()
@click.argument("roster", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help=".xlsx or .csv to write."
)
@click.option("--region", help="Where the jobs are, for rows that do not say.")
@click.option("--on", callback=day_option, help="The day, for rows that do not say (default: today).")
@click.pass_obj
def assess(settings: Settings, roster: Path, output: Path, region: str | None, on: date) -> None:
    """A whole roster (.csv, .xlsx) in bulk; rows that cannot be read are listed with their reason."""
    library, today = _library(settings), today_in_china()
    defaults = {"on": on.isoformat()}
    if region:
        defaults["region"] = _known_region(library, region)
    adjust = adjuster(load_company(settings.policy.company_folder, library, today))
    summary = assess_roster(library, roster, output, today, defaults=defaults, adjust=adjust)
    click.echo(summary.text(), err=True)


@main.command()
@click.option("--quick", is_flag=True, help="Smaller counts.")
@click.pass_obj
def bench(settings: Settings, quick: bool) -> None:
    """Measure speed as ratios in one run."""
    from app.assistance import make_house
    from app.reassessing import Reassessing
    from app.web import create_app
    from bench import (
        callbacks,
        consents,
        conversation,
        notices,
        profiles,
        reassessment,
        run,
        strategies,
        understanding,
    )

    run.run(lambda library, today: create_app(settings, library, today).test_client(), quick=quick)
    profiles.run(quick=quick)
    reassessment.run(Reassessing, quick=quick)
    consents.run(quick=quick)
    strategies.run(quick=quick)
    notices.run(quick=quick)
    conversation.run(make_house(settings), quick=quick)
    understanding.run(quick=quick)
    callbacks.run(quick=quick)
