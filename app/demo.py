"""The demo company: a mill in 苏州 with two people of HR, a roster of a hundred and twenty with a year of pay, and employees
who have talked to the assistant.

All of it is made up. The roster and the months of pay come in as sheets do, through the importer; what the employees say goes
through the assistant itself, so that the cases hold what real ones would. A figure that one of them names is one that they
entered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from app.demo_people import DECLARED_BY, Person, everybody, raised_on
from audit.events import SYSTEM
from audit.events import employee as subject
from bot.receiving import Received
from calculator.money import Fen, format_yuan
from delivery.messages import IncomingMessage
from people.accounts import PRESET_OF_TWO
from people.employees import Employee
from people.entities import InsuredAccount, LegalEntity
from people.importing import Importer, ImportKind, Incoming
from people.records import PURPOSES, Adjustment, DibaoState, DibaoStatus, PayMonth
from policy_kb.library import Library
from policy_kb.periods import add_months
from profiles.changes import Change, Field, Income, Value
from profiles.lawful import LawfulBase, lawful_base
from storage.opening import Storage

COMPANY: Final = "苏州恒纺织造有限公司（演示）"
#: The demo's log-ins are public knowledge, so `shebao serve --demo` listens on loopback alone.
PASSWORD: Final = "demo-only-not-secret"
LOGINS: Final = (("zhaojing", "赵静"), ("qianming", "钱明"))
#: The insured accounts, by region.
ACCOUNTS: Final = {"320500": "3205-0098", "330100": "3301-0417", "310000": "3100-2206"}
INJURY_CLASS: Final = 1
#: Months of pay that are on record.
MONTHS: Final = 12
#: Who says what, in order; a text in brackets is the title of a button.
TALKS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("A1036", ("公积金能不能取出来还债", "我要找人事", "[只发这个问题]")),
    (
        "A1034",
        (
            "苏州上班老家阜阳农村，本上四个人有我，工资3500扣之前，低保线800，交社保低保还有吗",
            "[没有]",
            "[跳过]",
            "我不想交，五百多块我妈药钱没了",
            "找人事",
            "[只发这个问题]",
        ),
    ),
    ("A1035", ("我家低保停了", "[告诉人事]")),
    ("A1058", ("手被机器轧了 厂里没交社保", "[让人事看看]", "[只发这个问题]")),
    ("B2007", ("我要投诉", "主管逼我签不交社保的保证", "[只发这个问题]")),
    ("A1057", ("个人交多少", "苏州", "3800 扣之前")),
)
#: What two of the fifteen told HR of their household's dibao; since when.
TOLD: Final[tuple[tuple[str, DibaoState], ...]] = (("A1034", "receiving"), ("A1035", "suspended"))
_TOLD_SINCE: Final = date(2026, 5, 1)


def make_demo(
    storage: Storage,
    receive: Callable[[IncomingMessage], Received],
    importer: Importer,
    library: Library,
    today: date,
) -> bool:
    """Makes the demo company where there is nobody of HR yet; whether it did."""
    if storage.accounts.all():
        return False
    for (login, name), roles in zip(LOGINS, PRESET_OF_TWO, strict=True):
        storage.accounts.add(login, name, roles, state="active", password=PASSWORD)
    people, shares = everybody(today), _Shares(library, today)
    _set_up(storage)
    _import(storage, importer, "roster", "名册（演示）.xlsx", [_on_roster(each, shares) for each in people])
    months = [_as_row(each.number, month) for each in people for month in _months(each, shares)]
    _import(storage, importer, "history", "工资和缴费（演示）.xlsx", months)
    for number, said in TALKS:
        _talk(storage, receive, _employee(storage, number), said)
    for each in people:
        if each.household is not None:
            _agree(storage, _employee(storage, each.number).id)
        if each.before is not None:
            _adjust(storage, _employee(storage, each.number).id, each, shares)
    storage.profiles.note(_households(storage, people), SYSTEM)
    for number, status in TOLD:
        told = DibaoStatus(status, _TOLD_SINCE, "told_hr")
        storage.records.tell_dibao(_employee(storage, number).id, told, SYSTEM)
    return True


def _set_up(storage: Storage) -> None:
    entity = storage.companies.save_entity(LegalEntity("", COMPANY, ""), SYSTEM)
    for region, number in ACCOUNTS.items():
        storage.companies.save_account(
            InsuredAccount(
                "",
                entity,
                region,
                number,
                injury_class=INJURY_CLASS,
                injury_rate=2_000,
                injury_source="演示：单位自己填的，没有真的核定单",
                pay_day=15,
                declaration_day=DECLARED_BY,
            ),
            SYSTEM,
        )


class _Shares:
    """What is declared and withheld for a wage in a month: the lawful base, and the own share of it."""

    def __init__(self, library: Library, today: date) -> None:
        self.today = today
        self._library = library
        self._known: dict[tuple[str, Fen, date], LawfulBase] = {}

    def of(self, person: Person, month: date) -> LawfulBase:
        """By the rules of the month as they are known today."""
        key = person.region, person.wage_in(month, self.today), month
        if key not in self._known:
            region, wage, _ = key
            self._known[key] = lawful_base(self._library, wage, region, month, self.today, INJURY_CLASS)
        return self._known[key]


def _import(
    storage: Storage, importer: Importer, kind: ImportKind, file: str, rows: Sequence[Mapping[str, str]]
) -> None:
    """A sheet goes in as HR's do: every row is compared, then applied. The headings are the fields' own names."""
    fields = tuple(dict.fromkeys(name for row in rows for name in row))
    incoming = [Incoming(at, tuple(row.get(name, "") for name in fields)) for at, row in enumerate(rows, 2)]
    sheet = storage.imports.begin(kind, file, fields, incoming, (), SYSTEM)
    storage.imports.choose(sheet, {name: place for place, name in enumerate(fields)}, {})
    importer.run(sheet)
    storage.imports.start(sheet, "applying", SYSTEM)
    importer.run(sheet)


def _on_roster(person: Person, shares: _Shares) -> dict[str, str]:
    row = {
        "number": person.number,
        "name": person.name,
        "department": person.department,
        "region": person.region,
        "home_region": person.home,
        "area": person.area,
        "id_number": person.id_number,
        "account": ACCOUNTS[person.region],
        "wage": format_yuan(person.wage),
        "joined_on": person.joined.isoformat(),
    }
    if person.insured is None:
        return row | {"uninsured_why": person.why}
    base = shares.of(person, shares.today.replace(day=1)).lowest
    return row | {"insured_since": person.insured.isoformat(), "base": format_yuan(base or 0)}


def _months(person: Person, shares: _Shares) -> Iterator[PayMonth]:
    """The months of pay before this one, as far back as there are any."""
    this = shares.today.replace(day=1)
    for back in range(MONTHS, 0, -1):
        month = add_months(this, -back)
        if month < person.joined.replace(day=1):
            continue
        paid = PayMonth(month, person.wage_in(month, shares.today), paid=False)
        if person.insured is not None and month >= person.insured:
            lawful = shares.of(person, month)
            paid = replace(paid, base=lawful.lowest, paid=True, own_share=lawful.employee)
        yield paid


def _as_row(number: str, month: PayMonth) -> dict[str, str]:
    row = {"number": number, "month": month.month.isoformat(), "wage": format_yuan(month.wage)}
    amounts = {name: getattr(month, name) for name in ("base", "own_share")}
    known = {name: format_yuan(amount) for name, amount in amounts.items() if amount is not None}
    return row | known | {"paid": "是" if month.paid else "否"}


def city_of(library: Library, today: date) -> list[dict[str, Any]]:
    """What the city's offices have on record of everybody, as plain data: number, name and identity number, what civil affairs
    will say (empty: nothing), and by month the wage, the declared base, and both sides' amounts."""
    shares = _Shares(library, today)
    return [
        {
            "number": each.number,
            "name": each.name,
            "id_number": each.id_number,
            "dibao": each.household.dibao if each.household else "",
            "months": {
                f"{month.month:%Y-%m}": (
                    month.wage,
                    month.base,
                    month.own_share,
                    shares.of(each, month.month).employer,
                )
                for month in _months(each, shares)
            },
        }
        for each in everybody(today)
    ]


def _employee(storage: Storage, number: str) -> Employee:
    found = storage.roster.by_number(number)
    assert found is not None, number
    return found


def _agree(storage: Storage, employee: str) -> None:
    """One of the fifteen has signed, on paper, that the household's dibao is kept and that civil affairs is asked."""
    for purpose in PURPOSES:
        storage.records.agree(employee, purpose, "paper", SYSTEM)


def _households(storage: Storage, people: Sequence[Person]) -> Iterator[Change]:
    """What the fifteen told of their households: reported, and confirmed by nobody."""
    for each in people:
        if each.household is None:
            continue
        employee, told = _employee(storage, each.number).id, each.household
        values: dict[Field, Value] = {
            "on_book": True,
            "household_size": told.size,
            "other_income": Income(*told.others),
            "dibao_line": told.line,
        }
        for what, value in values.items():
            yield Change(
                employee, what, value, each.joined, subject(employee), storage.now(), "employee", "reported", "demo"
            )  # fmt: skip


def _adjust(storage: Storage, employee: str, person: Person, shares: _Shares) -> None:
    """The base was changed when the wage rose."""
    month = raised_on(shares.today)
    before, after = (shares.of(person, each).lowest for each in (add_months(month, -1), month))
    changed = Adjustment(month, before, after or 0, "上年月均工资变了", LOGINS[0][1])
    storage.records.adjust(employee, changed, SYSTEM)


def _talk(
    storage: Storage,
    receive: Callable[[IncomingMessage], Received],
    employee: Employee,
    said: tuple[str, ...],
) -> None:
    """The employee binds a chat with the code, and says it."""
    sender = f"demo-{employee.number}"
    code = storage.bindings.make([employee.id], SYSTEM)[employee.id]
    shown: dict[str, str] = {}
    for count, text in enumerate((code, "[是，绑定]", *said)):
        payload = shown[text.strip("[]")] if text.startswith("[") else ""
        message = IncomingMessage("web", sender, f"demo-{count}", text.strip("[]"), payload)
        for reply in receive(message).replies:
            shown |= {button.title: button.payload for button in reply.buttons}
