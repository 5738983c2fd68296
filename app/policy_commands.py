"""`shebao policy`: check the library, look figures up, import figures and rules, list what needs a look."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.clock import today_in_china
from app.settings import HOME, Settings
from calculator.case import DAYS_AHEAD, EARLIEST
from calculator.fields import InputError, parse_day
from calculator.rules import INSURANCES, Insurance
from locales import as_written
from policy_kb import compiled
from policy_kb.article_lint import lint_articles, lint_replies
from policy_kb.company import check_cases
from policy_kb.company_review import approve, dry_run, install
from policy_kb.company_rules import CompanyRule, read_rule
from policy_kb.differences import describe_change, what_name
from policy_kb.divisions import NATION
from policy_kb.due import due as figures_due
from policy_kb.feed import LARGEST, make_feed, open_feed, public_key, read_keys
from policy_kb.files import PolicyError
from policy_kb.importing import Proposal, import_figures, kind_of, propose
from policy_kb.library import Library
from policy_kb.lint import describe_finding, unwaived
from policy_kb.lint import lint as findings_of
from policy_kb.showing import HINTS, STATUS, region_in_force
from policy_kb.wording import INSURANCE, problem_text

if TYPE_CHECKING:
    from storage.opening import Storage


def _library(settings: Settings) -> Library:
    return compiled.load(settings.policy.overlays)


def day_option(context: click.Context, parameter: click.Parameter, value: str | None) -> date:
    """A day within what the library answers for; today where none is given."""
    if value is None:
        return today_in_china()
    try:
        day = parse_day(value)
    except ValueError:
        raise click.BadParameter("请填日期，写成 2026-10-15", context, parameter) from None
    if not day >= EARLIEST or (day - today_in_china()).days > DAYS_AHEAD:
        raise click.BadParameter(f"请填 {EARLIEST} 到 {DAYS_AHEAD} 天以后之间的日期", context, parameter)
    return day


def _region(library: Library, text: str) -> str:
    if text in (NATION, "全国"):
        return NATION
    try:
        return library.divisions.find(text)
    except InputError as error:
        raise click.ClickException(f"region: {problem_text(error.problems[0], as_written)}") from error


def _print_json(data: Any) -> None:
    click.echo(json.dumps(data, ensure_ascii=False, default=str))


@click.group()
def policy() -> None:
    """The policy library: check it, look figures up, import, and see what needs a look."""


@policy.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--all", "everything", is_flag=True, help="Print the waived findings too, with their reasons.")
@click.pass_context
def lint(context: click.Context, as_json: bool, everything: bool) -> None:
    """Hold every figure and article against its neighbours and the law; exit status 1 where a finding is not waived."""
    library = _library(context.obj)
    findings = [*findings_of(library), *lint_articles(library), *lint_replies(library)]
    open_ones = unwaived(findings)
    if as_json:
        _print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings if everything else open_ones:
            click.echo(describe_finding(finding, library))
        click.echo(
            f"{len(library.regions)} 个地区，{len(open_ones)} 个问题，{len(findings) - len(open_ones)} 个已核"
        )
    if open_ones:
        context.exit(1)


@policy.command()
@click.option("--on", callback=day_option, help="The day, such as 2026-10-15 (default: today).")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def due(settings: Settings, on: date, as_json: bool) -> None:
    """Figures that need a look: ended, awaited, growing stale, missing or never confirmed."""
    library = _library(settings)
    found = figures_due(library, on)
    if as_json:
        _print_json([asdict(each) for each in found])
        return
    for each in found:
        name = library.divisions.name(each.region)
        click.echo(f"{each.kind} {each.region} {name}：{each.message}")
    click.echo(f"{on}：{len(found)} 项")


# -- Show ------------------------------------------------------------------------------------------------------------


@policy.command()
@click.argument("region")
@click.option("--on", callback=day_option, help="The day, such as 2026-10-15 (default: today).")
@click.option("--insurance", type=click.Choice(INSURANCES), help="Only this one.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def show(settings: Settings, region: str, on: date, insurance: Insurance | None, as_json: bool) -> None:
    """Every figure in force for REGION (a name or a six-digit code): its level, certainty and sources."""
    library = _library(settings)
    data = region_in_force(library, _region(library, region), on, max(on, today_in_china()), insurance)
    if as_json:
        _print_json(data)
        return
    for line in _shown(library, data):
        click.echo(line)


def _shown(library: Library, data: dict[str, Any]) -> Iterator[str]:
    yield f"{data['region']} {data['name']}，{data['on']}"
    for terms in data["insurances"]:
        yield from _shown_terms(library, terms)
    for area, label in (("urban", "城镇"), ("rural", "农村")):
        if "lines" in data:
            yield from _shown_line(library, label, data["lines"][area])
    for rule in data.get("rules", ()):
        certainty = STATUS.get(rule["certainty"], rule["certainty"])
        basis = " ".join(filter(None, rule["basis"].values()))
        yield f"规定 {rule['id']}（{library.divisions.name(rule['region'])}，{certainty}）：{rule['text']} {basis}".rstrip()


def _shown_terms(library: Library, terms: dict[str, Any]) -> Iterator[str]:
    name = INSURANCE[terms["insurance"]]
    if terms["level"] in ("not_applicable", "not_recorded"):
        yield f"{name}：{'这里没有单独的一项' if terms['level'] == 'not_applicable' else '没有记录'}"
        return
    level = "自己的数" if terms["level"] == "own" else f"沿用{library.divisions.name(terms['from_region'])}"
    ceiling = "不设上限" if terms["ceiling"] == "none" else terms["ceiling"] or "没有记录"
    employee, employer = (
        f"{terms[f'{side}_rate'] or '没有记录'}{'—' + terms[f'{side}_rate_max'] if terms[f'{side}_rate_max'] else ''}"
        for side in ("employee", "employer")
    )
    yield (
        f"{name}（{level}，{terms['effective_from']} 起）：基数 {terms['floor'] or '没有记录'} 到 {ceiling}，"
        f"个人 {employee}，单位 {employer}"
    )
    if terms["employee_fixed"] or terms["employer_fixed"]:
        yield f"  另加定额：个人 {terms['employee_fixed'] or '0.00'}，单位 {terms['employer_fixed'] or '0.00'}"
    statuses = (f"{part}{STATUS[terms[key]]}" for part, key in _PARTS)
    yield f"  {'，'.join(statuses)}{'，可能还有别的收费' if terms['incomplete'] else ''}"
    if terms["outdated_since"]:
        yield f"  到 {terms['outdated_since']} 为止的数，新数预计 {terms['awaited']} 公布"
    yield from (f"  说明：{note}" for note in terms["notes"])
    yield from _shown_source(terms["source"])


_PARTS = (("上下限", "base_status"), ("比例", "rate_status"), ("日期", "period_status"))


def _shown_line(library: Library, label: str, line: dict[str, Any]) -> Iterator[str]:
    if line["amount"] is None:
        yield f"低保线（{label}）：没有能下结论的数"
    else:
        since = line["effective_from"] or line["as_of"]
        stale = "，太久没有核实，不用来下结论" if line["stale"] else ""
        name = library.divisions.name(line["region"])
        yield f"低保线（{label}）：{line['amount']}，{name}，{since} 起，{STATUS[line['status']]}{stale}"
        yield from _shown_source(line["source"])
    for hint in line["hints"]:
        yield f"  参考：{hint['amount']}（{library.divisions.name(hint['region'])}，{HINTS[hint['why']]}）"


def _shown_source(source: dict[str, Any] | None) -> Iterator[str]:
    if source:
        number = f" {source['number']}" if source["number"] else ""
        read_in = "；".join(f"{each['title']}（{each['where']}）" for each in source["read_in"])
        yield f"  出处：{source['title']}{number}，见 {read_in}"


# -- Import ----------------------------------------------------------------------------------------------------------


@policy.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), help="Folder to import into.")
@click.option("--yes", is_flag=True, help="Do not ask before writing.")
@click.option("--by", default="", help="Who imports.")
@click.option("--approve", "reviewer", help="Record this person's approval of a company rule.")
@click.pass_obj
def import_file(
    settings: Settings, file: Path, into: Path | None, yes: bool, by: str, reviewer: str | None
) -> None:
    """Import FILE: figures (.csv, .xlsx, .yaml) or a company's own rule (.yaml). Shows the difference first."""
    library = _library(settings)
    if kind_of(file) == "rule":
        _import_rule(library, file, into or HOME / settings.policy.company, yes, reviewer)
    elif reviewer is not None:
        raise click.ClickException("approve: 只有本单位规则（.yaml，里面有 then）才用批准")
    else:
        _import_figures(library, file, into or HOME / settings.policy.overlay, yes, by)


def _import_figures(library: Library, file: Path, folder: Path, yes: bool, by: str) -> None:
    today = today_in_china()
    proposal = propose(library, file, today)
    for line in proposal_lines(library, proposal):
        click.echo(line)
    if not yes:
        click.confirm("写进去？", abort=True)
    for path in import_figures(proposal, folder, by.strip() or "未署名", today):
        click.echo(f"已写入 {path}")


def proposal_lines(library: Library, proposal: Proposal) -> Iterator[str]:
    """What an import would change and what the checks say, a line each."""
    yield from (describe_change(library, change) for change in proposal.changes)
    if not proposal.changes:
        yield "数字没有变化（只多了记录和出处）"
    for finding in proposal.findings:
        yield f"请核对：{library.divisions.name(finding.region)} {what_name(finding.what)} {finding.message}"
    yield from (f"注意：{note}" for note in proposal.notes)


def _import_rule(library: Library, file: Path, folder: Path, yes: bool, reviewer: str | None) -> None:
    today = today_in_china()
    rule = read_rule(file, library)
    for line in rule_lines(library, rule, today):
        click.echo(line)
    if not yes:
        click.confirm(f"{reviewer} 批准这条规则？" if reviewer else "写进去？（批准后才生效）", abort=True)
    kept = folder / f"{rule.key}.yaml"
    if not (kept.exists() and kept.samefile(file)):
        kept = install(file, folder, library)
    if reviewer is not None:
        approve(kept, reviewer, library, today)
        click.echo(f"已由 {reviewer} 批准：{kept}")
    else:
        click.echo(f"已写入 {kept}，等第二个人批准：shebao policy import {kept} --approve 姓名")


def rule_lines(library: Library, rule: CompanyRule, today: date) -> Iterator[str]:
    """A rule's own cases and what it would change over sample households, a line each."""
    failing = check_cases(library, rule, today)
    yield f"{rule.key} {rule.title}：自带用例 {len(rule.cases)} 个，{'没有全部通过' if failing else '全部通过'}"
    yield from failing
    run = dry_run(library, rule, today)
    yield f"试算：{run.summary()}"
    for each in run.differences[:20]:
        yield f"  {each.household}：{each.figure} {each.before} → {each.after}"


# -- Feed ------------------------------------------------------------------------------------------------------------


@policy.command()
@click.argument("source", required=False)
@click.option("--check", is_flag=True, help="Only say what it would change.")
@click.option("--by", "login", default="", help="The login of the policy editor whose draft it is to be.")
@click.pass_obj
def feed(settings: Settings, source: str | None, check: bool, login: str) -> None:
    """Take the signed bundle SOURCE (a file or an address; by default the address of the settings) as a draft change."""
    from app.policy_feed import FeedIntake  # no other command waits for the storage
    from storage.opening import open_storage

    source = source or settings.policy.feed_url
    storage = open_storage(settings.database.address, settings.keys.path, settings.keys.journal)
    try:
        editor = storage.accounts.by_login(login)
        if not check and (editor is None or editor.state != "active" or not editor.may("policy_edit")):
            raise click.ClickException("--by: 要写一个能编辑政策的账号，草稿记在它名下，由另一个人批准")
        library, intake = _library(settings), FeedIntake(settings.policy, storage, today_in_china)
        with _counted(storage, source):
            data = _bundle(source)
            looked = intake.look(library, data)
        click.echo(f"政策数据包 {looked.feed.edition}，签名正确，{len(looked.feed.regions)} 个地区")
        for line in looked.left_out:
            click.echo(f"注意：{line}")
        if looked.proposal is None:
            click.echo("没有比现在更新的数")
            return
        for line in proposal_lines(library, looked.proposal):
            click.echo(line)
        if not check and editor is not None:
            change = intake.take(library, data, editor.id)
            click.echo(f"已存成草稿 {change.label}，请在政策台提交并由另一个人复核")
    except PolicyError as error:
        raise click.ClickException(str(error)) from error
    finally:
        storage.database.close()


def _counted(storage: Storage, source: str) -> AbstractContextManager[None]:
    """Counts what is fetched from an address, and is as it was signed; a file is nobody's answer."""
    if "://" not in source:
        return nullcontext()
    return storage.calls.counting("policy_feed", click.ClickException, PolicyError)


def _bundle(source: str) -> bytes:
    if not source:
        raise click.ClickException("SOURCE: 设置里没有 policy.feed_url，要写文件或者地址")
    from connectors.policy_feed import FetchFailed, fetch_feed

    try:
        if "://" in source:
            return fetch_feed(source, "", LARGEST).data or b""
        return Path(source).read_bytes()
    except FetchFailed as error:
        raise click.ClickException(f"取不到数据包：{error}") from error
    except OSError as error:
        raise click.ClickException(f"打不开 {source}：{error.strerror}") from error


@policy.command("feed-make")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--key", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File of the signing key."
)
@click.option("--edition", callback=day_option, help="The bundle's day (default: today).")
@click.option("--new-key", is_flag=True, help="Make the key first; there must be none in its file.")
def feed_make(folder: Path, file: Path, key: Path, edition: date, new_key: bool) -> None:
    """Sign the region files (*.yaml) of FOLDER as the bundle FILE, for whoever publishes a library."""
    try:
        if new_key:
            with os.fdopen(os.open(key, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as made:
                made.write(base64.b64encode(secrets.token_bytes(32)) + b"\n")
        seed = base64.b64decode(key.read_bytes().strip(), validate=True)
        files = {path.name: path.read_bytes() for path in sorted(folder.glob("*.yaml"))}
        bundle = make_feed(files, edition.isoformat(), datetime.now(UTC), seed)
        open_feed(bundle, read_keys(public_key(seed)))
        file.write_bytes(bundle)
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{file}：{len(files)} 个地区，公钥 {public_key(seed)}")
