"""Social insurance: what is handed in is done once whatever happens on the way, and nothing unlawful is ever sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from platforms.city import City, Trouble
from sandbox import ALONE_AND_IN_PAIRS, MONTH, eventually, names, told

from connectors.outside.calling import Outside
from connectors.social_insurance import HttpSocialInsurance
from people.outside import (
    BaseChange,
    Declaration,
    DeclaredLine,
    Enrolment,
    Nonsense,
    OutsideFailed,
    Receipt,
    ReceiptLine,
    Unlawful,
)

pytest_plugins = ["sandbox"]

Connect = Callable[..., Outside]
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
FLOOR = 495_200
ENROLMENT = Enrolment("e-1", "0001", NOVEMBER, NOVEMBER, FLOOR, FLOOR, "王工人", "110105194912310021")
CHANGE = BaseChange("b-1", "0002", NOVEMBER, NOVEMBER, 600_050, FLOOR)
DECLARATION = Declaration(
    "d-1",
    OCTOBER,
    (
        DeclaredLine("0003", FLOOR, FLOOR),
        DeclaredLine("0004", 512_300, 500_000),
        DeclaredLine("0005", 800_001, 800_001),
    ),
)


@pytest.fixture
def agency(connect: Connect) -> HttpSocialInsurance:
    return HttpSocialInsurance(connect("social_insurance"))


def test_somebody_is_enrolled_with_what_the_agency_asks_for(city: City, agency: HttpSocialInsurance) -> None:
    assert agency.enrol(ENROLMENT) == Receipt("social_insurance", "e-1", "accepted")
    (call,) = city.social_insurance.called("enrol")
    assert call.request.json() == {
        "ywlsh": "e-1",
        "grbh": "0001",
        "ksny": "2026-11",
        "jfjs": "4952.00",
        "xm": "王工人",
        "zjhm": "110105194912310021",
    }
    assert call.request.headers["idempotency-key"] == "e-1"
    assert not call.request.query
    assert city.people["0001"].insured_since == "2026-11"


def test_a_base_is_changed(city: City, agency: HttpSocialInsurance) -> None:
    assert agency.change_base(CHANGE).state == "accepted"
    assert city.people["0002"].base == 600_050


def test_a_month_is_declared_and_one_line_comes_back(city: City, agency: HttpSocialInsurance) -> None:
    city.social_insurance.bad_names.add("0004")
    receipt = agency.declare(DECLARATION)
    assert receipt.lines == (
        ReceiptLine("0003", "accepted"),
        ReceiptLine("0004", "rejected", "name"),
        ReceiptLine("0005", "accepted"),
    )
    assert city.social_insurance.declared == {MONTH: {"0003": FLOOR, "0005": 800_001}}


def test_amounts_and_statement_come_once_they_are_published(city: City, agency: HttpSocialInsurance) -> None:
    agency.declare(DECLARATION)
    assert agency.statement(OCTOBER) is None
    assert agency.confirmed(OCTOBER).amounts == ()
    city.social_insurance.publish(MONTH)
    confirmed = agency.confirmed(OCTOBER)
    assert len(confirmed.amounts) == 12
    pension = next(each for each in confirmed.amounts if (each.person, each.insurance) == ("0004", "pension"))
    assert (pension.base, pension.employee, pension.employer) == (512_300, 40_984, 81_968)
    statement = agency.statement(OCTOBER)
    assert statement is not None
    assert [each.person for each in statement.lines] == ["0003", "0004", "0005"]
    assert statement.employee == sum(each.employee for each in confirmed.amounts)
    assert statement.employer == sum(each.employer for each in confirmed.amounts)


def test_amounts_that_are_known_are_not_sent_again(city: City, agency: HttpSocialInsurance) -> None:
    agency.declare(DECLARATION)
    city.social_insurance.publish(MONTH)
    version = agency.confirmed(OCTOBER).version
    city.social_insurance.calls.clear()
    again = agency.confirmed(OCTOBER, version)
    assert (again.unchanged, again.amounts, again.version) == (True, (), version)
    assert len(city.social_insurance.calls) == 1
    agency.declare(Declaration("d-2", OCTOBER, (DeclaredLine("0006", FLOOR, FLOOR),)))
    assert len(agency.confirmed(OCTOBER, version).amounts) == 16


def test_what_is_pending_is_asked_for_under_the_same_reference(
    city: City, agency: HttpSocialInsurance
) -> None:
    city.social_insurance.later = True
    assert agency.enrol(ENROLMENT).state == "pending"
    city.social_insurance.decide()
    assert agency.enrol(ENROLMENT).state == "accepted"
    assert city.social_insurance.done == ["e-1"]


def test_another_thing_under_a_used_reference_is_an_error(agency: HttpSocialInsurance) -> None:
    agency.enrol(ENROLMENT)
    with pytest.raises(Nonsense, match=r"envelope\.code:unmapped:409"):
        agency.enrol(replace(ENROLMENT, base=FLOOR + 1))


def test_what_the_agency_asks_for_must_be_there(city: City, agency: HttpSocialInsurance) -> None:
    with pytest.raises(ValueError, match=r"enrolment\.name: the system asks for it"):
        agency.enrol(replace(ENROLMENT, name=""))
    for lines in ((), DECLARATION.lines[:1] * 2):
        with pytest.raises(ValueError, match="names each person once"):
            agency.declare(replace(DECLARATION, lines=lines))
    assert not city.social_insurance.calls


# -- what is not lawful ------------------------------------------------------------------------------------------------

bases = st.integers(-1, 3_000_000)


@given(base=bases, lawful=bases, months=st.integers(0, 3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_below_the_lawful_base_and_nothing_put_off_is_ever_sent(
    city: City, agency: HttpSocialInsurance, base: int, lawful: int, months: int
) -> None:
    starts = date(2026, 9 + months, 1)
    below, late = lawful <= 0 or base < lawful, starts > OCTOBER
    asked = len(city.social_insurance.calls)
    acts: list[tuple[Callable[[], Any], bool]] = [
        (lambda: agency.enrol(Enrolment("e", "0001", starts, OCTOBER, base, lawful, "王", "1")), late),
        (lambda: agency.change_base(BaseChange("b", "0001", starts, OCTOBER, base, lawful)), late),
        (lambda: agency.declare(Declaration("d", OCTOBER, (DECLARATION.lines[0], DeclaredLine("9", base, lawful)))), False),
    ]  # fmt: skip
    for act, deferred in acts:
        if below or deferred:
            with pytest.raises(Unlawful) as error:
                act()
            assert error.value.code == ("below_lawful_base" if below else "deferred")
    assert len(city.social_insurance.calls) == asked


def test_the_agency_can_be_asked_for_nothing_but_what_the_contract_names() -> None:
    public = {name for name in vars(HttpSocialInsurance) if not name.startswith("_")}
    assert public == {"enrol", "change_base", "declare", "confirmed", "statement"}


# -- trouble -----------------------------------------------------------------------------------------------------------


class Doing:
    """A consumer: does everything that is to do until each has its receipt, under the same references."""

    def __init__(self, agency: HttpSocialInsurance) -> None:
        self.agency = agency
        self.got: dict[str, Any] = {}
        self.failed: list[OutsideFailed] = []

    def go(self) -> None:
        acts: dict[str, Callable[[], Any]] = {
            "enrol": lambda: self.agency.enrol(ENROLMENT),
            "change_base": lambda: self.agency.change_base(CHANGE),
            "declare": lambda: self.agency.declare(DECLARATION),
            "confirmed": lambda: self.agency.confirmed(OCTOBER),
            "statement": lambda: self.agency.statement(OCTOBER),
        }
        for name, act in acts.items():
            try:
                self.got[name] = act()
            except OutsideFailed as error:
                self.failed.append(error)

    def all(self) -> None:
        """Raises what failed."""
        self.failed.clear()
        self.go()
        if self.failed:
            raise self.failed[0]


def right(city: City, got: dict[str, Any]) -> bool:
    """Whether what is there is what the city has, each done once."""
    agency = city.social_insurance
    assert sorted(agency.done) == sorted(set(agency.done))
    for name, reference in (("enrol", "e-1"), ("change_base", "b-1"), ("declare", "d-1")):
        if name in got:
            assert (got[name].state, got[name].reference) == ("accepted", reference)
    if "declare" in got:
        assert sorted(each.person for each in got["declare"].lines) == ["0003", "0004", "0005"]
        assert all(each.state == "accepted" for each in got["declare"].lines)
        assert agency.declared[MONTH] == {each.person: each.base for each in DECLARATION.lines}
    if "confirmed" in got:
        found = [(each.reference, each.base) for each in got["confirmed"].amounts]
        assert sorted(found) == sorted(
            (each["dzlsh"], int(each["jfjs"].replace(".", ""))) for each in agency.lines(MONTH)
        )
    if got.get("statement"):
        assert sum(each.employer for each in got["statement"].lines) == got["statement"].employer
        assert len(got["statement"].lines) == 3
    return len(got) == 5


@pytest.fixture
def declared(city: City) -> City:
    """October is declared already by somebody else, so that there are amounts to be read."""
    agency = city.social_insurance
    agency.declared[MONTH] = {each.person: each.base for each in DECLARATION.lines}
    agency.publish(MONTH)
    return city


@pytest.mark.parametrize("troubles", ALONE_AND_IN_PAIRS, ids=names)
def test_trouble_loses_nothing_and_does_nothing_twice(
    declared: City, connect: Connect, troubles: tuple[Trouble, ...]
) -> None:
    doing = Doing(HttpSocialInsurance(connect("social_insurance")))
    for each in troubles:
        declared.social_insurance.switch(each)
    doing.go()
    assert all(isinstance(error, told(troubles)) for error in doing.failed), doing.failed
    assert doing.failed or not (len(troubles) == 1 and told(troubles)[:-1])
    right(declared, doing.got)
    declared.calm()
    eventually(doing.all)
    assert right(declared, doing.got)
    assert sorted(declared.social_insurance.done) == ["b-1", "d-1", "e-1"]


@pytest.mark.parametrize("troubles", ALONE_AND_IN_PAIRS, ids=names)
def test_trouble_that_passes_needs_no_help(
    declared: City, connect: Connect, troubles: tuple[Trouble, ...]
) -> None:
    doing = Doing(HttpSocialInsurance(connect("social_insurance", retries={"attempts": 3})))
    for each in troubles:
        declared.social_insurance.switch(each, calls=2)
    eventually(doing.all)
    assert right(declared, doing.got)
    assert sorted(declared.social_insurance.done) == ["b-1", "d-1", "e-1"]
    assert not declared.social_insurance.troubles
