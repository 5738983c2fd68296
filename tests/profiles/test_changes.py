"""Dated changes: what may be said, what is the same change again, and what is kept of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, get_args

import pytest
from profile_samples import said

from profiles.changes import (
    FIELDS,
    HOUSEHOLD,
    SOURCES,
    STANDINGS,
    Change,
    Field,
    Income,
    Source,
    Standing,
    allowed_to_keep,
    dibao_of,
    distinct,
    read_value,
    value_json,
)
from profiles.profile import Profile

ONE_OF_EACH: dict[Field, Any] = {
    "gross_wage": 350_000,
    "net_wage": 297_504,
    "base": 495_200,
    "own_share": 52_496,
    "insured_since": date(2026, 10, 1),
    "insured_until": date(2026, 12, 31),
    "region": "320500",
    "home_region": "341200",
    "area": "rural",
    "on_book": True,
    "household_size": 4,
    "other_income": Income(0, 50_000),
    "dibao_line": 80_000,
    "dibao": "suspended",
}


def test_every_field_has_a_name_and_is_one_of_the_profile() -> None:
    assert set(FIELDS) == set(get_args(Field)) == set(ONE_OF_EACH)
    assert set(SOURCES) == set(get_args(Source)) and set(STANDINGS) == set(get_args(Standing))
    assert set(get_args(Field)) < set(Profile.__dataclass_fields__)


@pytest.mark.parametrize("what", get_args(Field))
def test_a_value_is_kept_and_read_again(what: Field) -> None:
    for value in (ONE_OF_EACH[what], None):
        assert said(what, value).value == value
        assert read_value(what, value_json(value)) == value
    assert isinstance(read_value("other_income", [0, 1]), Income)


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("gross_wage", -1),
        ("gross_wage", True),
        ("gross_wage", "3500"),
        ("base", 10**9 + 1),
        ("insured_since", datetime(2026, 1, 1)),  # noqa: DTZ001 - it is refused as it stands
        ("insured_until", "2026-01-01"),
        ("region", "苏州"),
        ("home_region", 341200),
        ("area", "suburb"),
        ("dibao", "unknown"),
        ("dibao", 1),
        ("on_book", 1),
        ("household_size", 0),
        ("household_size", 31),
        ("household_size", True),
        ("other_income", 50_000),
        ("other_income", Income(2, 1)),
        ("other_income", Income(-1, 1)),
    ],
)
def test_what_cannot_be_is_refused_by_field_and_never_by_value(what: Field, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{what} cannot be that$"):
        said(what, value)
    with pytest.raises((ValueError, TypeError)):
        read_value(what, {"no": "value"})


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        said("gross_wage", 1, at="2026-01-05T08:00:00")


def test_what_comes_again_under_its_number_is_one_change_as_it_was_first_written() -> None:
    first = said("gross_wage", 350_000, reference="pay-17")
    again = said("gross_wage", 350_000, reference="pay-17", at="2026-02-01T00:00:00+00:00")
    assert distinct([again, first]) == distinct([first]) == (first,)
    corrected = said("gross_wage", 360_000, reference="pay-17", at="2026-02-01T00:00:00+00:00")
    assert len(distinct([first, corrected])) == 2


def test_without_a_number_the_moment_tells_two_changes_apart() -> None:
    first = said("gross_wage", 350_000)
    later = said("gross_wage", 350_000, at="2026-02-01T00:00:00+00:00")
    same_moment = said("gross_wage", 350_000, at="2026-01-05T16:00:00+08:00")
    assert len(distinct([first, first, later])) == 2
    assert len(distinct([first, same_moment])) == 1


def test_nothing_about_the_household_is_kept_without_consent() -> None:
    changes = [said(what, value) for what, value in ONE_OF_EACH.items()]
    assert {each.what for each in allowed_to_keep(changes, consent=False)} == set(get_args(Field)) - HOUSEHOLD
    assert len(allowed_to_keep(changes, consent=True)) == len(changes)


def test_no_repr_tells_anything_personal() -> None:
    for what, value in ONE_OF_EACH.items():
        told = repr(said(what, value, said_by="陈桂兰", reference="civil-3500"))
        assert what not in told and "civil-3500" not in told and "陈桂兰" not in told
        assert str(value) not in told.replace("2026, 1, 5", "")


def test_the_status_of_a_change() -> None:
    assert dibao_of("receiving") == "receiving"
    assert dibao_of(None) is None


def test_a_change_is_frozen() -> None:
    with pytest.raises(AttributeError):
        said("region", "320500").value = "110000"  # type: ignore[misc]
    assert Change.__slots__
