"""The demo company: a mill in 苏州 with two people of HR, a small roster, and employees who have talked to the assistant.

All of it is made up. What the employees say goes through the assistant itself, so that the cases hold what real ones
would; a figure that one of them names is one that they entered.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final, NamedTuple

from audit.events import SYSTEM
from bot.receiving import Received
from calculator.money import Fen
from delivery.messages import IncomingMessage
from people.accounts import PRESET_OF_TWO
from people.employees import Employee
from people.entities import InsuredAccount, LegalEntity
from people.records import Adjustment, DibaoState, DibaoStatus
from storage.opening import Storage

COMPANY: Final = "苏州恒纺织造有限公司（演示）"
#: The demo's log-ins are public knowledge, so `shebao serve --demo` listens on loopback alone.
PASSWORD: Final = "demo-only-not-secret"
LOGINS: Final = (("zhaojing", "赵静"), ("qianming", "钱明"))


class Person(NamedTuple):
    """Somebody of the mill: number, name, where they work and are from, gross wage, when they joined and were insured."""

    number: str
    name: str
    region: str
    home: str
    wage: Fen
    joined: date
    insured: date | None
    why: str = ""
    department: str = "织造一车间"


PEOPLE: Final = (
    Person("A1034", "李阿丽", "320500", "341200", 350_000, date(2026, 3, 2), None, "本人有顾虑，正在沟通"),
    Person("A1035", "周建国", "320500", "341200", 350_000, date(2026, 3, 2), None, "本人想再等等，正在沟通"),
    Person("A1036", "陈小梅", "320500", "411700", 420_000, date(2025, 5, 6), date(2025, 6, 1)),
    Person("A1041", "王𠮷祥", "320500", "320500", 560_000, date(2023, 9, 1), date(2023, 9, 1), department="染整"),
    Person("A1042", "吾甫尔·阿不都", "320500", "653100", 510_000, date(2024, 2, 19), date(2024, 3, 1), department="染整"),
    Person("A1057", "孙桂芳", "320500", "341200", 380_000, date(2024, 7, 8), date(2024, 8, 1)),
    Person("A1058", "马玉兰", "320500", "620500", 410_000, date(2025, 2, 20), date(2025, 3, 1), department="包装"),
    Person("B2003", "赵铁军", "330100", "341200", 620_000, date(2022, 6, 1), date(2022, 6, 1), department="杭州仓库"),
    Person("B2007", "胡春生", "330100", "360400", 480_000, date(2025, 10, 9), date(2025, 11, 1), department="杭州仓库"),
    Person("C3001", "林月娥", "310000", "310000", 980_000, date(2021, 3, 15), date(2021, 4, 1), department="上海门市"),
    Person("C3002", "郑国强", "310000", "341200", 700_000, date(2024, 11, 4), date(2024, 12, 1), department="上海门市"),
    Person("A1060", "何秀英", "320500", "511700", 365_000, date(2026, 11, 9), None, "刚入职，在办参保登记", "包装"),
)  # fmt: skip
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

#: Who agreed on paper that their household's dibao is kept, and what they told HR.
AGREED: Final[tuple[tuple[str, DibaoState], ...]] = (
    ("A1034", "receiving"),
    ("A1035", "suspended"),
    ("A1057", "receiving"),
    ("B2003", "receiving"),
)
#: Whose base was changed when the wage rose: before and after.
ADJUSTED: Final[tuple[tuple[str, Fen, Fen], ...]] = (("A1041", 520_000, 560_000), ("C3002", 680_000, 700_000))


def make_demo(storage: Storage, receive: Callable[[IncomingMessage], Received]) -> bool:
    """Makes the demo company where there is nobody of HR yet; whether it did."""
    if storage.accounts.all():
        return False
    for (login, name), roles in zip(LOGINS, PRESET_OF_TWO, strict=True):
        storage.accounts.add(login, name, roles, state="active", password=PASSWORD)
    _set_up(storage)
    employees = {person.number: _employ(storage, person) for person in PEOPLE}
    for number, said in TALKS:
        _talk(storage, receive, employees[number], said)
    for number, status in AGREED:
        storage.records.agree(employees[number].id, "dibao_status", "paper", SYSTEM)
        storage.records.tell_dibao(
            employees[number].id, DibaoStatus(status, date(2026, 5, 1), "told_hr"), SYSTEM
        )
    for number, before, after in ADJUSTED:
        changed = Adjustment(date(2026, 10, 1), before, after, "上年月均工资变了", LOGINS[0][1])
        storage.records.adjust(employees[number].id, changed, SYSTEM)
    return True


def _set_up(storage: Storage) -> None:
    entity = storage.companies.save_entity(LegalEntity("", COMPANY, ""), SYSTEM)
    for region, number in (("320500", "3205-0098"), ("330100", "3301-0417"), ("310000", "3100-2206")):
        storage.companies.save_account(
            InsuredAccount(
                "",
                entity,
                region,
                number,
                injury_class=3,
                injury_rate=7_000,
                injury_source="演示：单位自己填的，没有真的核定单",
                pay_day=15,
                declaration_day=25,
            ),
            SYSTEM,
        )


def _employ(storage: Storage, person: Person) -> Employee:
    return storage.roster.add(
        Employee(
            id="",
            number=person.number,
            name=person.name,
            region=person.region,
            home_region=person.home,
            wage=person.wage,
            joined_on=person.joined,
            insured_since=person.insured,
            uninsured_why=person.why,
            department=person.department,
        ),
        SYSTEM,
    )


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
