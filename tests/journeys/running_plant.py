"""The whole program with the platforms beside it and a clock that the test moves: employees on their phones, HR at a browser.

The jobs run as they do in the program, but for the sweep of each minute, which a test has run when it wants it (`minute`).
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any, cast

import pytest
from databases import Clock
from desk import Colleague
from flask.testing import FlaskClient
from huey import Huey
from over_platforms import Served
from plant import COMPANY, found_company, signature, works_there
from platforms import wechat as local_wechat
from platforms import wecom as local_wecom
from platforms.city import City
from platforms.harness import Server
from platforms.letterbox import Letterbox
from platforms.phones import Phone
from platforms.wechat import WeChat
from platforms.wecom import WeCom
from werkzeug.test import TestResponse

from app import running
from app import settings as sections
from app.clock import CHINA
from app.jobs import Jobs
from app.running import Program, opened
from app.sealing import open_trust
from app.settings import Channels, Settings
from audit.case_chain import CaseLink, check_case
from notices.book import NoticeSearch
from notices.consent import CURRENT
from notices.notice import Notice
from notices.questions import questions
from notices.seal_keys import write_own
from notices.strokes import strokes_json
from people.accounts import Role
from people.employees import Employee
from storage.case_log import chain_of
from storage.opening import Storage, open_storage

LINK = re.compile(r"/notices/([\w-]+)")
FORM = re.compile(r'(?:name="form" value|data-form)="([0-9a-f]+)"')
ORIGIN = {"Origin": "http://localhost"}
JSON = {"Accept": "application/json", **ORIGIN}
PATIENCE = 30
CITY_TOML = Path(__file__).parents[1] / "platforms" / "city.toml"
#: Where the city is by that file.
LOCAL = "http://127.0.0.1:8001"


class Worker(threading.Thread):
    """What works the queue off, as the program's own threads do."""

    def __init__(self, queue: Huey) -> None:
        super().__init__(daemon=True)
        self._queue = queue
        self._over = threading.Event()
        self._busy = threading.Lock()

    def run(self) -> None:
        while not self._over.is_set():
            with self._busy:
                task = self._queue.dequeue()
                if task is not None:
                    self._queue.execute(task)
            if task is None:
                time.sleep(0.01)

    def begin(self, name: str, at: datetime) -> None:
        """Queues one of the jobs that are due by themselves, by its name."""
        for each in self._queue.read_periodic(at):
            if each.name == name:
                self._queue.enqueue(each)

    def settle(self) -> None:
        """Waits until nothing is left to do."""
        until = time.monotonic() + PATIENCE
        while True:
            with self._busy:
                if not self._queue.pending_count():
                    return
            assert time.monotonic() < until, "the jobs do not come to an end"
            time.sleep(0.01)

    def stop(self) -> None:
        self._over.set()
        self.join()


@dataclass
class Plant:
    """The program of a company, its people and what is around them."""

    program: Program
    jobs: Jobs
    storage: Storage
    settings: Settings
    clock: Clock
    worker: Worker
    wechat: WeChat
    wecom: WeCom
    city: City
    colleagues: dict[str, Colleague] = field(default_factory=dict)
    counted: int = 0

    def minute(self) -> None:
        """What the jobs do every minute."""
        self.worker.settle()
        self.jobs.sweep()
        self.worker.settle()
        self.jobs.sweep()

    def does(self, *names: str) -> None:
        """What else the jobs do every minute, by name: `publish`, `reassess`, `connections`, `notify`, `tell`."""
        for each in names:
            self.worker.begin(each, self.clock())
            self.worker.settle()

    def on(self, day: int, hour: int = 12, minute: int = 0, month: int = 10) -> None:
        """A moment of 2026 by the clock in China, later than now."""
        then = self.clock.time.replace(month=month, day=day, hour=hour - 8, minute=minute, second=0)
        assert then > self.clock.time
        self.clock.time = then
        self.minute()

    def hr(self, name: str, *roles: Role) -> Colleague:
        """Somebody of HR, signed in since just now."""
        account = next((each for each in self.storage.accounts.all() if each.name == name), None)
        if account is None:
            account = self.storage.accounts.add(
                f"{name}@example.test", name, frozenset(roles), state="active"
            )
        return Colleague(self.program.serving.app, self.storage, account)

    def hires(self, name: str, **fields: Any) -> Employee:
        """Somebody who is not insured yet."""
        self.counted += 1
        given = {"insured_since": None, "joined_on": date(2026, 9, 14)} | fields
        return works_there(self.storage, f"A{self.counted:04}", name, **given)

    def code(self, employee: Employee) -> str:
        """The code on the sheet that somebody got."""
        return self.storage.bindings.make([employee.id], "account:5a1e0000-0000-4000-8000-00000000000a")[
            employee.id
        ]

    def issues(self, hr: Colleague, employee: Employee, due_on: str = "2026-10-22") -> Notice:
        """HR drafts a notice for one, looks at it and issues it."""
        form = {
            "whom": "one",
            "number": employee.number,
            "kind": "notice",
            "month": "2026-10",
            "due_on": due_on,
        }
        batch = hr.sends("/hr/notices/begin", **form).headers["Location"]
        self.worker.settle()
        page = hr.opens(batch).get_data(as_text=True)
        assert "发出 1 份" in page, words(page)
        hr.sends(f"{batch}/issue", sure="1", ready="1")
        self.worker.settle()
        return self.notice(employee)

    def notice(self, employee: Employee) -> Notice:
        """The notice of somebody."""
        (line,) = self.storage.notices.find(NoticeSearch(employee=employee.id)).lines
        return line.notice

    def chain(self, notice: Notice) -> tuple[CaseLink, ...]:
        """A notice's chain, which is whole."""
        with self.storage.database.read() as connection:
            links = chain_of(connection, self.storage.keys, notice.id)
        assert check_case(notice.id, links, open_trust(self.settings).public).why is None
        return links

    def events(self, notice: Notice) -> list[str]:
        return [each.data["type"] for each in self.chain(notice)]


class Holder:
    """Somebody with a phone: the chat, and the browser that its links open in."""

    def __init__(
        self, plant: Plant, employee: Employee, phone: Phone, write: Callable[[str], object]
    ) -> None:
        self._plant = plant
        self.employee = employee
        self.phone = phone
        self._write = write
        address = f"198.51.100.{plant.counted}"
        self.browser = cast("FlaskClient", plant.program.serving.app.test_client())
        self.browser.environ_base["REMOTE_ADDR"] = address

    def says(self, text: str) -> list[str]:
        """Writes; what comes back."""
        return self.hears(lambda: self._write(text))

    def hears(self, act: Callable[[], object]) -> list[str]:
        """What comes to the phone of something that happens."""
        before = len(self.phone.heard)
        self._plant.clock.move(seconds=5)
        act()
        self._plant.worker.settle()
        assert not self.phone.notices, self.phone.notices
        return [each.words for each in self.phone.heard[before:]]

    def binds(self) -> None:
        """Enters the code of the sheet, and says yes."""
        heard = "\n".join(self.says(self._plant.code(self.employee)))
        assert "你是" in heard, heard
        assert "绑好了" in "\n".join(self.says("是"))

    @property
    def link(self) -> str:
        """The token of the last link on the phone."""
        return str(LINK.findall("\n".join(each.words for each in self.phone.heard))[-1])

    # The page

    def opens(self, token: str = "") -> TestResponse:
        return self.browser.get(f"/notices/{token or self.link}")

    def goes_in(self) -> str:
        """From the last link to the notice, by a code; what it says."""
        token = self.link
        page = self.opens(token)
        assert page.status_code == 200, words(page.text)
        (code,) = re.findall(
            r"\d{6}",
            "".join(self.hears(lambda: self._posts(f"/notices/{token}/code", form=_form(page.text)))),
        )
        tail = self.employee.id_number[-4:]
        entered = self._posts(f"/notices/{token}/enter", form=_form(page.text), code=code, id_tail=tail)
        assert entered.status_code == 303, words(entered.text)
        return self.sees()

    def sees(self) -> str:
        page = self.browser.get("/notices/visit")
        assert page.status_code == 200, words(page.text)
        return words(page.text)

    def understands(self) -> None:
        """Reads to the end and answers the questions, one of them wrongly at first."""
        content = self._plant.storage.notices.open(self._plant.notice(self.employee).id, "system")
        assert content is not None
        right = {each.question.key: each.right for each in questions(content.content)}
        wrong = {each.question.key: each.question.choices for each in questions(content.content)}
        key = next(iter(right))
        other = next(each for each in wrong[key] if each != right[key])
        assert self.sends("read", seconds=95).status_code == 200
        told = self.sends("checks", answers=right | {key: other}).get_json()
        assert told["checked"][key] is False and told["explained"][key]
        told = self.sends("checks", answers={key: right[key]}).get_json()
        assert told["checked"] == {key: True}

    def answers(self, outcome: str, statement: str = "", seed: int = 1) -> TestResponse:
        self._plant.clock.move(seconds=80)
        shown = self._plant.notice(self.employee).content_sha256
        strokes = [] if outcome == "refused" else strokes_json(signature(seed))
        answered = self.sends(
            "answer",
            outcome=outcome,
            shown=shown,
            consent=CURRENT.sha256,
            statement=statement,
            strokes=strokes,
        )
        self._plant.worker.settle()
        return answered

    def sends(self, what: str, **data: Any) -> TestResponse:
        """What the page's script sends."""
        form = _form(self.browser.get("/notices/visit").text)
        return self.browser.post(f"/notices/visit/{what}", json={"form": form, **data}, headers=JSON)

    def _posts(self, path: str, **data: str) -> TestResponse:
        return self.browser.post(path, data=data, headers=ORIGIN)


def words(page: str) -> str:
    """What somebody reads on a page."""
    seen = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", seen)))


def publishes(editor: Colleague, reviewer: Colleague, **figure: str) -> str:
    """A figure from the form into force: entered by one, tried, approved and published by another; its page."""
    page = editor.sends("/hr/policy/figure", do="keep", **figure).headers["Location"]
    editor.sends(f"{page}/try")
    assert "户里" in words(editor.opens(page).get_data(as_text=True))
    editor.sends(f"{page}/submit")
    (seen,) = re.findall(r'name="hash" value="(\w+)"', reviewer.opens(page).get_data(as_text=True))
    editor.sends(f"{page}/approve", 403, hash=seen)
    reviewer.sends(f"{page}/approve", when="now", hash=seen)
    return str(page)


def _form(page: str) -> str:
    found = FORM.search(page)
    assert found is not None, words(page)
    return found[1]


def _connected(address: str, folder: Path) -> sections.Connections:
    """The offices of the city, each as `city.toml` says."""
    mapping = folder / "city.toml"
    mapping.write_text(CITY_TOML.read_text(encoding="utf-8").replace(LOCAL, address), encoding="utf-8")
    named: dict[str, Any] = {
        name: section(mapping=str(mapping))
        for name, section in (
            ("civil_affairs", sections.CivilAffairs),
            ("social_insurance", sections.SocialInsurance),
            ("payroll", sections.Payroll),
        )
    }
    return sections.Connections(**named)


@contextmanager
def running_plant(folder: Path, post: Letterbox | None = None) -> Iterator[Plant]:
    """The program over a database in a folder, with an official account, a WeCom app, and the offices of 沙盒市.

    HR is told by mail of an office that fails where there is a `post`.
    """
    clock = Clock()
    city = City(lambda: clock().timestamp())
    wechat = WeChat(clock=lambda: clock().timestamp())
    wecom = WeCom(clock=lambda: clock().timestamp())
    made: dict[str, Any] = {}

    def keeping(name: str, make: Callable[..., Any]) -> Callable[..., Any]:
        def made_and_kept(*given: Any, **named: Any) -> Any:
            made[name] = make(*given, **named)
            return made[name]

        return made_and_kept

    with (
        Server({"/wechat": wechat, "/wecom": wecom, **city.mounts}) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        channels = Channels(
            wechat=sections.WeChat(
                local_wechat.APP_ID,
                secret=local_wechat.SECRET,
                token=local_wechat.TOKEN,
                aes_key=local_wechat.AES_KEY,
                api_base=f"{server.address}/wechat",
            ),
            wecom=sections.WeCom(
                local_wecom.CORP_ID,
                local_wecom.AGENT_ID,
                secret=local_wecom.SECRET,
                token=local_wecom.TOKEN,
                aes_key=local_wecom.AES_KEY,
                api_base=f"{server.address}/wecom",
            ),
        )
        settings = Settings(
            database=sections.Database(f"sqlite:///{folder / 'shebao.db'}"),
            keys=sections.Keys(str(folder / "keys")),
            policy=sections.Policy(str(folder / "policy"), str(folder / "company")),
            channels=channels,
            connections=_connected(server.address, folder),
        )
        if post is not None:
            alarms = sections.Alarms(mails="hr@company.example")
            settings = replace(
                settings,
                mail=sections.Mail("127.0.0.1", post.port, "none", sender="shebao@company.example"),
                connections=replace(settings.connections, alarms=alarms),
            )
        keys = settings.keys
        open_storage(settings.database.address, keys.path, keys.journal, make=True).database.close()
        write_own(keys.path, COMPANY, clock())
        # Chat and pages have the day of the test, as storage has.
        patch.setattr(running, "now_in_china", lambda: clock().astimezone(CHINA))
        patch.setattr(running, "today_in_china", lambda: clock().astimezone(CHINA).date())
        patch.setattr(running, "open_storage", keeping("storage", partial(open_storage, now=clock)))
        patch.setattr(running, "open_queue", keeping("queue", running.open_queue))
        with opened(settings) as (program, jobs):
            server.mounts["/product"] = Served(program)
            wechat.address = f"{server.address}/product/channels/wechat"
            wecom.address = f"{server.address}/product/channels/wecom"
            storage = made["storage"]
            found_company(storage)
            worker = Worker(made["queue"])
            worker.start()
            try:
                yield Plant(program, jobs, storage, settings, clock, worker, wechat, wecom, city)
            finally:
                worker.stop()
