"""The configuration of a connection: what is wrong with it is named before anything is asked."""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox import CITY_TOML, table

from calculator.money import LARGEST, format_yuan
from connectors.civil_affairs import HttpCivilAffairs
from connectors.outside.calling import Outside
from connectors.outside.connection import ApiKey, OAuth2, Wire, read_connection
from connectors.outside.records import Field, Mapped, read_amount, read_json, read_month
from connectors.payroll import HttpPayroll
from connectors.social_insurance import HttpSocialInsurance
from people.outside import Nonsense, Tokens

MAKERS = {
    "civil_affairs": HttpCivilAffairs,
    "social_insurance": HttpSocialInsurance,
    "payroll": HttpPayroll,
}


def changed(section: str, path: str, value: Any) -> dict[str, Any]:
    """The section with one setting replaced, or taken out where the value is None."""
    found = deepcopy(table(section, "http://127.0.0.1:1"))
    *steps, last = path.split(".")
    inside = found
    for step in steps:
        inside = inside.setdefault(step, {})
    if value is None:
        del inside[last]
    else:
        inside[last] = value
    return found


def make(section: str, given: dict[str, Any], home: Path = CITY_TOML.parent) -> Any:
    outside = Outside(read_connection(section, given, home))
    try:
        return MAKERS[section](outside)
    finally:
        outside.close()


@pytest.mark.parametrize(
    ("section", "path", "value", "said"),
    [
        ("payroll", "adress", "x", "payroll.adress: unknown setting"),
        ("payroll", "address", "payroll.example", "payroll.address: an address such as"),
        ("payroll", "address", "http://payroll.example", "payroll.address: must begin with https://"),
        ("payroll", "address", "https://a:b@payroll.example", "payroll.address: an address such as"),
        ("payroll", "limits.read_seconds", "long", "payroll.limits.read_seconds: must be a number above zero"),
        ("payroll", "limits.read_seconds", 0, "payroll.limits.read_seconds: must be a number above zero"),
        ("payroll", "limits.longest_bytes", 1.5, "payroll.limits.longest_bytes: must be a number above zero"),
        ("payroll", "retries.attempts", True, "payroll.retries.attempts: must be a number above zero"),
        ("payroll", "retries.atempts", 1, "payroll.retries.atempts: unknown setting"),
        ("payroll", "paging.first", -1, "payroll.paging.first: must be a whole number"),
        ("payroll", "paging.kind", "letters", "payroll.paging.kind: must be one of number, cursor"),
        ("payroll", "amounts", "euro", "payroll.amounts: must be one of yuan, fen"),
        ("payroll", "auth.kind", "trust", "payroll.auth.kind: one of none, api_key, oauth2, hmac"),
        ("payroll", "auth.key", None, "payroll.auth.key: missing"),
        ("payroll", "auth", "none", "payroll.auth: must be a section"),
        ("payroll", "envelope.ok", "0", "payroll.envelope.ok: must be a list of texts"),
        ("payroll", "paths", None, "payroll.paths: missing"),
        ("payroll", "paths.wages", 1, "payroll.paths: must be a table of texts"),
        ("payroll", "fields.wage", "x", "payroll.fields: must be a section of tables of texts"),
        ("payroll", "tls.certificate", "a.pem", "payroll.tls: certificate and private_key go together"),
        ("payroll", "fields.wage.gross", None, "fields.wage.gross: missing"),
        ("payroll", "fields.wage.groß", "x", "fields.wage.groß: there are"),
        ("payroll", "codes.receipt", None, "codes.receipt: missing"),
        ("payroll", "codes.receipt.maybe", "perhaps", "codes.receipt.maybe: one of accepted, pending, rejected"),
        ("civil_affairs", "codes.status.06", "poor", "codes.status.06: one of applying, ended, none"),
        ("civil_affairs", "person.kind", "name", "civil_affairs.person.kind: one of own_number"),
        ("civil_affairs", "person.secret", "short", "person_secret: at least 16 characters"),
        ("civil_affairs", "auth.token_url", "http://a.example/t", "civil_affairs.auth.token_url: must begin with"),
        ("civil_affairs", "zone", "Beijing", "zone: one such as +08:00"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(section: str, path: str, value: Any, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        make(section, changed(section, path, value))


@pytest.mark.parametrize("section", MAKERS)
def test_the_city_is_configured(section: str) -> None:
    make(section, table(section, "http://127.0.0.1:1"))


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from the file\n", encoding="utf-8")
    given = changed("payroll", "auth", {"kind": "api_key", "key_file": "key"})
    assert read_connection("payroll", given, tmp_path).auth == ApiKey("from the file")
    with pytest.raises(ValueError, match=r"payroll\.auth\.key_file: the file cannot be read"):
        read_connection("payroll", changed("payroll", "auth.key_file", "nowhere"), tmp_path)


def test_secrets_stand_in_no_repr() -> None:
    given = OAuth2("https://a.example/t", "id", "very-secret")
    assert "very-secret" not in repr(given)
    assert "very-secret" not in repr(Tokens("id_number_hmac", "very-secret-very"))


# -- records -----------------------------------------------------------------------------------------------------------

SHAPE = {
    "reference": Field("text"),
    "amount": Field("amount"),
    "month": Field("month"),
    "kind": Field("code", "kind", frozenset({"a", "b"}), may_miss=True),
}
WIRE = Wire(
    {},
    {"one": {"reference": "id", "amount": "money.yuan", "month": "m", "kind": "k"}},
    {"kind": {"1": "a", "2": "b"}},
)
any_value = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=12)
    | st.decimals(allow_nan=True)
    | st.sampled_from(["2026-10", "202610", "3500.00", "1"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["yuan", "x"]), inner),
)


@given(st.dictionaries(st.sampled_from(["id", "money", "m", "k"]), any_value) | any_value)
def test_whatever_a_record_is_it_is_read_whole_or_not_at_all(record: Any) -> None:
    try:
        read = Mapped("one", SHAPE, WIRE).read(record)
    except Nonsense as error:
        assert re.fullmatch(r"one(\.\w+)?:(missing|unmapped(:[A-Za-z0-9_.-]{1,12})?|not_an?_\w+)", error.code)
        return
    assert set(read) == set(SHAPE)
    assert 0 < len(read["reference"]) <= 200
    assert type(read["amount"]) is int
    assert 0 <= read["amount"] <= LARGEST
    assert isinstance(read["month"], date)
    assert read["month"].day == 1
    assert read["kind"] in (None, "a", "b")


@given(
    st.integers(0, LARGEST), st.dates(date(1980, 1, 1), date(2099, 12, 31)), st.sampled_from(["yuan", "fen"])
)
def test_what_is_written_is_read_again(fen: int, day: date, unit: Any) -> None:
    shape = {"amount": Field("amount"), "month": Field("month"), "day": Field("day")}
    names = {name: f"a.{name}" for name in shape}
    mapped = Mapped("one", shape, Wire({}, {"one": names}, amounts=unit))
    values = {"amount": fen, "month": day.replace(day=1), "day": day}
    assert mapped.read(mapped.write(values)) == values


@given(st.integers(0, LARGEST))
def test_an_amount_as_a_number_is_exact(fen: int) -> None:
    assert read_amount(read_json(format_yuan(fen).encode()), "yuan") == fen


@pytest.mark.parametrize(
    "wrong",
    ["3500.001", "1e3", "", "-1", "三千", "1,000.00", None, True, 1.5, Decimal("1e999999"), Decimal("NaN"),
     Decimal("0.001"), 10**11, [1]],
)  # fmt: skip
def test_an_amount_that_is_none(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_amount(wrong, "yuan")


@pytest.mark.parametrize("wrong", ["2026", "2026-13", "202613", "2026-1", "26-10", "2026-10-32", "1900-01"])
def test_a_month_that_is_none(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_month(wrong)


def test_a_zone_behind_is_one_too() -> None:
    shape = {"at": Field("moment")}
    mapped = Mapped("one", shape, Wire({}, {"one": {"at": "at"}}, zone="-03:30"))
    read = mapped.read({"at": "2026-10-15T00:00:00"})["at"]
    assert read.utcoffset() == timedelta(0)
    assert read.isoformat() == "2026-10-15T03:30:00+00:00"
    with pytest.raises(Nonsense, match="not_a_moment"):
        Mapped("one", shape, Wire({}, {"one": {"at": "at"}})).read({"at": "2026-10-15T00:00:00"})


def test_tokens_name_nobody() -> None:
    hashed = Tokens("id_number_hmac", "a secret of sixteen")
    assert hashed.of("11010519491231002x", "1") == hashed.of(" 11010519491231002X ", "2")
    assert hashed.of("", "1") == ""
    assert Tokens("own_number").of("11010519491231002X", "1") == "1"
