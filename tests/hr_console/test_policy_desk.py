"""The policy desk: looked up, entered, tried, approved by a second person, published, taken back, told."""

from __future__ import annotations

import gc
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import openpyxl
import pytest
import yaml
from databases import Clock
from desk import Colleague
from sqlalchemy import insert, select
from talking import give_back, take_over
from werkzeug.test import Client

from app.assistance import make_house
from app.publishing import Publisher
from app.running import Program, assemble
from app.settings import Policy, Settings
from audit.events import SYSTEM
from bot.dialogue.conversation import Conversation
from bot.dialogue.known import Known
from bot.dialogue.talk import House
from bot.receiving import Said, receive
from calculator.money import Fen
from delivery.messages import IncomingMessage
from people.accounts import Account, Role
from people.employees import Employee
from policy_kb.changes import PolicyChange
from policy_kb.compiled import EDITION
from policy_kb.feed import make_feed, public_key
from storage.opening import Storage
from storage.tables import audit_events, bindings

pytest_plugins = ["databases", "desk"]

YINGZHOU, SUZHOU = "341202", "320500"
FEED_SEED = b"s" * 32
LINE = {
    "what": "line", "region": YINGZHOU, "rural": "830", "from": "2026-07-01", "known": "2026-06-20",
    "title": "关于调整低保标准的通知", "document": "州民〔2026〕12号", "where": "https://mz.fy.gov.cn/12",
}  # fmt: skip
CASE = {
    "region": SUZHOU, "dibao_region": YINGZHOU, "area": "rural", "on": "2026-10-15",
    "household": {"size": 4, "employee_on_book": True, "dibao": "receiving", "earners": [{"wage": "3500.00"}]},
}  # fmt: skip


class AtTheProgram(Colleague):
    """Somebody of HR whose browser reaches whatever the program serves now."""

    def __init__(self, program: Program, storage: Storage, account: Account) -> None:
        super().__init__(program.serving.app, storage, account)
        cookie = self.client.get_cookie("hr", path="/hr")
        assert cookie is not None
        self.client = Client(program)  # type: ignore[assignment]
        self.client.set_cookie("hr", cookie.value, path="/hr")

    def does(self, number: int, act: str, status: int = 303, **fields: object) -> str:
        """One of the buttons of a change; the page that comes of it."""
        url = f"/hr/policy/changes/{number}"
        response = self.sends(f"{url}/{act}", status, **fields)
        return text(self.opens(url)) if status == 303 else text(response)

    def enters(self, **fields: str) -> int:
        """A figure typed in and kept as a draft; the number of the change."""
        response = self.sends("/hr/policy/figure", do="keep", **(LINE | fields))
        return int(response.headers["Location"].rsplit("/", 1)[1])

    def approves(self, number: int, status: int = 303, seen: str = "", **fields: object) -> str:
        """Approves what the page shows, unless it is said what was seen."""
        page = text(self.opens(f"/hr/policy/changes/{number}"))
        shown = re.search(r'name="hash" value="(\w+)"', page)
        seen = seen or (shown[1] if shown else "")
        return self.does(number, "approve", status, hash=seen, **fields)


class Visitor:
    """Somebody in the web chat."""

    def __init__(self, program: Program) -> None:
        self._client = Client(program)
        self._client.get("/chat")

    def says(self, words: str) -> str:
        """What the assistant says to it."""
        message = {"key": str(uuid4()), "text": words}
        response = self._client.post("/chat/messages", json=message)
        assert response.status_code == 200, text(response)
        return "\n".join(reply["text"] for reply in response.get_json()["replies"])


def text(response: Any) -> str:
    return str(response.get_data(as_text=True))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    overlay, company = (str(tmp_path / name) for name in ("policy", "company"))
    return Settings(policy=Policy(overlay, company, feed_keys=public_key(FEED_SEED)))


@pytest.fixture
def program(settings: Settings) -> Iterator[Program]:
    """The whole program, which looks at its folders only when it is told to."""
    policy = settings.policy
    program = Program((*policy.overlays, policy.company_folder), every=3600)
    yield program
    program.stop()
    gc.unfreeze()
    gc.collect()  # each test publishes libraries


@pytest.fixture(scope="module")
def house() -> House:
    """The readers, which take a second to warm up."""
    return make_house(Settings())


@pytest.fixture
def publisher(settings: Settings, desk_storage: Storage, program: Program, house: House) -> Publisher:
    publisher = Publisher(settings.policy, desk_storage, program)
    program.start(lambda before: assemble(settings, desk_storage, publisher, before or house))
    return publisher


def signed_in(program: Program, storage: Storage, name: str, *roles: Role) -> AtTheProgram:
    account = storage.accounts.add(f"{name}@example.test", name, frozenset(roles), state="active")
    return AtTheProgram(program, storage, account)


@pytest.fixture
def zhao(publisher: Publisher, program: Program, desk_storage: Storage) -> AtTheProgram:
    return signed_in(program, desk_storage, "赵静", "policy_editor")


@pytest.fixture
def qian(publisher: Publisher, program: Program, desk_storage: Storage) -> AtTheProgram:
    return signed_in(program, desk_storage, "钱明", "policy_reviewer")


@pytest.fixture
def sun(publisher: Publisher, program: Program, desk_storage: Storage) -> AtTheProgram:
    return signed_in(program, desk_storage, "孙兰", "dibao_officer", "policy_reviewer")


def published(zhao: AtTheProgram, qian: AtTheProgram, **fields: str) -> int:
    """A line on its whole way."""
    number = zhao.enters(**fields)
    zhao.does(number, "submit")
    qian.approves(number, when="now")
    return number


def calculated(program: Program, **fields: object) -> dict[str, Any]:
    response = Client(program).post("/api/v1/calculations", json=CASE | fields)
    assert response.status_code == 200, text(response)
    return dict(response.get_json())


def line_of(program: Program, **fields: object) -> str | None:
    amount: str | None = calculated(program, **fields)["dibao"]["standard"]["amount"]
    return amount


def change(storage: Storage, number: int) -> PolicyChange:
    found = storage.policy_changes.get(number)
    assert found is not None
    return found


def asked(storage: Storage, sender: str, home: str = YINGZHOU, wage: Fen = 350_000, **known: Any) -> str:
    """Somebody who asked in the chat and got a result; the conversation."""
    facts = Known(
        on_book=True, household_size=4, wage=wage, wage_is_net=False, other_income=0, region=SUZHOU,
        dibao_region=home, area="rural", dibao="receiving", **known,
    )  # fmt: skip
    state = Conversation(known=facts, calculated=facts, heard_at=storage.now().isoformat(), welcomed=True)
    message = IncomingMessage("web", sender, f"{sender}-1", "交社保影响低保吗")
    receive(message, storage.conversations, lambda kept, message: Said(state.as_json(), ()))
    found = storage.conversations.find("web", sender)
    assert found is not None
    return found.id


def bubbles(storage: Storage, conversation: str) -> list[str]:
    history = storage.conversations.history(conversation)
    return [entry.bubble.text for entry in history if entry.author == "assistant"]


def logged(storage: Storage, act: str) -> list[str]:
    query = select(audit_events.c.body).where(audit_events.c.act == act).order_by(audit_events.c.seq)
    with storage.database.read() as connection:
        return list(connection.execute(query).scalars())


# -- Looking up ------------------------------------------------------------------------------------------------------


def test_a_figure_is_shown_with_where_it_comes_from(zhao: AtTheProgram) -> None:
    page = text(zhao.opens("/hr/policy?region=苏州&on=2026-10-15"))
    assert "江苏省苏州市" in page and "4952.00" in page
    assert "沿用江苏省" in page and "自己的数" in page
    assert "有两个独立出处" in page and "历年的数" in page
    assert "到 2025-12-31 为止，新数预计 2026-08" in page
    assert 'href="https://' in page


def test_a_place_that_several_are_called_by_is_offered_to_choose(zhao: AtTheProgram) -> None:
    page = text(zhao.opens("/hr/policy?region=朝阳"))
    assert "有几个地方叫这个名字" in page
    assert 'href="/hr/policy?region=110105&amp;on=2026-10-15"' in page
    found = zhao.asks("/hr/policy/regions?q=yingzhou").get_json()["regions"]
    assert {"code": YINGZHOU, "name": "安徽省阜阳市颍州区"} in found


def test_a_day_outside_the_library_says_what_is_accepted(zhao: AtTheProgram) -> None:
    assert "请填日期" in text(zhao.opens("/hr/policy?region=苏州&on=昨天"))
    assert "请填 2015-01-01 到 400 天以后" in text(zhao.opens("/hr/policy?region=苏州&on=1999-01-01"))


def test_rules_are_found_by_their_words(zhao: AtTheProgram) -> None:
    page = text(zhao.opens("/hr/policy?words=滞纳金"))
    assert "万分之五" in page and "社会保险法" in page
    assert "没有哪条规定含有这些字" in text(zhao.opens("/hr/policy?words=滞纳金 月球"))


def test_what_is_due_opens_the_form_filled_in(zhao: AtTheProgram) -> None:
    page = text(zhao.opens("/hr/policy/due?kind=outdated&region=江苏"))
    link = re.search(r'href="(/hr/policy/figure\?[^"]+)"', page)
    assert link is not None and "北京市" not in page
    form = text(zhao.opens(link[1].replace("&amp;", "&")))
    assert re.search(r'name="region"[^>]+value="320000"', form)
    assert '<option value="pension" selected>' in form


# -- Entering --------------------------------------------------------------------------------------------------------


def test_a_figure_without_a_source_is_refused_beside_its_field(
    zhao: AtTheProgram, desk_storage: Storage
) -> None:
    page = text(zhao.sends("/hr/policy/figure", 400, **(LINE | {"do": "keep", "title": ""})))
    assert re.search(r'id="title"[^>]+aria-invalid="true"', page)
    assert "没有出处" in page and 'value="830"' in page  # nothing that was typed is lost
    assert desk_storage.policy_changes.all() == ()


def test_the_difference_is_shown_and_nothing_is_written(
    zhao: AtTheProgram, program: Program, settings: Settings, desk_storage: Storage
) -> None:
    page = text(zhao.sends("/hr/policy/figure", 200, **(LINE | {"do": "look"})))
    assert "安徽省阜阳市颍州区" in page and "没有记录" in page and "<b>830.00</b>" in page
    assert desk_storage.policy_changes.all() == ()
    zhao.enters()
    assert not settings.policy.overlays[0].exists()
    assert line_of(program) is None


def test_what_somebody_told_is_kept_with_who_and_when_and_decides_nothing(
    zhao: AtTheProgram, desk_storage: Storage
) -> None:
    told = LINE | {"title": "", "document": "", "where": "", "known": "", "told_by": "颍州区民政局低保中心"}
    refused = text(zhao.sends("/hr/policy/figure", 400, do="look", **told))
    assert "哪天问的" in refused
    page = text(zhao.sends("/hr/policy/figure", 200, do="look", **(told | {"asked_on": "2026-10-12"})))
    assert "不是官方原文，只作参考，不用来下结论" in page
    number = zhao.enters(**(told | {"asked_on": "2026-10-12"}))
    (source,) = change(desk_storage, number).content[YINGZHOU]["sources"].values()
    assert "颍州区民政局低保中心，2026-10-12 问到" in source["where"]


def test_a_file_of_figures_becomes_a_draft(zhao: AtTheProgram, desk_storage: Storage) -> None:
    rows = (
        "地区,险种,执行日期,公布日期,下限,上限,来源,文号\n"
        "苏州,医疗,2026-01-01,2026-09-01,5100,25500,关于2026年度缴费基数的通知,苏医保〔2026〕8号\n"
    )
    sent = zhao.sends("/hr/policy/import", file=(io.BytesIO(rows.encode()), "导入.csv"))
    page = text(zhao.opens(sent.headers["Location"]))
    assert "4952.00" in page and "5100.00" in page and "+3.0%" in page
    assert change(desk_storage, 1).title == "江苏省苏州市 医疗保险"
    bad = rows.replace("关于2026年度缴费基数的通知", "")
    refused = zhao.sends("/hr/policy/import", 400, file=(io.BytesIO(bad.encode()), "导入.csv"))
    assert "没有出处" in text(refused)
    assert "请选一个文件" in text(zhao.sends("/hr/policy/import", 400, file=(io.BytesIO(b"x"), "a.exe")))


def test_the_lines_that_lack_are_downloaded_filled_in_and_approved_by_a_second_person(
    zhao: AtTheProgram, qian: AtTheProgram, desk_storage: Storage, program: Program
) -> None:
    for number, home in (("1", YINGZHOU), ("2", YINGZHOU), ("3", "")):
        someone = Employee("", number, f"员工{number}", SUZHOU, home_region=home, area="rural")
        desk_storage.roster.add(someone, SYSTEM)
    book = openpyxl.load_workbook(io.BytesIO(zhao.opens("/hr/policy/lines_to_fill.xlsx").get_data()))
    assert [[cell.value for cell in row[:3]] for row in book.active.iter_rows(min_row=2)] == [
        [YINGZHOU, "安徽省阜阳市颍州区", "农村"]
    ]
    told = ("830", "2026-07-01", "https://mz.fy.gov.cn/12", "州民〔2026〕12号", "赵静", "2026-10-12")
    for column, cell in enumerate(told, 4):
        book.active.cell(2, column, cell)
    saved = io.BytesIO()
    book.save(saved)
    sent = zhao.sends("/hr/policy/import", file=(io.BytesIO(saved.getvalue()), "lines_to_fill.xlsx"))
    number = int(sent.headers["Location"].rsplit("/", 1)[1])
    zhao.does(number, "try")
    zhao.does(number, "submit")
    assert line_of(program) is None
    qian.approves(number, when="now")
    assert line_of(program) == "830.00"


def test_a_signed_bundle_becomes_one_draft_and_counts_when_a_second_person_has_approved_it(
    zhao: AtTheProgram, qian: AtTheProgram, desk_storage: Storage, program: Program
) -> None:
    line = {"kind": "line", "from": "2026-07-01", "rural": "830.00", "certainty": "sourced"}
    region = {
        "region": YINGZHOU,
        "name": "颍州区",
        "sources": {"a": {"title": "关于调整低保标准的通知", "where": "https://mz.fy.gov.cn/12"}},
        "lines": [line | {"grade": "official_text_copy", "sources": ["a"]}],
    }
    files = {f"{YINGZHOU}.yaml": yaml.safe_dump(region, allow_unicode=True).encode()}
    edition = EDITION.read_text(encoding="utf-8").strip()

    def sends(seed: bytes, status: int = 303) -> Any:
        made = make_feed(files, edition, desk_storage.now(), seed)
        return zhao.sends("/hr/policy/import", status, file=(io.BytesIO(made), "数据包.zip"))

    assert "签名不对" in text(sends(b"o" * 32, 400))
    assert desk_storage.policy_changes.all() == ()
    first, second = (sends(FEED_SEED).headers["Location"] for _ in range(2))
    assert first == second, "the same bundle is one change"
    number = int(first.rsplit("/", 1)[1])
    assert change(desk_storage, number).title.startswith(f"政策数据包 {edition}：")
    zhao.does(number, "submit")
    zhao.does(number, "approve", 403, hash="x")
    assert line_of(program) is None
    qian.approves(number, when="now")
    assert line_of(program) == "830.00"


def test_a_draft_is_opened_again_with_what_was_typed(zhao: AtTheProgram, desk_storage: Storage) -> None:
    number = zhao.enters()
    assert 'value="830"' in text(zhao.opens(f"/hr/policy/changes/{number}/edit"))
    zhao.sends(f"/hr/policy/changes/{number}/edit", do="keep", **(LINE | {"rural": "840"}))
    assert change(desk_storage, number).content[YINGZHOU]["lines"][0]["rural"] == "840.00"
    written = yaml.safe_dump(list(change(desk_storage, number).content.values()), allow_unicode=True)
    url = f"/hr/policy/changes/{number}/edit?as=yaml"
    refused = text(zhao.sends(url, 400, yaml=written.replace("'840.00'", "840.5")))
    assert 'aria-invalid="true"' in refused and "840.5" in refused
    zhao.sends(url, yaml=written.replace("840.00", "850.00"))
    assert change(desk_storage, number).content[YINGZHOU]["lines"][0]["rural"] == "850.00"


# -- A second person -------------------------------------------------------------------------------------------------


def test_nobody_approves_what_they_wrote_whatever_their_roles(
    zhao: AtTheProgram, publisher: Publisher, program: Program, desk_storage: Storage
) -> None:
    both = signed_in(program, desk_storage, "周全", "policy_editor", "policy_reviewer")
    number = both.enters()
    both.does(number, "submit")
    assert "要由另一个人" in both.approves(number, 409, seen=change(desk_storage, number).hash)
    other = zhao.enters(region="341203")
    both.sends(f"/hr/policy/changes/{other}/edit", do="keep", **(LINE | {"region": "341203", "rural": "820"}))
    zhao.does(other, "submit")
    assert "要由另一个人" in both.approves(other, 409, seen=change(desk_storage, other).hash)
    assert change(desk_storage, other).state == "submitted"


def test_what_was_changed_after_it_was_seen_is_not_approved(
    zhao: AtTheProgram, qian: AtTheProgram, desk_storage: Storage
) -> None:
    number = zhao.enters()
    seen = change(desk_storage, number).hash
    zhao.sends(f"/hr/policy/changes/{number}/edit", do="keep", **(LINE | {"rural": "880"}))
    zhao.does(number, "submit")
    assert "又改过了" in qian.approves(number, 409, seen=seen)
    qian.approves(number, when="later")
    zhao.sends(f"/hr/policy/changes/{number}/edit", do="keep", **(LINE | {"rural": "890"}))
    assert (change(desk_storage, number).state, change(desk_storage, number).approved_hash) == ("draft", "")
    assert "草稿" in qian.does(number, "publish", 409)


def test_a_change_is_sent_back_with_the_reason_or_given_up(zhao: AtTheProgram, qian: AtTheProgram) -> None:
    number = zhao.enters()
    zhao.does(number, "submit")
    assert "请写明原因" in qian.does(number, "return", 400, note=" ")
    assert "退回的原因：文号不对" in qian.does(number, "return", note="文号不对")
    assert "已作废" in zhao.does(number, "withdraw")
    assert "已作废" in zhao.does(number, "submit", 409)


def test_every_step_is_in_the_log_with_what_was_approved(
    zhao: AtTheProgram, qian: AtTheProgram, desk_storage: Storage
) -> None:
    number = published(zhao, qian)
    for act, who in (("draft", zhao), ("submit", zhao), ("approve", qian), ("publish", qian)):
        (body,) = logged(desk_storage, f"policy_{act}")
        assert f"account:{who.account.id}" in body and f"P-{number:04}" in body
        assert change(desk_storage, number).hash[:16] in body and "830.00" not in body


# -- Into force and out of it ----------------------------------------------------------------------------------------


def test_a_published_line_counts_without_a_restart_and_old_links_stay(
    zhao: AtTheProgram, qian: AtTheProgram, program: Program
) -> None:
    visitor = Visitor(program)
    visitor.says(
        "苏州上班老家阜阳颍州区农村，本上四个人有我，工资3500扣之前，别人没收入，在领低保，交社保低保还有吗"
    )
    before = calculated(program)
    assert before["dibao"]["insured"]["verdict"] == "unknown"
    published(zhao, qian)
    after = calculated(program)
    assert after["dibao"]["standard"]["amount"] == "830.00"
    assert after["dibao"]["insured"]["benefit"] == "344.96"
    assert after["ruleset"]["sha256"] != before["ruleset"]["sha256"]
    assert line_of(program, as_of="2026-10-14") is None  # what was known the day before
    assert Client(program).get("/readyz").get_json()["ruleset"] == after["ruleset"]
    assert "830.00" in visitor.says("不知道") + visitor.says("跳过")


def test_a_day_is_kept_to_the_minute_it_begins_in_china(
    zhao: AtTheProgram,
    qian: AtTheProgram,
    publisher: Publisher,
    program: Program,
    clock: Clock,
    desk_storage: Storage,
) -> None:
    number = zhao.enters()
    zhao.does(number, "submit")
    assert "今天或以后" in qian.approves(number, 400, when="day", publish_on="2026-10-14")
    qian.approves(number, when="day", publish_on="2026-10-16")
    publisher.work()
    clock.move(hours=11, minutes=59)  # 23:59 in China
    publisher.work()
    assert (change(desk_storage, number).state, line_of(program)) == ("approved", None)
    clock.move(minutes=1)
    publisher.work()
    publisher.work()
    assert (change(desk_storage, number).state, line_of(program)) == ("published", "830.00")
    (body,) = logged(desk_storage, "policy_publish")
    assert '"actor":"system"' in body


def test_the_day_can_be_changed_and_taken_away(
    zhao: AtTheProgram, qian: AtTheProgram, publisher: Publisher, clock: Clock, desk_storage: Storage
) -> None:
    number = zhao.enters()
    zhao.does(number, "submit")
    qian.approves(number, when="day", publish_on="2026-10-16")
    assert "2026-10-20 那天一开始就发布" in qian.does(number, "schedule", publish_on="2026-10-20")
    qian.does(number, "schedule", publish_on="")
    clock.move(days=30)
    publisher.work()
    assert change(desk_storage, number).state == "approved"


def test_taking_back_restores_what_was_before_and_leaves_what_came_since(
    zhao: AtTheProgram, qian: AtTheProgram, program: Program, settings: Settings
) -> None:
    untouched = calculated(program)["ruleset"]
    first = published(zhao, qian)
    second = published(zhao, qian, rural="860", **{"from": "2026-10-10"})
    assert line_of(program) == "860.00"
    assert "请写明原因" in qian.does(first, "take-back", 400, note="")
    qian.does(first, "take-back", note="文件是征求意见稿")
    assert (line_of(program), line_of(program, on="2026-10-05")) == ("860.00", None)
    assert "文件是征求意见稿" in qian.does(second, "take-back", note="文件是征求意见稿")
    assert list(settings.policy.overlays[0].iterdir()) == []
    assert calculated(program)["ruleset"] == untouched


def test_a_figure_that_no_longer_fits_is_not_published_and_says_why(
    zhao: AtTheProgram, qian: AtTheProgram, publisher: Publisher, desk_storage: Storage
) -> None:
    numbers = [zhao.enters(), zhao.enters(rural="900")]
    for number in numbers:
        zhao.does(number, "submit")
        qian.approves(number, when="day", publish_on="2026-10-15")
    publisher.work()
    assert [change(desk_storage, number).state for number in numbers] == ["published", "approved"]
    page = text(qian.opens(f"/hr/policy/changes/{numbers[1]}"))
    assert "没有发布成" in page and "已有一条" in page
    assert change(desk_storage, numbers[1]).publish_on is None  # it is not tried again every minute


def test_a_publication_that_was_cut_off_is_finished_once(
    zhao: AtTheProgram, qian: AtTheProgram, publisher: Publisher, program: Program, clock: Clock,
    desk_storage: Storage, settings: Settings, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    number = zhao.enters()
    zhao.does(number, "submit")
    qian.approves(number, when="later")
    with monkeypatch.context() as patch:
        patch.setattr(desk_storage.policy_changes.__class__, "finish", _dies)
        with pytest.raises(SystemExit):
            publisher.publish(number, qian.account.id)
    assert change(desk_storage, number).state == "publishing"
    publisher.work()  # whoever has the turn may still be alive
    assert change(desk_storage, number).state == "publishing"
    clock.move(minutes=11)
    publisher.work()
    assert change(desk_storage, number).state == "published"
    data = yaml.safe_load((settings.policy.overlays[0] / f"{YINGZHOU}.yaml").read_text(encoding="utf-8"))
    assert len(data["lines"]) == 1 and line_of(program) == "830.00"


def _dies(*arguments: object, **named: object) -> None:
    raise SystemExit


def test_a_library_that_cannot_be_taken_up_leaves_the_old_one_at_work(
    zhao: AtTheProgram, qian: AtTheProgram, program: Program, settings: Settings
) -> None:
    number = published(zhao, qian)
    broken = settings.policy.overlays[0] / "110000.yaml"
    broken.write_text("region: '110000'\nlines: 3\n", encoding="utf-8")
    program.refresh()
    assert line_of(program) == "830.00"
    page = text(qian.opens(f"/hr/policy/changes/{number}"))
    assert "资料库换新没有成功" in page and "110000.yaml" in page
    broken.unlink()
    program.refresh()
    assert "资料库换新没有成功" not in text(qian.opens(f"/hr/policy/changes/{number}"))


# -- The company's own rules -----------------------------------------------------------------------------------------

RULE = {
    "id": "hr-0001", "title": "苏州厂核定的工伤费率", "from": "2026-01-01", "regions": "苏州", "why": "社保局 2026 年核定",
    "source_title": "工伤保险费率核定单", "source_where": "人事档案",
    "when-count": "0", "then-count": "1", "then-0-kind": "set",
    "then-0-parameter": "work_injury.employer_rate", "then-0-value": "0.48%",
    "cases-count": "1", "cases-0-name": "三千五", "cases-0-region": "苏州", "cases-0-on": "2026-10-15",
    "cases-0-wage": "3500", "cases-0-size": "1", "cases-0-expect-count": "1",
    "cases-0-expect-0-path": "contributions.work_injury.employer", "cases-0-expect-0-value": "23.77",
}  # fmt: skip


def employer_share(program: Program, insurance: str = "work_injury") -> str:
    lines = calculated(program)["contributions"]
    return next(str(line["employer"]) for line in lines if line["insurance"] == insurance)


def test_a_rule_is_read_back_in_plain_words_and_its_cases_run(zhao: AtTheProgram) -> None:
    page = text(zhao.sends("/hr/policy/rules/new", 200, do="look", **RULE))
    assert "从 2026-01-01 起，参保地在江苏省苏州市的职工：" in page
    assert "本单位核定的工伤费率按 0.0048 算。" in page
    assert "应为 23.77，算出 23.77" in page and "通过" in page
    wrong = text(
        zhao.sends("/hr/policy/rules/new", 200, do="look", **(RULE | {"cases-0-expect-0-value": "9.99"}))
    )
    assert "没通过" in wrong and "应为 9.99，算出 23.77" in wrong


def test_rows_come_and_go_without_javascript_and_nothing_typed_is_lost(zhao: AtTheProgram) -> None:
    url = "/hr/policy/rules/new"
    page = text(zhao.sends(url, 200, do="add:when", **RULE))
    assert 'name="when-0-fact"' in page and 'value="苏州厂核定的工伤费率"' in page
    two = RULE | {
        "when-count": "2", "when-0-fact": "wage", "when-0-operator": "below", "when-0-value": "四千",
        "when-1-fact": "employment", "when-1-operator": "in", "when-1-value": "employee、dispatched",
        "joined": "all",
    }  # fmt: skip
    page = text(zhao.sends(url, 400, do="keep", **two))
    assert re.search(r'name="when-0-value"[^>]+aria-invalid="true"', page) and "四千" in page
    two["when-0-value"] = "4000"
    page = text(zhao.sends(url, 200, do="look", **two))
    assert "工资低于4000.00 元，并且用工形式是全日制职工、劳务派遣其中之一的：" in page
    page = text(zhao.sends(url, 200, do="remove:when:0", **two))
    assert 'name="when-1-fact"' not in page and "employee、dispatched" in page
    assert "cases-0-expect-1-path" in text(zhao.sends(url, 200, do="add:expect:0", **RULE))


def test_a_rule_is_in_force_when_a_second_person_has_approved_and_published(
    zhao: AtTheProgram, qian: AtTheProgram, program: Program, settings: Settings, desk_storage: Storage
) -> None:
    usual = employer_share(program)
    zhao.sends("/hr/policy/rules/new", do="keep", **RULE)
    zhao.does(1, "submit")
    qian.approves(1, when="now")
    assert employer_share(program) == "23.77" != usual
    by = yaml.safe_load((settings.policy.company_folder / "hr-0001.yaml").read_text(encoding="utf-8"))["by"]
    assert (by["author"], by["reviewer"], str(by["approved_on"])) == ("赵静", "钱明", "2026-10-15")
    assert "参保地在江苏省苏州市的职工" in text(zhao.opens("/hr/policy/rules"))
    form = text(zhao.opens("/hr/policy/rules/new?of=hr-0001"))
    assert 'value="0.0048"' in form

    second = RULE | {"then-0-value": "0.0096", "cases-0-expect-0-value": "47.54"}
    zhao.sends("/hr/policy/rules/new?of=hr-0001", do="keep", **second)
    zhao.does(2, "submit")
    qian.approves(2, when="now")
    assert employer_share(program) == "47.54"
    assert "后来又改过" in qian.does(1, "take-back", 409, note="核定错了")
    qian.does(2, "take-back", note="核定错了")
    assert employer_share(program) == "23.77"
    qian.does(1, "take-back", note="核定错了")
    assert employer_share(program) == usual
    assert list(settings.policy.company_folder.iterdir()) == []


def test_a_rule_whose_cases_fail_is_not_even_looked_at(zhao: AtTheProgram) -> None:
    zhao.sends("/hr/policy/rules/new", do="keep", **(RULE | {"cases-0-expect-0-value": "9.99"}))
    assert "用例没有全部通过" in zhao.does(1, "submit", 409)


def test_a_rule_that_the_form_cannot_hold_is_edited_as_yaml(
    zhao: AtTheProgram, desk_storage: Storage
) -> None:
    zhao.sends("/hr/policy/rules/new", do="keep", **RULE)
    data = dict(change(desk_storage, 1).content)
    data["when"] = {
        "all": [{"any": [{"fact": "wage", "below": "4000.00"}, {"fact": "wage", "at_least": "9000.00"}]}]
    }
    url = "/hr/policy/changes/1/edit?as=yaml"
    zhao.sends(
        url, yaml=yaml.safe_dump(data | {"by": {"author": "钱明", "reviewer": "别人"}}, allow_unicode=True)
    )
    assert change(desk_storage, 1).content["by"] == {"author": "赵静"}
    assert "<textarea" in text(zhao.opens("/hr/policy/changes/1/edit"))
    assert "工资低于4000.00 元，或者工资不低于9000.00 元" in text(zhao.opens("/hr/policy/changes/1"))
    assert "YAML 读不懂" in text(zhao.sends(url, 400, yaml="a: ["))


# -- What it does to households --------------------------------------------------------------------------------------


def test_a_dry_run_counts_exactly_and_reading_is_logged(
    zhao: AtTheProgram, sun: AtTheProgram, desk_storage: Storage
) -> None:
    for count in range(12):
        asked(desk_storage, f"颍州{count}", standard_monthly=None)
    for count in range(28):
        asked(desk_storage, f"北京{count}", home="110000")
    number = zhao.enters()
    assert "还没有按现在的内容试算过" in text(zhao.opens(f"/hr/policy/changes/{number}"))
    page = zhao.does(number, "try")
    assert "40 户里 12 户有变化；结论变的 12 户。" in page
    (body,) = logged(desk_storage, "policy_households")
    assert '"read":40' in body and f"account:{zhao.account.id}" in body and '"count":0' in body
    zhao.sends(f"/hr/policy/changes/{number}/edit", do="keep", **(LINE | {"rural": "840"}))
    assert "还没有按现在的内容试算过" in text(zhao.opens(f"/hr/policy/changes/{number}"))


def test_the_largest_change_is_the_amount_that_moves_most(
    zhao: AtTheProgram, qian: AtTheProgram, desk_storage: Storage
) -> None:
    published(zhao, qian)
    for count in range(6):
        asked(desk_storage, f"颍州{count}")
    number = zhao.enters(rural="838.80", **{"from": "2026-10-01"})
    assert "6 户里 6 户有变化，最大 +35.20。" in zhao.does(number, "try")


def test_a_group_below_five_is_shown_to_the_dibao_officer_alone(
    zhao: AtTheProgram, sun: AtTheProgram, desk_storage: Storage
) -> None:
    for count in range(4):
        asked(desk_storage, f"颍州{count}")
    for count in range(10):
        asked(desk_storage, f"北京{count}", home="110000")
    number = zhao.enters()
    page = zhao.does(number, "try")
    assert "变化的不到五户" in page and "4 户有变化" not in page
    assert "14 户里 4 户有变化" in text(sun.opens(f"/hr/policy/changes/{number}"))


def bind(storage: Storage, conversation: str) -> str:
    """阿丽 is on the roster, and it is her chat; her id."""
    ali = storage.roster.add(Employee("", "0815", "阿丽", SUZHOU), SYSTEM)
    bound = {
        "id": ali.id,
        "employee": ali.id,
        "conversation": conversation,
        "state": "active",
        "bound_at": storage.now(),
    }
    with storage.database.work() as connection:
        connection.execute(insert(bindings), bound)
    return ali.id


def test_exactly_those_whose_result_changed_are_told_once_and_neutrally(
    zhao: AtTheProgram, sun: AtTheProgram, publisher: Publisher, desk_storage: Storage
) -> None:
    ali, wang = asked(desk_storage, "阿丽"), asked(desk_storage, "老王", home="110000")
    number = published(zhao, sun)
    assert bubbles(desk_storage, ali) == []
    sun.does(number, "tell")
    publisher.work()
    publisher.work()
    assert bubbles(desk_storage, ali) == ["你问过的数有更新，点这里重新算一下。"]
    assert bubbles(desk_storage, wang) == []
    assert "没有还没告诉过的人" in sun.does(number, "tell")
    publisher.work()
    assert len(bubbles(desk_storage, ali)) == 1
    (body,) = logged(desk_storage, "policy_tell")
    assert '"count":0' in body
    assert "已告诉 1 个" in text(sun.opens(f"/hr/policy/changes/{number}"))
    assert "已告诉" not in text(zhao.opens(f"/hr/policy/changes/{number}"))


def test_whoever_talks_to_a_person_is_told_once_that_is_over(
    zhao: AtTheProgram, sun: AtTheProgram, publisher: Publisher, desk_storage: Storage
) -> None:
    ali = asked(desk_storage, "阿丽")
    number = published(zhao, sun)
    take_over(desk_storage, ali)
    sun.does(number, "tell")
    publisher.work()
    assert bubbles(desk_storage, ali) == []
    assert "等着告诉 1 个" in text(sun.opens(f"/hr/policy/changes/{number}"))
    give_back(desk_storage, ali)
    publisher.work()
    assert len(bubbles(desk_storage, ali)) == 1


def test_a_worker_who_entered_another_line_sees_both_and_can_take_the_published_one(
    zhao: AtTheProgram, sun: AtTheProgram, publisher: Publisher, program: Program, desk_storage: Storage
) -> None:
    ali = asked(desk_storage, "阿丽", standard_monthly=81_000, received_monthly=62_000)
    number = published(zhao, sun)
    sun.does(number, "tell")
    publisher.work()
    (entry,) = (each for each in desk_storage.conversations.history(ali) if each.author == "assistant")
    (button,) = entry.bubble.buttons
    again = IncomingMessage("web", "阿丽", "阿丽-2", button.title, button.payload)
    (reply,) = program.receive(again).replies
    assert "810.00" in reply.text and "830.00" in reply.text
    taken = next(each for each in reply.buttons if "830.00" in each.title)
    (reply,) = program.receive(IncomingMessage("web", "阿丽", "阿丽-3", taken.title, taken.payload)).replies
    assert "3320.00" in reply.text and "810.00" not in reply.text
    by_hand = IncomingMessage("web", "阿丽", "阿丽-4", "重新算一下")
    assert program.receive(by_hand).replies


def test_taking_back_tells_those_who_reckoned_with_it_once_more(
    zhao: AtTheProgram, sun: AtTheProgram, publisher: Publisher, desk_storage: Storage
) -> None:
    ali = asked(desk_storage, "阿丽")
    number = published(zhao, sun)
    sun.does(number, "tell")
    publisher.work()
    sun.does(number, "take-back", note="征求意见稿")
    sun.does(number, "tell")
    publisher.work()
    assert len(bubbles(desk_storage, ali)) == 2


def test_the_people_are_shown_to_the_dibao_officer_and_each_look_is_on_their_page(
    zhao: AtTheProgram,
    qian: AtTheProgram,
    sun: AtTheProgram,
    desk_storage: Storage,
) -> None:
    employee = bind(desk_storage, asked(desk_storage, "阿丽"))
    asked(desk_storage, "不知道是谁")
    path = f"/hr/policy/changes/{published(zhao, qian)}/people"
    zhao.opens(path, 403)
    qian.opens(path, 403)
    page = text(sun.opens(path))
    assert "0815" in page and "阿丽" in page and "另有 1 个对话不知道是谁的" in page
    (look,) = [
        each for each in desk_storage.history.about(f"employee:{employee}") if each.act == "policy_people"
    ]
    assert look.actor == f"account:{sun.account.id}"


def test_pages_are_for_those_whose_work_it_is(
    zhao: AtTheProgram, qian: AtTheProgram, program: Program, desk_storage: Storage
) -> None:
    agent = signed_in(program, desk_storage, "吴芳", "agent")
    number = zhao.enters()
    agent.opens(f"/hr/policy/changes/{number}")
    agent.opens("/hr/policy/figure", 403)
    qian.opens("/hr/policy/figure", 403)
    for act in ("approve", "publish", "take-back", "return", "schedule", "tell"):
        zhao.sends(f"/hr/policy/changes/{number}/{act}", 403)
    zhao.opens("/hr/policy/changes/99", 404)
