"""Which class speaks with each outside system: over HTTP, or through a folder where the system has no interface.

Both are described by a section of a TOML file. Over HTTP it is what `read_connection` takes; for a folder it has `person`, and
under `forms` the columns of each kind of sheet, which lies in a folder of that name.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from connectors.civil_affairs import HttpCivilAffairs
from connectors.files import FileCivilAffairs, FilePayroll, FileSocialInsurance, Folder, Form
from connectors.outside.calling import Outside
from connectors.outside.connection import Connection, made, read_connection, read_person, section_of
from connectors.payroll import HttpPayroll
from connectors.social_insurance import HttpSocialInsurance
from people.connections import Name
from people.outside import CivilAffairs, Payroll, SocialInsurance, Tokens

T = TypeVar("T")
System = TypeVar("System", covariant=True)
#: The sheets of each system, by the folder that they lie in.
SHEETS: Final[Mapping[Name, tuple[str, ...]]] = {
    "civil_affairs": ("changes",),
    "social_insurance": ("enrol", "change_base", "declare", "receipts", "confirmed", "statement"),
    "payroll": ("wages", "deductions", "receipts"),
}


@dataclass(frozen=True, slots=True)
class Where:
    """Where a system is described, and the folder through which it is reached; None: over HTTP."""

    mapping: Path
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Chosen(Generic[System]):
    """A system that can be asked, how it names people, and how it is connected; None for a folder. `close` ends what is
    open."""

    system: System
    tokens: Tokens
    connection: Connection | None
    close: Callable[[], None]


def choose_civil_affairs(where: Where, clock: Callable[[], float]) -> Chosen[CivilAffairs]:
    """Civil affairs. Raises `ValueError`, naming the setting, and `OSError` for a file that cannot be used."""
    table = _table("civil_affairs", where)
    if where.folder is None:
        outside = _outside("civil_affairs", table, where, clock)
        return _over_http(outside, HttpCivilAffairs(outside, clock))
    tokens, forms = _tokens("civil_affairs", table, where), _forms("civil_affairs", table, where)
    files = FileCivilAffairs(
        "civil_affairs", Folder(where.folder / "changes", clock), forms["changes"], tokens
    )
    return Chosen(files, tokens, None, _nothing)


def choose_social_insurance(where: Where, clock: Callable[[], float]) -> Chosen[SocialInsurance]:
    """Social insurance. Raises as `choose_civil_affairs` does."""
    table = _table("social_insurance", where)
    if where.folder is None:
        outside = _outside("social_insurance", table, where, clock)
        return _over_http(outside, HttpSocialInsurance(outside))
    tokens, forms = _tokens("social_insurance", table, where), _forms("social_insurance", table, where)
    folders = {each: Folder(where.folder / each, clock) for each in SHEETS["social_insurance"]}
    return Chosen(FileSocialInsurance("social_insurance", folders, forms), tokens, None, _nothing)


def choose_payroll(where: Where, clock: Callable[[], float]) -> Chosen[Payroll]:
    """Payroll. Raises as `choose_civil_affairs` does."""
    table = _table("payroll", where)
    if where.folder is None:
        outside = _outside("payroll", table, where, clock)
        return _over_http(outside, HttpPayroll(outside))
    tokens, forms = _tokens("payroll", table, where), _forms("payroll", table, where)
    wages, deductions, receipts = (Folder(where.folder / each, clock) for each in SHEETS["payroll"])
    return Chosen(FilePayroll("payroll", wages, deductions, receipts, forms), tokens, None, _nothing)


def _table(name: Name, where: Where) -> Mapping[str, Any]:
    try:
        data = tomllib.loads(where.mapping.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeError) as error:
        raise ValueError(f"{where.mapping.name}: {error}") from None
    if name not in data:
        raise ValueError(f"{where.mapping.name}: has no section [{name}]")
    return section_of(where.mapping.name, name, data)


def _outside(name: Name, table: Mapping[str, Any], where: Where, clock: Callable[[], float]) -> Outside:
    return Outside(read_connection(name, table, where.mapping.parent), clock)


def _over_http(outside: Outside, system: T) -> Chosen[T]:
    return Chosen(system, outside.connection.person, outside.connection, outside.close)


def _tokens(name: Name, table: Mapping[str, Any], where: Where) -> Tokens:
    for key in table:
        if key not in ("person", "forms"):
            raise ValueError(f"{name}.{key}: unknown setting of a folder; there are person, forms")
    return read_person(section_of(name, "person", table), f"{name}.person", where.mapping.parent)


def _forms(name: Name, table: Mapping[str, Any], where: Where) -> dict[str, Form]:
    forms = section_of(name, "forms", table)
    for each in forms:
        if each not in SHEETS[name]:
            raise ValueError(f"{name}.forms.{each}: unknown sheet; there are {', '.join(SHEETS[name])}")
    return {
        each: made(
            Form,
            section_of(f"{name}.forms", each, forms),
            f"{name}.forms.{each}",
            where.mapping.parent,
        )
        for each in SHEETS[name]
    }


def _nothing() -> None:
    """A folder is not open between two looks."""
