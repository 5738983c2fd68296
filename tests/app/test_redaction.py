"""No number, token or address of anybody gets into a log line, wherever it stood; what an operator needs does."""

from __future__ import annotations

import io
import json
import logging
import random
import string
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import logs
from app.redaction import DEEPEST, LONGEST, NOT_WRITTEN, REMOVED, clean
from app.settings import Log

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
KEYS = string.ascii_letters + string.digits + "-_"


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count)


days = st.dates(date(1930, 1, 1), date(2026, 12, 31))
regions = st.sampled_from(("110101", "341202", "320583", "440306", "659001"))


@st.composite
def identity_cards(draw: st.DrawFn) -> str:
    body = draw(regions) + draw(days).strftime("%Y%m%d") + draw(digits(3))
    last = "10X98765432"[sum(int(each) * weight for each, weight in zip(body, WEIGHTS, strict=True)) % 11]
    return body + (last.lower() if draw(st.booleans()) else last)


@st.composite
def old_identity_cards(draw: st.DrawFn) -> str:
    return draw(regions) + draw(days).strftime("%y%m%d") + draw(digits(3))


@st.composite
def mobiles(draw: st.DrawFn) -> str:
    number = draw(st.sampled_from(("138", "139", "150", "166", "177", "189", "199"))) + draw(digits(8))
    between = draw(st.sampled_from(("", " ", "-")))
    return draw(st.sampled_from(("", "+86", "+86 ", "86", "0086"))) + between.join(
        (number[:3], number[3:7], number[7:])
    )


@st.composite
def bank_cards(draw: st.DrawFn) -> str:
    body = draw(st.sampled_from(("622202", "621700", "436742", "519413", "955880", "103000"))) + draw(
        st.sampled_from((9, 12)).flatmap(digits)
    )
    last = next(str(last) for last in range(10) if passes(f"{body}{last}"))
    between = draw(st.sampled_from(("", " ", "-")))
    whole = body + last
    return between.join(whole[at : at + 4] for at in range(0, len(whole), 4))


def passes(number: str) -> bool:
    doubled = (int(each) * (2 if at % 2 else 1) for at, each in enumerate(reversed(number)))
    return sum(each - 9 if each > 9 else each for each in doubled) % 10 == 0


def random_word(length: int, first: str = "") -> st.SearchStrategy[str]:
    """As the platforms make them: any character as likely as any other."""
    return st.integers(0, 2**32).map(
        lambda seed: first + "".join(random.Random(seed).choices(KEYS, k=length - len(first)))
    )


openids = random_word(28, "o")
access_tokens = random_word(136)
bot_tokens = st.tuples(digits(10), random_word(35, "AA")).map(":".join)
app_secrets = st.integers(2**120, 2**128 - 1).map(lambda number: f"{number:032x}")
addresses = st.tuples(
    st.text(string.ascii_lowercase, min_size=1, max_size=8), st.sampled_from(("qq.com", "gongchang.example"))
).map("@".join)
secrets = st.one_of(
    identity_cards(), old_identity_cards(), mobiles(), bank_cards(), openids, access_tokens, bot_tokens, app_secrets, addresses,
)  # fmt: skip
#: What stands around them. A digit before a number makes another number of it.
around = st.sampled_from(
    (
        "", " ", "，", "：", "员工阿丽", "openid=", '{"touser": "', "'", "(", "<b>", "https://a.example/",
        "2026-10-15 12:00:00 ", "工号 42 ", "\n", "/",
    )
)  # fmt: skip


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What goes to stderr while a test runs."""
    root, stream = logging.getLogger(), io.StringIO()
    before, level = list(root.handlers), root.level
    root.handlers[:] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.excepthook", None)
        patch.setattr("threading.excepthook", None)
        logs.set_up(Log(level="debug", format="json"), stream)
        yield stream
    logging.captureWarnings(False)
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


log = logging.getLogger("shebao.test")


def in_message(text: str) -> None:
    log.info("from %s", text)


def in_message_itself(text: str) -> None:
    log.warning(text.replace("%", "%%"))


def in_field(text: str) -> None:
    log.info("a line", extra={"said": text})


def in_name_of_field(text: str) -> None:
    log.info("a line", extra={"said": {text: 1}})


def in_nested(text: str) -> None:
    log.info("a line", extra={"said": [{"deep": ({"er": [text]},)}, {1: text}]})


def in_bytes(text: str) -> None:
    log.info("a line", extra={"body": text.encode(), "view": bytearray(text.encode())})


def in_object(text: str) -> None:
    log.info("a line", extra={"what": Said(text)})


def in_error(text: str) -> None:
    try:
        try:
            raise KeyError(text)
        except KeyError as error:
            raise ValueError(f"not {text}") from error
    except ValueError:
        log.exception("it failed")


def in_context(text: str) -> None:
    logs.begin(where=text)
    log.info("a line")
    logs.end()


def in_structlog(text: str) -> None:
    structlog.get_logger("shebao.test").warning(f"about {text}", said=text)


class Said:
    """An object whose own text quotes."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"Said({self.text})"


PLACES = (
    in_message, in_message_itself, in_field, in_name_of_field, in_nested, in_bytes, in_object, in_error, in_context,
    in_structlog,
)  # fmt: skip


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    secret=secrets,
    before=around,
    after=st.sampled_from(("", " ", "。", '"', "'", ")", "&x=1", "，42 岁", "\n")),
)
def test_nothing_of_a_person_or_of_a_door_is_written(
    written: io.StringIO, place: Any, secret: str, before: str, after: str
) -> None:
    written.seek(0)
    written.truncate()
    place(f"{before}{secret}{after}")
    text = written.getvalue()
    assert text and lines(written), "nothing was written at all"
    assert secret not in text
    assert secret not in json.dumps(lines(written), ensure_ascii=False)
    assert all(each["level"] and each["logger"] == "shebao.test" for each in lines(written))


@given(number=st.one_of(identity_cards(), mobiles(), bank_cards()))
def test_numbers_in_wide_digits_are_numbers_too(number: str) -> None:
    wide = number.translate({ord("0") + each: ord("０") + each for each in range(10)})
    assert wide not in clean(f"号码{wide}。")


@given(number=st.one_of(identity_cards(), mobiles()))
def test_numbers_as_numbers_are_numbers_too(number: str) -> None:
    digits = "".join(each for each in number if each.isdigit())
    assert clean(str(int(digits))) == REMOVED or len(digits) == 17  # an X at the end is no digit


@given(mobiles(), st.integers(LONGEST - 30, LONGEST + 30))
def test_what_is_cut_off_leaves_no_half_of_a_number(number: str, at: int) -> None:
    text = clean(f"{'字' * at}{number} 完")
    assert number not in text and number[:-1] not in text and len(text) <= LONGEST + 1


ORDINARY = (
    "GET /hr/cases/42 200 3.1 ms",
    "event 550e8400-e29b-41d4-a716-446655440000 failed (ValueError), attempt 3",
    "event 12345678-1234-4123-8123-138001380001 failed",
    "outbox 6f1c1a52-0d7a-4c9e-9a3b-1c2d3e4f5a6b: wechat raised ConnectTimeout",
    "2026-10-15T04:00:00.123456+00:00",
    "2026-10-15 12:00:00 到 2026-11-15 12:00:00",
    "20261015120000",
    "retention: conversations 12, employees 0",
    "errcode 40001, 45015, 48001 and 40164",
    "token:40001",
    "token:ConnectTimeout",
    "region 320500, 110000, 341202",
    "工资 3500.00 元，基数 7270.00，比例 0.08",
    "12345, 12333, 110, 010",
    "工号 A20231115，案件 1024，第 12 条",
    "database: stands on revision 0013, 0016 is needed",
    "ruleset 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "commit feae6760459bbfd5bdda6ded7781cda9377e827c",
    "1764300000, 1764300000123, 1764300000123456, 1764300000123456789",
    "https://qyapi.weixin.qq.com/cgi-bin/message/send?agentid=1000002",
    "/reports/<token> 404",
    "/channels/wechat 403",
    "sqlite:////srv/shebao/var/shebao.db",
    "test_what_another_process_published_is_noticed_by_the_program",
    "open_conversations_by_keyed",
    "民发〔2021〕57号 第十三条",
    "192.168.10.23:8000, 127.0.0.1",
)


@pytest.mark.parametrize("text", ORDINARY)
def test_what_an_operator_reads_stays(text: str) -> None:
    assert clean(text) == text


@given(st.integers(-(10**9), 10**9), st.decimals(0, 10**7, places=2), st.dates(), st.datetimes(), st.uuids())
def test_figures_days_and_identifiers_stay(
    number: int, amount: Decimal, day: date, moment: datetime, identifier: UUID
) -> None:
    for each in (f"{number}", f"{amount} 元", day.isoformat(), moment.isoformat(" "), f"{identifier}"):
        assert clean(each) == each


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Bearer abc.def.ghi-jkl", f"Authorization: {REMOVED}"),
        ('{"authorization": "TC3-HMAC-SHA256 Credential=AKID1/2026"}', f'{{"authorization": {REMOVED}'),
        ("touser=zhangsan&agentid=1", f"touser={REMOVED}&agentid=1"),
        ('{"userid": "ZhangSan", "agentid": 1}', f'{{"userid": {REMOVED}, "agentid": 1}}'),
        ("<FromUserName><![CDATA[ZhangSan]]></FromUserName>", f"<FromUserName>{REMOVED}</FromUserName>"),
        ("GET https://api.telegram.org/bot123456:AAabcdefghijklmnopqrstuvwxyz/getMe", f"GET https://api.telegram.org/bot{REMOVED}/getMe"),
        ("/reports/a1B2c3 200", f"/reports/{REMOVED} 200"),
        ("postgresql://shebao:hunter2@db/shebao", f"postgresql://{REMOVED}@db/shebao"),
        ("电话 0512-62345678", f"电话 {REMOVED}"),
        ("hr%40gongchang.example", REMOVED),
    ],
)  # fmt: skip
def test_what_stays_of_a_line_says_what_was_there(text: str, left: str) -> None:
    assert clean(text) == left


@pytest.mark.parametrize(
    "name",
    ("Authorization", "access_token", "secret", "userid", "to_user", "FromUserName", "openid", "Set-Cookie"),
)
def test_known_fields_are_removed_whatever_they_hold(written: io.StringIO, name: str) -> None:
    log.info(
        "a line", extra={"sent": {name: "zhangsan"}, "at": date(2026, 10, 15), "took": timedelta(seconds=3)}
    )
    (line,) = lines(written)
    assert (line["sent"], line["at"], line["took"]) == ({name: REMOVED}, "2026-10-15", "0:00:03")


def test_what_cannot_be_redacted_is_not_written(written: io.StringIO) -> None:
    class Broken(dict[str, str]):
        def items(self) -> Any:
            raise RuntimeError("110101199003077758")

    log.warning("阿丽 13800138000", extra={"said": Broken(a="b"), "also": "阿丽"})
    (line,) = lines(written)
    assert line.pop("timestamp")
    assert line == {"event": NOT_WRITTEN, "logger": "shebao.test", "level": "warning"}


def test_what_goes_round_in_circles_ends(written: io.StringIO) -> None:
    circle: list[Any] = []
    circle.append(circle)
    log.info("a line", extra={"said": circle})
    assert str(lines(written)[0]["said"]) == "[" * (DEEPEST - 0) + f"'{REMOVED}'" + "]" * (DEEPEST - 0)


def test_a_line_whose_arguments_do_not_fit_is_not_printed(
    written: io.StringIO, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "propagate", False)  # pytest's own handler would raise
    monkeypatch.setattr(log, "handlers", [logging.getLogger().handlers[0]])
    log.info("%d of %s", "13800138000")
    assert lines(written) == [
        {"event": "a line could not be written", "logger": "shebao.test", "level": "info"}
    ]
    assert capsys.readouterr().err == ""


def test_a_line_has_the_id_of_its_request_and_no_other(written: io.StringIO) -> None:
    id = logs.begin(job="sweep")
    log.info("one")
    logs.end()
    log.info("two")
    one, two = lines(written)
    assert (one["id"], one["job"]) == (id, "sweep") and "id" not in two and "job" not in two


def test_an_error_is_told_by_its_kind_and_places(written: io.StringIO) -> None:
    in_error("3500 元")
    told = lines(written)[0]["error"]
    assert [each.split(" < ")[0] for each in told] == ["ValueError", "KeyError"]
    assert "tests/app/test_redaction.py:" in told[0] and told[0].endswith("in_error")
    assert "3500" not in written.getvalue()


def test_libraries_write_through_the_same_net(written: io.StringIO) -> None:
    for name in ("huey", "waitress", "httpx", "alembic.runtime.migration", "telegram.ext"):
        logging.getLogger(name).warning(
            "calls https://api.telegram.org/bot123456:AAabcdefghijklmnopqrstuvwxyz/getMe"
        )
        logging.getLogger(name).error("broke", exc_info=ValueError("13800138000"))
    assert len(lines(written)) == 10
    assert "AAabc" not in written.getvalue() and "13800138000" not in written.getvalue()
    logging.getLogger("httpx").info("HTTP Request: GET")
    assert len(lines(written)) == 10


def test_a_level_holds_for_the_libraries_too_and_requests_that_wait_write_nothing(
    written: io.StringIO,
) -> None:
    logging.getLogger("waitress.queue").warning("Task queue depth is 56")
    logs.set_up(Log(level="error", format="json"), written)
    logging.getLogger("httpx").warning("a warning of a library")
    log.error("an error of ours")
    assert [line["event"] for line in lines(written)] == ["an error of ours"]


def test_lines_for_a_person(tmp_path: Path, written: io.StringIO) -> None:
    stream = io.StringIO()
    logs.set_up(Log(format="text"), stream)
    log.info("request", extra={"route": "/hr/", "status": 200, "phone": "13800138000"})
    text = stream.getvalue()
    assert "request" in text and "/hr/" in text and "13800138000" not in text and not text.startswith("{")


def test_links_are_taken_out_and_the_addresses_of_everybody_stay() -> None:
    for token in ("p3hVx2", "visit-p3hVx2", "visitor"):
        assert clean(f"POST /notices/{token}/enter") == f"POST /notices/{REMOVED}/enter"
    for kept in (
        "/notices/visit",
        "/notices/visit/answer",
        "/notices/<token>/code",
        "/notices/visit?lang=en",
    ):
        assert clean(kept) == kept
