"""下一件事: what happens at the demo company, one event after the other.

Each event changes the city alone: what civil affairs, the agency or payroll has on record, or whether it answers. What follows
comes to the product through its connections. `GET /story/` is the story as JSON, `POST /story/play {"event": "read"}` has an
event happen, `POST /story/anew {}` begins again: the product forgets nothing by it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from platforms.city import BEIJING, City, Trouble, yuan
from platforms.harness import Answering, Clock, Request, Response, as_json

#: Who has a part of their own: whose dibao is confirmed by itself, whose is restored, whose wage rises.
ALI: Final = "A1034"
RESTORED: Final = "A1035"
RISES: Final = "A1061"
WAGES: Final = (250_000, 300_000)
#: The made-up bounds, fen a month, and for which insurances whose notice sets them.
BOUNDS: Final = (520_000, 2_580_000)
BOUND: Final = (("江苏", "养老保险"), ("江苏", "失业保险"), ("江苏", "工伤保险"), ("苏州", "医疗保险"))
#: Months that dibao was drawn for when the story begins.
_BEFORE: Final = 6


@dataclass(frozen=True)
class Event:
    """Something that happens: what it does, and where it is seen afterwards. `after` is what must have happened before."""

    key: str
    title: str
    does: str
    look: str
    after: str = ""


EVENTS: Final = (
    Event(
        "read",
        "民政的状态读进来了",
        "民政系统里有了十一个人的低保状态，都在领。只问点了头的人，没点头的不问。",
        "人事后台“看板”：在领低保的人数，还没参保的人和原因；每看一次都记在“日志”里。",
    ),
    Event(
        "confirmed",
        "阿丽家的低保，民政确认了",
        "阿丽以前自己说在领，现在民政系统也这么说。",
        "人事后台“花名册”里点李阿丽：状态从本人说的变成民政系统的。",
    ),
    Event(
        "suspended",
        "三个人的低保暂停了",
        "民政系统把周建国、谢长根、唐巧云家改成暂停。三个人里只有周建国还没参保。",
        "人事后台“要办的变动”：低保暂停不能缓缴，周建国那条的大按钮是“照常参保”，欠的钱按天在走；另外两个已经参保，"
        "只要把说明发给本人。",
    ),
    Event(
        "raised",
        "一个人的工资从 2500 涨到 3000",
        "工资系统里，沈阿根这个月的应发从 2500 元变成 3000 元。",
        "一两分钟里读进来（“系统对接”里可以点“现在就问一次”）。人事后台“花名册”里点沈阿根：两个数都在下限以下，"
        "缴费基数还是下限，不跟着变。",
    ),
    Event(
        "bounds",
        "新的缴费基数上下限公布了",
        "公布得晚，从今年 1 月起算。数是编的，做成了一张表，下面可以下载。",
        "人事后台“政策”里导入这张表，换钱明登录复核、发布：谁的基数要变、前几个月差多少，一个一个算出来。",
    ),
    Event(
        "down",
        "民政系统的接口断了",
        "从现在起连不上民政系统。",
        "等四五分钟看赵静的手机：一条短信、一封邮件，只有一次。人事后台“系统对接”写着断在哪里、怎么办。",
    ),
    Event(
        "up",
        "民政系统的接口好了",
        "又连得上了，断的时候那边变了什么，会自己补上。",
        "“系统对接”马上变好；稳住十五分钟才发恢复的短信和邮件，免得一会儿好一会儿坏。",
        after="down",
    ),
    Event(
        "restored",
        "周建国家的低保恢复了",
        "民政系统把周建国家从暂停改回在领。",
        "人事后台“要办的变动”里点周建国：还是照常参保；人事在“变动规则”里定过自动办的，就自己办。",
        after="suspended",
    ),
    Event(
        "statement",
        "上个月的社保对账单来了",
        "社保系统出了上个月的对账单，两边各交多少，一人一行。",
        "一两分钟里读进来。人事后台“花名册”里点已参保的人看上个月；员工在手机上问“这个月交多少”，答的就是这个数。",
    ),
)


class Story(Answering):
    """The story of a city. `begin` tells who lives there; without that nothing can happen."""

    id = "city"

    def __init__(self, city: City, clock: Clock) -> None:
        self._city = city
        self._clock = clock
        self._lock = threading.RLock()
        self._done: dict[str, float] = {}
        self._parts: dict[str, list[str]] = {}
        self._changed = 0

    @property
    def version(self) -> int:
        """Changes with whatever `kept` tells."""
        return self._changed + sum(len(each.calls) for each in self._city.offices.values())

    @property
    def has_begun(self) -> bool:
        return bool(self._parts)

    def begin(self, people: list[dict[str, Any]]) -> None:
        """The people of the city, each with `number`, `name`, `id_number`, `dibao` (empty: none of it), and `months`:
        what was paid, declared (None: nothing) and owed by both sides, by month."""
        with self._lock:
            for each in people:
                self._city.person(each["number"], each["name"], each["id_number"])
                self._parts.setdefault(each["dibao"], []).append(each["number"])
                for month, (gross, base, own, company) in each["months"].items():
                    self._city.payroll.wage(each["number"], month, gross)
                    if base is not None:
                        self._declare(each["number"], month, base, (own, company))
            for month in sorted(self._city.social_insurance.declared)[:-1]:
                self._city.social_insurance.publish(month)
            self._changed += 1

    def _declare(self, number: str, month: str, base: int, settled: tuple[int, int]) -> None:
        office = self._city.social_insurance
        office.declared.setdefault(month, {})[number] = base
        office.settled.setdefault(month, {})[number] = settled
        self._city.people[number].base = base

    # -- What happens

    def play(self, key: str) -> None:
        """Has an event happen. Raises `LookupError` where it has, cannot yet, or nobody knows it."""
        with self._lock:
            event = next((each for each in EVENTS if each.key == key), None)
            if event is None or not self._can(event):
                raise LookupError(key)
            office, today, long_ago = (
                self._city.social_insurance,
                self._today(),
                self._first_of_month(_BEFORE),
            )
            suspended = self._parts["suspended"]
            happens: dict[str, Callable[[], None]] = {
                "read": lambda: self._tell("receiving", self._but(ALI), long_ago),
                "confirmed": lambda: self._tell("receiving", [ALI], long_ago),
                "suspended": lambda: self._tell("suspended", suspended, self._first_of_month()),
                "raised": lambda: self._pay(WAGES[1]),
                "down": lambda: self._city.civil_affairs.switch(Trouble.RESET),
                "up": self._city.calm,
                "restored": lambda: self._tell("receiving", [RESTORED], today),
                "statement": lambda: office.publish(max(office.declared)),
            }
            if key in happens:
                happens[key]()
            self._done[key] = self._clock()
            self._changed += 1

    def anew(self) -> None:
        """Nothing of the story has happened. What civil affairs has told stands; the wage is what it was."""
        with self._lock:
            if "raised" in self._done:
                self._pay(WAGES[0])
            self._city.calm()
            self._done.clear()
            self._changed += 1

    def _can(self, event: Event) -> bool:
        return (
            bool(self._parts)
            and event.key not in self._done
            and (not event.after or event.after in self._done)
        )

    def _but(self, number: str) -> list[str]:
        return [each for each in self._parts["receiving"] if each != number]

    def _tell(self, status: str, numbers: list[str], since: date) -> None:
        """Civil affairs has it on record, and hands it to whoever takes deliveries. Nothing holds from a day before what was
        told earlier."""
        told = {each["person"]["token"]: each["effectiveDate"] for each in self._city.civil_affairs.changes}
        for number in numbers:
            earlier = told.get(self._city.people[number].token, "")
            self._city.status(number, status, max(since.isoformat(), earlier))
        if self._city.civil_affairs.hook:
            threading.Thread(target=self._city.civil_affairs.deliver, daemon=True).start()

    def _pay(self, gross: int) -> None:
        self._city.payroll.wage(RISES, f"{self._today():%Y-%m}", gross)

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock(), BEIJING).date()

    def _first_of_month(self, back: int = 0) -> date:
        today = self._today()
        year, month = divmod(today.year * 12 + today.month - 1 - back, 12)
        return date(year, month + 1, 1)

    # -- As it is seen

    def answer(self, request: Request) -> Response:
        if request.method == "GET":
            if request.path == "bounds.csv" and "bounds" in self._done:
                headers = {"Content-Disposition": "attachment; filename=bounds.csv"}
                return Response(self._bounds().encode("utf-8-sig"), 200, "text/csv; charset=utf-8", headers)
            return as_json(self.state()) if not request.path else Response(b"", 404)
        # Only a page of ours can send JSON here without being asked first.
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return Response(b"", 415)
        try:
            if request.path == "play":
                self.play(str(request.json()["event"]))
            elif request.path == "anew":
                self.anew()
            else:
                return Response(b"", 404)
        except (ValueError, TypeError, LookupError):
            return as_json({"error": "not now"}, 409)
        return as_json(self.state())

    def state(self) -> dict[str, Any]:
        """Every event with when it happened and whether it can; `file` is what an event gives to download."""
        with self._lock:
            return {"events": [self._event_state(each) for each in EVENTS]}

    def _event_state(self, event: Event) -> dict[str, Any]:
        done = self._done.get(event.key)
        file = "story/bounds.csv" if event.key == "bounds" and done else ""
        return {**vars(event), "done": done, "can": self._can(event), "file": file}

    def _bounds(self) -> str:
        """The made-up bounds as a sheet that HR imports."""
        today = self._today()
        floor, ceiling = map(yuan, BOUNDS)
        title, number = "关于公布社会保险缴费基数上下限的通知（演示：编的）", f"演示〔{today.year}〕1号"
        head = "地区,险种,下限,上限,执行日期,公布日期,来源,文号,出处,备注\n"
        return head + "".join(
            f"{region},{insurance},{floor},{ceiling},{today.year}-01-01,{today},{title},{number},"
            "https://example.invalid/,演示用，没有真的来源\n"
            for region, insurance in BOUND
        )

    def kept(self) -> dict[str, Any]:
        """What is to be there again after a restart, the city with it."""
        with self._lock:
            done = {key: at for key, at in self._done.items() if key not in ("down", "up")}
            return {"city": self._city.kept(), "done": done, "parts": self._parts}

    def recall(self, kept: Mapping[str, Any]) -> None:
        """What `kept` gave."""
        with self._lock:
            self._city.recall(kept["city"])
            self._done, self._parts = dict(kept["done"]), dict(kept["parts"])
            self._changed += 1
