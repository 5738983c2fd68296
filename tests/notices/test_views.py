"""The page of a notice: from the link to the answer, over both desks; and what does not get anybody in."""

from __future__ import annotations

import html
import logging
import re
import shutil
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from answer_desks import DRAWN, HERE, JSON, Given, Phone, Small, ali_content, make_app, right_answers
from werkzeug.test import TestResponse

from delivery.browsers import HEADERS
from notices import page_words
from notices.answering import CODE_LIFE, CODE_PAUSE, HR_DEVICE, IDLE, LINK_LIFE, Denied, NotDone, Visitor
from notices.consent import CURRENT, VERSIONS, consent_of
from notices.page_words import NOT_DONE
from notices.strokes import LARGEST
from notices.views import ACTS_A_MINUTE
from policy_kb.library import Library

pytest_plugins = ["databases"]

CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def url(sqlite_template: Path, tmp_path: Path) -> str:
    """The pages are the same over either database."""
    shutil.copy(sqlite_template, tmp_path / "shebao.db")
    return f"sqlite:///{tmp_path / 'shebao.db'}"


def words(response: TestResponse) -> str:
    """What somebody reads on the page."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.text)))


def why(response: TestResponse) -> str:
    return str(response.get_json()["error"]["code"])


# -- The way in


def test_looking_at_a_link_opens_nothing_and_tells_nothing(phone: Phone, desk: Given) -> None:
    for _ in range(3):  # a preview of the chat app, a scanner, the employee
        page = phone.opens()
        assert page.status_code == 200 and "发验证码给我" in words(page)
    assert not re.search("阿丽|A0034|524.96|3500|苏州|002X|低保", page.text)
    assert "不签也照样交；签只表示看到了" in words(page)
    assert not {"code_sent", "entered", "read"} & set(desk.events())


def test_from_the_link_over_the_code_to_the_notice(phone: Phone, desk: Given) -> None:
    asked = phone.asks_for_code()
    assert asked.status_code == 303 and asked.headers["Location"].endswith(f"/notices/{desk.token}#code")
    page = phone.opens()
    assert "六位验证码" in words(page) and "身份证后四位" in words(page)
    entered = phone.enters(id_tail="002x")  # a phone writes small letters
    assert entered.headers["Location"] == "/notices/visit", "the address of the notice holds no token"
    shown = phone.visits()
    for text in ("阿丽", "524.96", "1213.24", "养老保险", "不签也照样交", "告知书到这里结束", "签收但有异议"):
        assert text in words(shown), text


def test_the_link_tapped_again_goes_on_without_another_code(phone: Phone) -> None:
    phone.goes_in()
    again = phone.opens()
    assert again.status_code == 303 and again.headers["Location"] == "/notices/visit"


def test_a_wrong_code_is_said_with_how_many_tries_are_left(phone: Phone, desk: Given) -> None:
    phone.asks_for_code()
    right = desk.code()
    wrong = phone.enters(code="000000" if right != "000000" else "111111")
    assert wrong.status_code == 403 and "验证码不对" in words(wrong) and "还能试 4 次" in words(wrong)
    tail = phone.enters(code=right, id_tail="0000")
    for address in re.findall(r'href="(/notices/[^"]+)"', wrong.text):  # in another language
        assert phone.client.get(html.unescape(address)).status_code == 200
    assert tail.status_code == 403 and "身份证后四位不对" in words(tail) and "还能试 3 次" in words(tail)
    assert phone.enters(code=right).status_code == 303


def test_the_next_code_waits(phone: Phone, desk: Given) -> None:
    phone.asks_for_code()
    slower = phone.asks_for_code()
    assert (
        slower.status_code == 429 and 0 < int(slower.headers["Retry-After"]) <= CODE_PAUSE.total_seconds() + 1
    )
    assert "秒后才能再发" in words(slower)
    desk.clock.move(seconds=CODE_LIFE.total_seconds() + 1)
    late = phone.enters(code="123456")
    assert late.status_code == 409 and "验证码过期了" in words(late)


def test_an_employee_who_must_write_first_is_told_so(small: Small) -> None:
    small.desk.reachable = False
    told = Phone(make_app(small), small).asks_for_code()
    assert told.status_code == 409 and "先到聊天里随便发一句话" in words(told)


def test_without_a_cookie_nothing_happens(desk: Given) -> None:
    bare = Phone(make_app(desk), desk)
    form = bare.form(bare.opens())
    bare.client = make_app(desk).test_client(use_cookies=False)
    refused = bare.client.post(f"/notices/{desk.token}/code", data={"form": form}, headers=HERE)
    assert refused.status_code == 400 and "cookie" in words(refused)


# -- The notice


def test_the_notice_shows_every_figure_of_both_sides(small: Small) -> None:
    page = Phone(make_app(small), small).goes_in()
    data, read = small.case.content.data, words(page)
    for line in data["lines"]:
        for key in ("name", "base", "employee", "employer", "employee_rate", "employer_rate"):
            assert line[key] in read, (line["key"], key)
    for section in data["sections"]:
        for text in section["paragraphs"]:
            assert re.sub(r"\s+", " ", text) in read
    for source in data["sources"]:
        assert source["title"] in read


def test_a_monthly_statement_is_read_and_answered_the_same_way(library: Library) -> None:
    small = Small(library, insured_since=date(2026, 3, 1))
    phone = Phone(make_app(small), small)
    page = words(phone.goes_in())
    assert (
        "社会保险费月度缴纳明细" in page and "哪个月 2026-11" in page and "这个月从你工资里扣的社保" in page
    )
    assert phone.answers(phone.understands()).status_code == 200


@pytest.mark.parametrize(
    ("lang", "title"), [("en", "Notice of social insurance"), ("zh-Hant", "社會保險繳納告知書")]
)
def test_a_reading_aid_stands_before_the_original(small: Small, lang: str, title: str) -> None:
    phone = Phone(make_app(small), small)
    phone.goes_in()
    page = phone.client.get(f"/notices/visit?lang={lang}")
    assert title in words(page) and f'<html lang="{lang}">' in page.text
    assert page.text.index(title) < page.text.index("社会保险登记")
    assert small.case.content.sha256 in page.text, "what is answered is the Chinese text"


def test_the_language_of_the_conversation_is_the_pages(small: Small) -> None:
    small.desk.locale = "en"
    assert '<html lang="en">' in Phone(make_app(small), small).opens().text


def test_her_own_assessment_is_on_this_page_and_on_no_other(small: Small) -> None:
    small.own_result()
    phone = Phone(make_app(small), small)
    assert "低保" not in phone.opens().text
    page = words(phone.goes_in())
    assert "只有你看得到" in page and "2975.04 元，低于 3200.00 元" in page and "300.00 到 524.96" in page
    assert "问乡镇：算收入时，个人缴的社保减不减？" in page
    assert "224.96" not in str(small.case.content.data)


def test_who_sees_what_is_told(phone: Phone) -> None:
    page = words(phone.goes_in())
    for text in page_words.WHO_SEES:
        assert text in page


def test_a_wrong_answer_is_explained_and_answered_again(phone: Phone, library: Library) -> None:
    phone.goes_in()
    key = next(iter(right_answers(ali_content(library))))
    wrong = phone.sends("checks", answers={key: "1213.24"}).get_json()
    assert wrong["checked"] == {key: False} and "524.96" in wrong["explained"][key]
    right = phone.sends("checks", answers={key: "524.96"}).get_json()
    assert right == {"checked": {key: True}, "explained": {}}
    assert "答对了" in words(phone.visits())


def test_the_page_does_not_give_the_right_answers_away(small: Small) -> None:
    page = Phone(make_app(small), small).goes_in().text
    explained = [each for each in right_answers(small.case.content) if f'right="{each}"' in page]
    assert not explained and "单位另外出 1213.24 元，那一份不从你的工资里扣" not in page


# -- The answer


@pytest.mark.parametrize(
    ("outcome", "data"),
    [
        ("acknowledged", {}),
        ("objected", {"lines": ["pension"]}),
        ("objected", {"statement": "药钱紧，能不能晚一个月"}),
        ("refused", {"statement": "我不想签"}),
        ("refused", {"statement": "我不想签", "strokes": DRAWN}),
    ],
)
def test_each_answer_is_taken_and_shown(
    phone: Phone, desk: Given, outcome: str, data: dict[str, Any]
) -> None:
    phone.goes_in()
    taken = phone.answers(phone.understands(), outcome, **data)
    assert taken.status_code == 200, taken.text
    assert taken.get_json()["answered"]["outcome"] == outcome
    done = words(phone.client.get(taken.get_json()["go"]))
    assert "已收到" in done and page_words.ANSWERED_AS[outcome] in done and "照常给你参保" in done  # type: ignore[index]
    assert "正在封存" in done and "answered" in desk.events()


@pytest.mark.parametrize(
    ("expected", "outcome", "data"),
    [
        ("no_signature", "acknowledged", {"strokes": []}),
        ("bad_signature", "acknowledged", {"strokes": [[[0, 0, 0], [900, 0, 900]]]}),
        ("no_statement", "refused", {"statement": " \n "}),
        ("no_statement", "objected", {}),
        ("too_long", "refused", {"statement": "我" * 2001}),
        ("old_consent", "acknowledged", {"consent": "0" * 64}),
        ("other_text", "objected", {"lines": ["no_such_line"]}),
    ],
)
def test_what_is_missing_is_said(phone: Phone, expected: str, outcome: str, data: dict[str, Any]) -> None:
    phone.goes_in()
    refused = phone.answers(phone.understands(), outcome, **data)
    assert why(refused) == expected and refused.status_code == NOT_DONE[expected].status  # type: ignore[index]
    assert "answered" not in phone.given.events()


def test_a_bad_signature_says_what_is_bad(phone: Phone) -> None:
    phone.goes_in()
    visit = phone.understands()
    line = [[[step * 30, step * 10, step * 40] for step in range(30)]]
    told = phone.answers(visit, strokes=line).get_json()["error"]
    assert told["message"] == "只有一条线，请写自己的全名。" and "纸的" in told["way"]


def test_nothing_is_answered_before_it_was_read_and_understood(phone: Phone) -> None:
    phone.goes_in()
    cookie = phone.client.get_cookie("notice", path="/notices")
    word = phone.client.get_cookie("notice_browser", path="/notices")
    assert cookie is not None and word is not None
    visit = phone.given.desk.visit(cookie.value.partition(".")[0], Visitor(word.value, "127.0.0.1"))
    assert why(phone.answers(visit)) == "not_read"
    phone.sends("read", seconds=30)
    assert why(phone.answers(visit)) == "not_checked"


def test_after_the_last_day_it_can_be_read_and_no_more(small: Small) -> None:
    small.clock.move(days=6)
    small.token = small.link()
    phone = Phone(make_app(small), small)
    phone.goes_in()
    visit = phone.understands()
    small.clock.move(days=1)
    small.clock.move(hours=12)
    small.token = small.link()
    page = phone.goes_in()
    assert "这里只能看，不能再回应了。社保照样交" in words(page) and 'id="panel"' not in page.text
    phone.understands()
    assert why(phone.answers(visit)) == "late"


def test_the_copy_is_there_once_it_is_sealed(small: Small) -> None:
    phone = Phone(make_app(small), small)
    phone.goes_in()
    phone.answers(phone.understands())
    early = phone.client.get("/notices/visit/copy.pdf")
    assert early.status_code == 409 and "正在封存" in words(early)
    assert phone.client.get("/notices/visit/state").get_json()["answered"]["code"] == ""
    code = small.seal()
    assert phone.client.get("/notices/visit/state").get_json()["answered"]["code"] == code
    assert code in words(phone.visits())
    copy = phone.client.get("/notices/visit/copy.pdf")
    assert copy.data == b"%PDF-1.7 sealed" and copy.mimetype == "application/pdf"
    assert copy.headers["Content-Disposition"].startswith("attachment;")
    assert copy.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("channel", "text"), [("wechat", "回到微信接着聊"), ("web", "回去接着聊"), ("", "回去接着聊")]
)
def test_the_way_back_is_that_of_the_channel(small: Small, channel: str, text: str) -> None:
    small.desk.channel = channel
    phone = Phone(make_app(small), small)
    phone.goes_in()
    phone.answers(phone.understands())
    assert text in words(phone.visits())


def test_leaving_ends_the_visit(phone: Phone) -> None:
    form = phone.form(phone.goes_in())
    left = phone.client.post("/notices/visit/leave", data={"form": form}, headers=HERE)
    assert left.status_code == 200 and "退出了" in words(left)
    assert phone.client.get_cookie("notice", path="/notices") is None
    assert phone.visits().status_code == 401


def test_every_reason_has_a_sentence_a_way_and_a_status() -> None:
    assert set(NOT_DONE) == set(get_args(Denied))
    for reason, told in NOT_DONE.items():
        assert 400 <= told.status < 500, reason
        assert CHINESE.search(told.title) and CHINESE.search(told.text) and CHINESE.search(told.way), reason


@pytest.mark.parametrize("reason", get_args(Denied))
@pytest.mark.parametrize("left", [None, 3])
def test_no_reason_of_the_desk_breaks_a_page(small: Small, reason: Denied, left: int | None) -> None:
    phone = Phone(make_app(small), small)
    form = phone.form(phone.goes_in())

    def refuse(*_: object) -> None:
        raise NotDone(reason, left)

    small.desk.visit = small.desk.answer = small.desk.read = small.desk.enter = small.desk.send_code = refuse  # type: ignore[assignment, method-assign]
    told = NOT_DONE["over" if reason == "unknown_link" else reason]
    page = phone.visits()
    assert page.status_code == told.status and told.title in words(page)
    data = {"form": form, "outcome": "refused", "shown": "x", "consent": "x", "statement": "不签"}
    sent = phone.client.post("/notices/visit/answer", json=data, headers=JSON)
    assert sent.status_code == told.status and sent.get_json()["error"]["title"] == told.title
    token = small.link()
    for path in ("code", "enter"):
        refused = phone.client.post(
            f"/notices/{token}/{path}", data={"form": phone.form(phone.opens(token))}, headers=HERE
        )
        assert refused.status_code == NOT_DONE[reason].status
        assert NOT_DONE[reason].title in words(refused)


def test_the_consent_names_the_handwriting_and_never_changes() -> None:
    assert "手写动态特征" in CURRENT.text and "不表示我同意" in CURRENT.text
    assert consent_of() is CURRENT and consent_of("1") is VERSIONS[0]
    # A text that was agreed to stays as it was: another wording is another version.
    assert VERSIONS[0].sha256 == "034849cd1c60945325e939c553f1ed29352b43e09cdd5ae12515a5f7ab3c22cd"


# -- Attacks


def test_attack_a_stolen_link_in_another_browser(phone: Phone, desk: Given) -> None:
    phone.goes_in()
    thief = Phone(make_app(desk), desk)
    for response in (thief.opens(), thief.asks_for_code()):
        assert "阿丽" not in response.text and "524.96" not in response.text
    assert thief.asks_for_code().status_code == 410
    assert phone.visits().status_code == 200, "who is in stays in"


def test_attack_a_stolen_ticket_in_another_browser(phone: Phone, desk: Given) -> None:
    phone.goes_in()
    ticket = phone.client.get_cookie("notice", path="/notices")
    assert ticket is not None
    thief = Phone(make_app(desk), desk)
    thief.opens()
    thief.client.set_cookie("notice", ticket.value, path="/notices")
    refused = thief.visits()
    assert refused.status_code == 410 and "阿丽" not in refused.text


def test_attack_a_guessed_code_locks_the_link(phone: Phone, desk: Given) -> None:
    phone.asks_for_code()
    right = desk.code()
    for guess in range(5):
        tried = phone.enters(code=f"{(int(right) + guess + 1) % 10**6:06}")
        assert tried.status_code == 403
    assert "锁住了" in words(tried) and "新的链接" in words(tried)
    assert phone.client.post(f"/notices/{desk.token}/enter", data={}, headers=HERE).status_code in (403, 400)
    assert "锁住了" in words(phone.opens())


@pytest.mark.parametrize(
    "code", ["", " ", "12345", "1234567", "１２３４５６", "' OR 1=1 --", "x" * 5000, "\x00\x00\x00"]
)
def test_attack_codes_that_are_none(phone: Phone, code: str) -> None:
    phone.asks_for_code()
    assert phone.enters(code=code or " ").status_code == 403


def test_attack_a_posted_answer_is_replayed(phone: Phone) -> None:
    phone.goes_in()
    visit = phone.understands()
    assert phone.answers(visit).status_code == 200
    again = phone.answers(visit)
    assert again.status_code == 409 and why(again) == "answered"
    other = phone.answers(visit, "refused", statement="换一个")
    assert why(other) == "answered"
    assert phone.given.events().count("answered") == 1


def test_attack_a_tampered_content_hash(phone: Phone) -> None:
    phone.goes_in()
    visit = phone.understands()
    changed = visit.content.sha256[:-1] + ("0" if visit.content.sha256[-1] != "0" else "1")
    refused = phone.answers(visit, shown=changed)
    assert refused.status_code == 409 and why(refused) == "other_text"


def test_attack_the_ticket_of_another_employee(phone: Phone, desk: Given) -> None:
    phone.goes_in()
    token = desk.another()
    zhou = Phone(make_app(desk), desk)
    assert zhou.asks_for_code(token).status_code == 303
    assert zhou.enters(token=token).status_code == 303
    assert "老周" in words(zhou.visits())
    cookie = zhou.client.get_cookie("notice", path="/notices")
    assert cookie is not None
    phone.client.set_cookie("notice", cookie.value, path="/notices")
    refused = phone.visits()
    assert refused.status_code == 410 and "老周" not in refused.text


def test_attack_a_shared_phone_shows_the_second_nothing_of_the_first(phone: Phone, desk: Given) -> None:
    phone.goes_in()
    token = desk.another()
    assert phone.opens(token).status_code == 200, "another's link does not lead into her visit"
    assert phone.asks_for_code(token).status_code == 303
    assert phone.enters(token=token).status_code == 303
    page = words(phone.visits())
    assert "老周" in page and "阿丽" not in page
    assert phone.opens().status_code != 303, "and her visit has ended"


def test_attack_a_browser_of_hr(phone: Phone, desk: Given) -> None:
    phone.goes_in()
    visit = phone.understands()
    phone.client.set_cookie(HR_DEVICE, "a browser that HR signed in with", path="/notices")
    for response in (phone.opens(), phone.visits()):
        assert response.status_code == 403 and "用你自己的手机" in words(response)
    form = phone.form
    phone.form = lambda page: "0" * 64  # type: ignore[method-assign]
    assert phone.answers(visit).status_code == 403
    phone.form = form  # type: ignore[method-assign]
    assert "answered" not in desk.events()


def test_attack_links_and_visits_that_are_over(phone: Phone, desk: Given) -> None:
    phone.goes_in()
    visit = phone.understands()
    form = phone.form(phone.visits())
    desk.clock.move(seconds=IDLE.total_seconds() + 1)
    assert phone.visits().status_code == 401
    late = phone.sends(
        "answer", form, outcome="refused", shown=visit.content.sha256, consent="", statement="不签"
    )
    assert late.status_code == 401 and "还在这个手机上" in late.get_json()["error"]["message"]
    old, fresh = desk.token, desk.link()
    assert phone.opens(old).status_code == 410 and phone.opens(fresh).status_code == 200
    desk.clock.move(seconds=LINK_LIFE.total_seconds())
    assert phone.opens(fresh).status_code == 410


def test_attack_a_notice_that_was_taken_back(phone: Phone, desk: Given) -> None:
    desk.take_back()
    assert phone.opens().status_code in (409, 410)


def test_attack_a_double_submit_is_one_answer(phone: Phone) -> None:
    phone.goes_in()
    visit, form = phone.understands(), phone.form(phone.visits())
    data = {
        "form": form,
        "outcome": "refused",
        "shown": visit.content.sha256,
        "consent": CURRENT.sha256,
        "statement": "不签",
    }
    first, second = (phone.client.post("/notices/visit/answer", json=data, headers=JSON) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 409)


def test_attack_script_in_a_name_or_a_statement_is_text(library: Library) -> None:
    evil = "<img src=x onerror=alert(1)>\"'`{{7*7}}"
    small = Small(library, name=evil[:20])
    small.own_result()
    phone = Phone(make_app(small), small)
    page = phone.goes_in()
    assert "<img" not in page.text and "&lt;img src=x" in page.text
    phone.answers(phone.understands(), "refused", statement=f"</script><script>alert(1)</script>{evil}")
    assert "<img" not in phone.visits().text and "alert(1)" not in phone.visits().text
    wrong = phone.client.get(f"/notices/visit?lang={'%22%3E%3Cscript%3E'}")
    assert "<script>" not in wrong.text


@pytest.mark.parametrize(
    "strokes",
    [
        [[[float(1), 2, 3]]], [[[1, 2]]], [[["1", "2", "3"]]], [[[True, 1, 1]]], [[[-1, 0, 0]]], [[[10**30, 0, 0]]],
        [[[1, 1, 50], [2, 2, 40]]], [[]], {"0": 1}, "text", [[[0, 0, 0]]] * 201, 7,
    ],
    ids=str,
)  # fmt: skip
def test_attack_strokes_that_are_none(phone: Phone, strokes: object) -> None:
    phone.goes_in()
    assert why(phone.answers(phone.understands(), strokes=strokes)) == "bad_signature"


def test_attack_bodies_that_are_too_large(phone: Phone) -> None:
    form = phone.form(phone.goes_in())
    large = phone.sends("answer", form, outcome="refused", statement="x" * (LARGEST + 40_000))
    assert large.status_code == 413 and "收不下" in large.get_json()["error"]["title"]
    assert phone.sends("read", form, seconds=1, more="x" * 20_000).status_code == 413
    assert (
        phone.client.post(f"/notices/{phone.given.link()}/code", data={"form": "x" * 20_000}).status_code
        == 413
    )


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"form": 1}', b"[" * 9_000, b'{"form": NaN}'],
)
def test_attack_bodies_that_are_no_message(phone: Phone, body: bytes) -> None:
    phone.goes_in()
    for path in ("read", "checks", "answer"):
        response = phone.client.post(
            f"/notices/visit/{path}", data=body, content_type="application/json", headers=JSON
        )
        assert response.status_code in (400, 403), (path, body)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("read", {"seconds": -1}), ("read", {"seconds": "9"}), ("read", {"seconds": 10**12}), ("read", {"seconds": True}),
        ("read", {}), ("checks", {"answers": []}), ("checks", {"answers": {"own_share": 1}}),
        ("checks", {"answers": {str(each): "x" for each in range(21)}}), ("answer", {"outcome": "waived"}),
        ("answer", {"outcome": ["refused"], "shown": "", "consent": ""}), ("answer", {}),
        ("answer", {"outcome": "refused", "shown": "", "consent": "", "lines": "pension"}),
        ("answer", {"outcome": "refused", "shown": "", "consent": "", "lines": [{}]}),
        ("answer", {"outcome": "refused", "shown": "x" * 300, "consent": ""}),
        ("answer", {"outcome": "refused", "shown": "", "consent": "", "statement": None}),
    ],
    ids=str,
)  # fmt: skip
def test_attack_fields_that_are_none(phone: Phone, path: str, data: dict[str, Any]) -> None:
    phone.goes_in()
    assert phone.sends(path, **data).status_code == 400


def test_attack_a_form_without_its_token_or_from_another_site(phone: Phone, desk: Given) -> None:
    form = phone.form(phone.goes_in())
    visit = phone.understands()
    data = {
        "outcome": "refused",
        "shown": visit.content.sha256,
        "consent": CURRENT.sha256,
        "statement": "不签",
    }
    other = Phone(make_app(desk), desk)
    strange = other.form(other.opens(desk.another()))
    for wrong in (None, "", "0" * 64, strange, ["x"], 7):
        assert (
            phone.client.post("/notices/visit/answer", json={"form": wrong, **data}, headers=JSON).status_code
            == 403
        )
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        sent = phone.client.post("/notices/visit/answer", json={"form": form, **data}, headers=JSON | headers)
        assert sent.status_code == 403
    plain = phone.client.post("/notices/visit/answer", data={"form": form, **data}, headers=HERE)
    assert plain.status_code == 400, "another site can send a form, and no JSON"
    assert phone.client.post("/notices/visit/leave", data={}, headers=HERE).status_code == 403
    token = desk.link()
    phone.opens(token)
    for path in ("code", "enter"):
        assert (
            phone.client.post(f"/notices/{token}/{path}", data={"form": "0"}, headers=HERE).status_code == 403
        )
    assert "answered" not in desk.events()


def test_attack_the_pages_are_framed_kept_and_named_by_nobody(phone: Phone) -> None:
    link = phone.opens()
    for response in (link, phone.opens("nothing"), phone.goes_in(), phone.sends("read", seconds=1)):
        assert {name: response.headers[name] for name in HEADERS} == HEADERS
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    policy = link.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy and "unsafe-inline" not in policy
    assert link.headers["X-Frame-Options"] == "DENY" and link.headers["Referrer-Policy"] == "no-referrer"
    page = phone.visits().text
    assert phone.given.token not in page
    assert not re.search(r"<script>|<style| style=| on[a-z]+=\"|src=\"https?://", page)


@pytest.mark.parametrize("secure", [True, False])
def test_attack_cookies_are_for_this_page_alone(desk: Given, secure: bool) -> None:
    phone = Phone(make_app(desk), desk)
    base = "https://localhost" if secure else "http://localhost"
    headers = {"Origin": base}
    page = phone.client.get(f"/notices/{desk.token}", base_url=base)
    form = phone.form(page)
    phone.client.post(f"/notices/{desk.token}/code", data={"form": form}, headers=headers, base_url=base)
    data = {"form": form, "code": desk.code(), "id_tail": "002X"}
    entered = phone.client.post(f"/notices/{desk.token}/enter", data=data, headers=headers, base_url=base)
    set_cookies = page.headers.getlist("Set-Cookie") + entered.headers.getlist("Set-Cookie")
    assert len(set_cookies) == 2
    for cookie in set_cookies:
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/notices" in cookie
        assert ("Secure" in cookie) is secure
    assert "Max-Age" not in set_cookies[1], "the ticket goes with the browser"
    assert desk.token not in set_cookies[1]


@pytest.mark.parametrize(
    "token",
    [
        "x%0d%0aSet-Cookie:%20evil=1", "%0aLocation:%20https://evil.example", "..%2f..%2fetc", "a" * 5000, "%00", "💥",
        "' OR 1=1", "<script>", "{{7*7}}", "-",
    ],
)  # fmt: skip
def test_attack_header_injection_and_other_tokens(phone: Phone, token: str) -> None:
    for response in (
        phone.client.get(f"/notices/{token}"),
        phone.client.post(f"/notices/{token}/code", data={"form": "x"}, headers=HERE),
        phone.client.post(f"/notices/{token}/enter", data={"form": "x", "code": "123456"}, headers=HERE),
    ):
        assert response.status_code in (400, 403, 404)
        assert not any("evil" in value for _, value in response.headers)
        assert "<script>" not in response.text and "49" not in words(response)


def test_attack_who_tries_too_often_waits(small: Small) -> None:
    app = make_app(small)
    phone = Phone(app, small)
    form = phone.form(phone.opens())
    for _ in range(ACTS_A_MINUTE):
        phone.client.post("/notices/none/enter", data={"form": form}, headers=HERE)
    slower = phone.client.post(f"/notices/{small.token}/enter", data={"form": form}, headers=HERE)
    assert slower.status_code == 429 and 0 < int(slower.headers["Retry-After"]) <= 61


def test_attack_nothing_of_a_person_and_no_token_is_logged(
    desk: Given, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    phone = Phone(make_app(desk), desk)
    phone.goes_in()
    visit = phone.understands()
    phone.answers(visit, "refused", statement="药钱紧，低保也停了")

    def fail(*_: object) -> None:
        raise RuntimeError("阿丽 药钱紧")

    desk.desk.visit = fail  # type: ignore[assignment, method-assign]
    assert phone.visits().status_code == 500
    for secret in (desk.token, "阿丽", "药钱", "低保", "002X", "524.96"):
        assert secret not in caplog.text, secret
    assert "RuntimeError" in caplog.text
