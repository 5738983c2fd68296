"""The house's own promises, kept by looking at the house."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
import yaml
from babel.messages.pofile import read_po

from app.settings import SECTIONS, Settings, SettingsError, load_settings
from app.web import create_app
from bot.callback_views import create_blueprint as create_callbacks
from bot.dialogue.conversation import Conversation
from bot.dialogue.known import Known
from bot.dialogue.steps import Question
from bot.dialogue.topics import TOPIC_OF
from bot.me_views import Me
from bot.mine import Term
from bot.receiving import Received
from bot.taking import Taking
from bot.views import Chat
from bot.wording import templates
from delivery.messages import IncomingMessage, Reply
from hr_inbox.task import HrTask
from locales import LOCALES, SOURCE, speak
from policy_kb import wording
from policy_kb.library import Library
from storage.opening import Storage, open_storage
from storage.retention import TERMS
from web_calc import languages
from web_calc.chat_papers import ChatPapers

HOUSE = Path(__file__).parent.parent
ROOMS = (
    "app",
    "audit",
    "bench",
    "bot",
    "calculator",
    "connectors",
    "delivery",
    "documents",
    "hr_console",
    "hr_inbox",
    "locales",
    "notices",
    "people",
    "policy_kb",
    "profiles",
    "storage",
    "web_calc",
)

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
    # The chat knows a browser by a signed random number and tells each its own conversation alone.
    "/chat",
    "/chat/messages",
    "/chat/sample-paper.svg",
    "/chat/chart.svg",
    "/chat/report.pdf",
    "/chat/report.png",
    "/chat/note.pdf",
    "/chat/note.png",
    "/assets/chat/<path:filename>",
    # What is kept about whoever has this browser's chat; who sees what is for everybody.
    "/me",
    "/me/erase",
    "/me/agree",
    "/me/withdraw",
    "/who-sees-what",
    # A link opens one conversation, once; whoever has opened it sees that one alone.
    "/reports/<token>",
    "/visits/<visit>/leave",
    *(f"/visits/<visit>{path}" for path in ("/chat", "/chat/messages", "/chat/sample-paper.svg")),
    *(
        f"/visits/<visit>/chat/{paper}"
        for paper in ("chart.svg", "report.pdf", "report.png", "note.pdf", "note.png")
    ),
    *(
        f"/visits/<visit>{path}"
        for path in ("/me", "/me/erase", "/me/agree", "/me/withdraw", "/who-sees-what")
    ),
    # A link and a code open one notice, in one browser, for a while.
    "/assets/notices/<path:filename>",
    *(f"/notices/<token>{path}" for path in ("", "/code", "/enter")),
    *(
        f"/notices/visit{path}"
        for path in ("", "/state", "/copy.pdf", "/read", "/checks", "/answer", "/leave")
    ),
    # Whoever holds a sealed file checks it; nothing about anybody is shown.
    *("/verify", "/verify/<sha256>", "/assets/verify/<path:filename>"),
    # Each callback proves by its signature whose it is.
    "/channels/<name>",
    "/events/civil-affairs",
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


def fixtures(path: Path) -> list[str]:
    functions = (node for node in ast.parse(path.read_bytes()).body if isinstance(node, ast.FunctionDef))
    return [
        each.name
        for each in functions
        if any(ast.unparse(decorator).startswith("pytest.fixture") for decorator in each.decorator_list)
    ]


def test_no_two_plugins_of_the_tests_name_a_fixture_alike() -> None:
    # A module that tests name in `pytest_plugins` serves every test that runs beside them, and of two fixtures with one
    # name the last one loaded serves them all: which one that is depends on what else runs.
    plugins = [path for path in sources("tests") if not path.name.startswith(("test_", "conftest"))]
    named = Counter(name for path in plugins for name in fixtures(path))
    assert {"storage", "clock"} <= named.keys()
    assert not [name for name, times in named.items() if times > 1]


@pytest.mark.parametrize(
    "path", [*sources("calculator"), *sources("profiles")], ids=lambda path: f"{path.parent.name}/{path.name}"
)
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


@contextmanager
def closing_storage(folder: Path) -> Iterator[Storage]:
    storage = open_storage(
        f"sqlite:///{folder / 'house.db'}", folder / "keys", folder / "erased.jsonl", make=True
    )
    yield storage
    storage.database.close()


def test_every_address_is_listed_as_public(library: Library, tmp_path: Path) -> None:
    with closing_storage(tmp_path) as storage:
        chat = Chat(
            receive=lambda message: Received(()),
            transcript=storage.conversations,
            acknowledge=storage.outbox.acknowledge,
            papers=ChatPapers(library, lambda: date(2026, 10, 15)),
            languages=languages,
            place=library.divisions.full_name,
            today=lambda: date(2026, 10, 15),
            secret="of the test",
        )
        terms = [Term(each.kind, each.days, each.why) for each in TERMS]
        me = Me(
            chat=chat,
            records=storage.mine,
            consents=storage.records,
            contributions=storage.records,
            divisions=library.divisions,
            terms=terms,
        )
        callbacks = create_callbacks(Taking({}, storage.inbox.store, lambda event: None))
        app = create_app(
            Settings(),
            library,
            lambda: date(2026, 10, 15),
            chat,
            me=me,
            callbacks=callbacks,
            visits=storage.links,
        )
    assert {rule.rule for rule in app.url_map.iter_rules()} <= PUBLIC


def test_every_setting_is_explained_in_config_toml() -> None:
    text = (HOUSE / "config.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    for group in ("channels", "connections"):
        data |= {f"{group}.{name}": section for name, section in data[group].items()}
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
        ({"SHEBAO__CHANNELS__WECHAT__APPID": "wx"}, "channels.wechat.appid"),
        ({"SHEBAO__CHANNELS__QQ__TOKEN": "t"}, "channels.qq"),
        ({"SHEBAO__CHANNELS__WECHAT__REPLY_MODE": "late"}, "channels.wechat.reply_mode"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_its_name(environ: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(named)):
        load_settings(HOUSE / "config.toml", environ)


def test_the_environment_overrides_the_file() -> None:
    environ = {"SHEBAO__SERVER__PORT": "9001", "SHEBAO__CHANNELS__WECOM__CORP_ID": "ww1"}
    settings = load_settings(HOUSE / "config.toml", environ)
    assert (settings.server.port, settings.channels.wecom.corp_id) == (9001, "ww1")


@pytest.mark.parametrize("locale", [locale for locale in LOCALES if locale != SOURCE])
def test_every_sentence_is_translated(locale: str) -> None:
    with (HOUSE / "locales" / locale / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalog = read_po(file)
    known = {str(message.id) for message in catalog if message.string}
    assert not [message.id for message in catalog if message.id and not message.string]
    han = re.compile("[一-鿿]")
    if locale.startswith("zh"):  # an English sentence among them is one that was not translated
        assert not [
            each.id for each in catalog if han.search(str(each.id)) and not han.search(str(each.string))
        ]
    said = {*wording.WARNINGS.values(), *wording.MISSING.values(), *wording.ACCEPTED.values()}
    assert not {text for text in said if re.search("[一-鿿]", text)} - known


def test_placeholders_survive_translation() -> None:
    for locale in LOCALES:
        for text in (*wording.WARNINGS.values(), *wording.ACCEPTED.values()):
            assert sorted(re.findall(r"{\w+}", speak(locale)(text))) == sorted(re.findall(r"{\w+}", text)), (
                text
            )


def domain_intents() -> list[str]:
    return list(yaml.safe_load((HOUSE / "intents" / "domain.yml").read_text(encoding="utf-8"))["intents"])


def test_every_intent_has_a_topic() -> None:
    """Small talk, a yes or a no, a command and what is none of our business are the dialogue's own."""
    own = {"affirm", "deny", "cancel", "greet", "goodbye", "thanks", "out_of_scope"}
    assert set(domain_intents()) == set(TOPIC_OF) | own


def test_every_intent_that_can_be_offered_has_a_friendly_name() -> None:
    assert all(f"offer.{intent}" in templates() for intent in TOPIC_OF)


def test_every_question_has_a_template_and_other_words_for_it() -> None:
    for question in get_args(Question):
        names = [name for name in templates() if name.startswith(f"ask.{question}")]
        assert names, question
        assert any(name.endswith("_again") for name in names), question


def test_everything_that_is_said_has_a_template() -> None:
    said = {
        node.args[0].value
        for path in sources("bot")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) in ("Part", "tell")
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }
    assert said <= set(templates())


@pytest.mark.parametrize("locale", [locale for locale in LOCALES if locale != SOURCE])
def test_every_template_is_translated_with_its_figures(locale: str) -> None:
    for name, template in templates().items():
        for text in (template.text, *(title for title, _ in template.taps)):
            said = speak(locale)(text, **{key: f"<{key}>" for key in re.findall(r"{(\w+)}", text)})
            # Words on a Chinese pay slip stand in quotation marks.
            assert locale != "en" or not re.search("[一-鿿]", re.sub("“.*?”", "", said)), name
            assert sorted(re.findall(r"<\w+>", said)) == sorted(
                f"<{key}>" for key in re.findall(r"{(\w+)}", text)
            ), name


def test_no_repr_tells_anything_personal() -> None:
    known = Known(wage=351_700, dibao="suspended", region="320500")
    conversation = Conversation(known=known, calculated=known, question="低保停了")
    message = IncomingMessage("web", "阿丽", "k1", "低保停了")
    for each in (known, conversation, message, Reply("3517.00 元"), HrTask("question", ("低保停了",))):
        assert not re.search("3517|351700|suspended|320500|低保|阿丽", repr(each)), type(each)


def test_words_never_said_to_a_worker() -> None:
    never = ("自愿放弃", "系统判定", "不符合资格", "骗保", "低保户", "贫困户", "放心，不会停")
    files = [
        path
        for path in tracked_files()
        if path.suffix in (".py", ".html", ".yaml", ".toml", ".po", ".typ", ".js")
    ]
    said = [
        f"{path.relative_to(HOUSE)}: {word}"
        for path in files
        if "tests" not in path.parts
        for word in never
        if word in path.read_text(encoding="utf-8")
    ]
    assert not said
