"""The house's own promises, kept by looking at the house."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import tomllib
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from app.settings import SECTIONS, Settings, SettingsError, load_settings
from app.web import create_app
from locales import LOCALES, SOURCE, speak
from policy_kb import wording
from policy_kb.library import Library

HOUSE = Path(__file__).parent.parent
ROOMS = ("app", "bench", "calculator", "documents", "locales", "policy_kb", "web_calc")

#: Every address that answers without a sign-in. A new route is either added here on purpose or asks who is there.
PUBLIC = {
    "/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/report",
    "/report.pdf",
    "/report.png",
    "/note.pdf",
    "/note.png",
    "/assets/web_calc/<path:filename>",
    "/result",
    "/api/v1/calculations",
    "/api/v1/curves",
    "/api/v1/exposures",
    "/api/v1/regions",
    "/api/v1/openapi.json",
}


def sources(room: str) -> list[Path]:
    return sorted((HOUSE / room).rglob("*.py"))


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=HOUSE, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [HOUSE / name for name in listed.stdout.split("\0") if name and (HOUSE / name).is_file()]


def test_every_room_stands_in_the_import_contracts() -> None:
    contracts = configparser.ConfigParser()
    contracts.read(HOUSE / ".importlinter")
    listed = contracts["importlinter"]["root_packages"].split()
    found = sorted(path.parent.name for path in HOUSE.glob("*/__init__.py") if path.parent.name != "tests")
    assert sorted(listed) == sorted(ROOMS) == found


def test_rooms_have_names_of_their_own() -> None:
    nameless = {"utils", "common", "helpers", "services", "core", "misc"}
    assert not [path for room in ROOMS for path in sources(room) if path.stem in nameless]


@pytest.mark.parametrize("path", sources("calculator"), ids=lambda path: path.name)
def test_no_float_touches_money(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), ast.unparse(node)
        assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)), ast.unparse(node)
        assert not (isinstance(node, ast.Name) and node.id in ("float", "round")), ast.unparse(node)


def test_every_figure_and_rule_has_a_source_and_a_certainty(library: Library) -> None:
    for records in library.regions.values():
        for value in records.contributions:
            assert value.sources and "unknown" not in (value.period,), (value.region, value.insurance)
            if value.floor is not None or value.ceiling is not None:
                assert value.base != "unknown", (value.region, value.insurance, value.start)
            if value.employee_rate is not None or value.employer_rate is not None:
                assert value.rate != "unknown", (value.region, value.insurance, value.start)
        for line in records.lines:
            assert line.sources and line.certainty != "unknown", line.region
        for each in (*records.rules, *records.statutes, *records.taxes):
            assert each.sources and each.text, each.key


def test_every_citation_key_is_unique(library: Library) -> None:
    keys = [each.key for records in library.regions.values() for each in (*records.rules, *records.statutes)]
    assert len(keys) == len(set(keys))


def test_every_address_is_listed_as_public(library: Library) -> None:
    app = create_app(Settings(), library, lambda: date(2026, 10, 15))
    assert {rule.rule for rule in app.url_map.iter_rules()} <= PUBLIC


def test_every_setting_is_explained_in_config_toml() -> None:
    text = (HOUSE / "config.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    for section, kind in SECTIONS.items():
        for each in fields(kind):
            assert each.name in data[section], f"{section}.{each.name}"
            assert re.search(rf"^# .*\n{each.name} = ", text, re.MULTILINE), (
                f"{section}.{each.name} has no comment"
            )
            assert data[section][each.name] == getattr(kind(), each.name), (
                f"{section}.{each.name}: two defaults"
            )


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"SHEBAO__SERVER__PROT": "1"}, "server.prot"),
        ({"SHEBAO__SERVER__PORT": "many"}, "server.port"),
        ({"SHEBAO__SERVER__PORT": "70000"}, "server.port"),
        ({"SHEBAO__NOWHERE__PORT": "1"}, "nowhere"),
        ({"SHEBAO__LOG__LEVEL": "loud"}, "log.level"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_its_name(environ: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(named)):
        load_settings(HOUSE / "config.toml", environ)


def test_the_environment_overrides_the_file() -> None:
    assert load_settings(HOUSE / "config.toml", {"SHEBAO__SERVER__PORT": "9001"}).server.port == 9001


@pytest.mark.parametrize("locale", [locale for locale in LOCALES if locale != SOURCE])
def test_every_sentence_is_translated(locale: str) -> None:
    with (HOUSE / "locales" / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalog = read_po(file)
    known = {str(message.id) for message in catalog if message.string}
    assert not [message.id for message in catalog if message.id and not message.string]
    said = {*wording.WARNINGS.values(), *wording.MISSING.values(), *wording.ACCEPTED.values()}
    assert not {text for text in said if re.search("[一-鿿]", text)} - known


def test_placeholders_survive_translation() -> None:
    for locale in LOCALES:
        for text in (*wording.WARNINGS.values(), *wording.ACCEPTED.values()):
            assert sorted(re.findall(r"{\w+}", speak(locale)(text))) == sorted(re.findall(r"{\w+}", text)), (
                text
            )


def test_words_never_said_to_a_worker() -> None:
    never = ("自愿放弃", "系统判定", "不符合资格", "骗保", "低保户", "贫困户", "放心，不会停")
    files = [
        path for path in tracked_files() if path.suffix in (".py", ".html", ".yaml", ".po", ".typ", ".js")
    ]
    said = [
        f"{path.relative_to(HOUSE)}: {word}"
        for path in files
        if "tests" not in path.parts
        for word in never
        if word in path.read_text(encoding="utf-8")
    ]
    assert not said
