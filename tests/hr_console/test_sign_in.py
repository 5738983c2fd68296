"""Signing in as people of HR do it: by invitation, with password and phone; and what does not let anybody in."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from databases import Clock
from desk import TOKEN_OF_THE_FORM, Colleague
from flask import Flask
from flask.testing import FlaskClient
from pyotp import TOTP
from sqlalchemy import select
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from app.console import make_console
from app.settings import Server, Settings
from app.web import create_app
from audit.events import SYSTEM
from hr_console.sign_in import safe_page
from notices.answering import HR_DEVICE
from people.accounts import Account
from policy_kb.library import Library
from storage.opening import Storage
from storage.tables import audit_events

pytest_plugins = ["databases", "desk"]

PASSWORD = "小河边 三只鸭子 下雨了"
OTHER = "院子里 两棵枣树 都红了"


class Browser:
    """A browser that nobody has signed in with yet."""

    def __init__(self, app: Flask, **options: object) -> None:
        self.client: FlaskClient = app.test_client()

    def opens(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=headers)

    def sends(self, path: str, page: str = "", **fields: object) -> TestResponse:
        text = self.client.get(page or path).get_data(as_text=True)
        found = TOKEN_OF_THE_FORM.search(text)
        assert found is not None, text[:1000]
        return self.client.post(path, data={**fields, "csrf_token": found[1]})

    def signs_in(self, login: str = "zhaojing", password: str = PASSWORD, **fields: object) -> TestResponse:
        return self.sends("/hr/sign-in", login=login, password=password, **fields)

    def is_in(self) -> bool:
        return self.client.get("/hr/me").status_code == 200

    def cookie(self) -> str:
        cookie = self.client.get_cookie("hr", path="/hr")
        return "" if cookie is None else cookie.value


@pytest.fixture
def browser(desk: Flask) -> Browser:
    return Browser(desk)


@pytest.fixture
def zhao(desk_storage: Storage) -> Account:
    return desk_storage.accounts.add(
        "zhaojing", "赵静", frozenset({"admin"}), state="active", password=PASSWORD
    )


@pytest.fixture
def phone(desk_storage: Storage, zhao: Account, clock: Clock) -> Callable[[], str]:
    """赵静's phone: the code that it shows now, a new one each time."""
    session = desk_storage.sessions.find(desk_storage.sessions.begin(zhao.id))
    assert session is not None
    totp = TOTP(desk_storage.credentials.planned_secret(session))
    assert desk_storage.credentials.set_second_factor(session, totp.at(clock()))

    def shows() -> str:
        clock.move(seconds=30)
        return totp.at(clock())

    return shows


def text(response: TestResponse) -> str:
    return response.get_data(as_text=True)


def acts(storage: Storage) -> list[str]:
    with storage.database.read() as connection:
        return list(connection.execute(select(audit_events.c.act).order_by(audit_events.c.seq)).scalars())


def secret_on(page: TestResponse) -> TOTP:
    found = re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', text(page))
    assert found is not None
    return TOTP(found[1].replace(" ", ""))


def test_from_the_invitation_to_the_first_page(browser: Browser, desk_storage: Storage, clock: Clock) -> None:
    _, token = desk_storage.accounts.invite_new("laoqian", "老钱", "", frozenset({"admin"}), SYSTEM)
    link = f"/hr/invitation/{token}"
    assert "老钱" in text(browser.opens(link))
    weak = browser.sends(link, new="laoqian2026!", again="laoqian2026!")
    assert weak.status_code == 400 and "名字或登录名" in text(weak)
    unlike = browser.sends(link, new=PASSWORD, again=OTHER)
    assert unlike.status_code == 400 and "不一样" in text(unlike)
    assert (
        browser.sends(link, new=PASSWORD, again=PASSWORD).headers["Location"] == "/hr/sign-in/second-factor"
    )
    assert not browser.is_in()
    page = browser.opens("/hr/sign-in/second-factor")
    assert 'src="data:image/svg+xml' in text(page)
    wrong = browser.sends("/hr/sign-in/second-factor", code="000000")
    assert wrong.status_code == 400 and secret_on(wrong).secret == secret_on(page).secret
    totp = secret_on(page)
    assert browser.sends("/hr/sign-in/second-factor", code=totp.at(clock())).status_code == 303
    assert browser.is_in()
    assert browser.opens(link).status_code == 410
    clock.move(seconds=60)
    again = Browser(browser.client.application)
    assert again.signs_in("laoqian").headers["Location"] == "/hr/sign-in/code"
    assert again.sends("/hr/sign-in/code", code=totp.at(clock())).headers["Location"] == "/hr/"
    assert again.is_in()
    assert acts(desk_storage) == [
        "account_added",
        "account_joined",
        "second_factor_set",
        "sign_in",
        "sign_in",
    ]


def test_the_password_alone_opens_nothing(browser: Browser, phone: Callable[[], str]) -> None:
    assert browser.signs_in().headers["Location"] == "/hr/sign-in/code"
    for path in ("/hr/", "/hr/me", "/hr/accounts"):
        assert browser.opens(path).headers["Location"].startswith("/hr/sign-in")
    # Whoever only has the password cannot put another phone in the place of hers.
    assert browser.opens("/hr/sign-in/second-factor").headers["Location"] == "/hr/sign-in/code"
    sent = browser.sends("/hr/sign-in/second-factor", page="/hr/sign-in/code", code=phone())
    assert sent.headers["Location"] == "/hr/sign-in/code" and not browser.is_in()


def test_a_code_lets_in_once(browser: Browser, desk: Flask, phone: Callable[[], str]) -> None:
    browser.signs_in()
    code = phone()
    assert browser.sends("/hr/sign-in/code", code=code).status_code == 303
    second = Browser(desk)
    second.signs_in()
    refused = second.sends("/hr/sign-in/code", code=code)
    assert refused.status_code == 400 and "已经用过" in text(refused)
    assert not second.is_in()


def test_wrong_codes_close_the_door_for_a_while(browser: Browser, phone: Callable[[], str]) -> None:
    browser.signs_in()
    for _ in range(5):
        last = browser.sends("/hr/sign-in/code", code="000000")
    assert last.status_code == 429 and "1 分钟后再试" in text(last)
    assert browser.sends("/hr/sign-in/code", code=phone()).status_code == 429
    phone()
    phone()
    assert browser.sends("/hr/sign-in/code", code=phone()).status_code == 303


@pytest.mark.parametrize("login", ["zhaojing", "nobody"])
def test_what_is_said_does_not_tell_who_exists(browser: Browser, zhao: Account, login: str) -> None:
    said = [
        (response.status_code, re.search(r'role="alert"[^>]*>([^<]+)', text(response))[1])  # type: ignore[index]
        for response in [browser.signs_in(login, "不对") for _ in range(7)]
    ]
    wait = (429, "试错太多了，1 分钟后再试；着急的话请管理员解锁。")
    assert said == [(400, "登录名或密码不对。")] * 4 + [wait] * 3


def test_what_was_typed_stays_but_for_the_password(browser: Browser, zhao: Account) -> None:
    page = text(browser.signs_in(password="不对的密码啊啊啊"))
    assert 'value="zhaojing"' in page and "不对的密码" not in page


def test_a_session_gets_a_cookie_of_its_own_at_each_step(browser: Browser, phone: Callable[[], str]) -> None:
    """Whoever slipped somebody a cookie beforehand does not get in with it."""
    browser.opens("/hr/sign-in")
    before = browser.cookie()
    browser.signs_in()
    half = browser.cookie()
    browser.sends("/hr/sign-in/code", code=phone())
    whole = browser.cookie()
    assert len({before, half, whole}) == 3
    for old in (before, half):
        stranger = Browser(browser.client.application)
        stranger.client.set_cookie("hr", old, path="/hr")
        assert not stranger.is_in()


def test_signing_out_ends_the_session_on_the_server(browser: Browser, phone: Callable[[], str]) -> None:
    browser.signs_in()
    browser.sends("/hr/sign-in/code", code=phone())
    kept = browser.cookie()
    assert browser.sends("/hr/sign-out", page="/hr/me").headers["Location"] == "/hr/sign-in?told=out"
    browser.client.set_cookie("hr", kept, path="/hr")
    assert not browser.is_in()


def test_after_two_idle_hours_one_signs_in_again_and_goes_on_where_one_was(
    browser: Browser, phone: Callable[[], str], clock: Clock
) -> None:
    browser.signs_in()
    browser.sends("/hr/sign-in/code", code=phone())
    clock.move(hours=2)
    sent = browser.opens("/hr/accounts?x=1")
    assert sent.headers["Location"] == "/hr/sign-in?next=/hr/accounts?x%3D1"
    page = text(browser.opens(sent.headers["Location"]))
    assert 'name="next" value="/hr/accounts?x=1"' in page
    browser.signs_in(next="/hr/accounts?x=1")
    assert browser.sends("/hr/sign-in/code", code=phone()).headers["Location"] == "/hr/accounts?x=1"


ELSEWHERE = (
    "https://evil.example/", "//evil.example/", "/\\evil.example", "/hr//../\\evil", "javascript:alert(1)",
    "/hr/\t//evil.example", "/hr\n/x", "/chat", "http:/hr/", "/hr", "\\hr\\", "/hr/" + "x" * 500,
)  # fmt: skip


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_no_link_leads_elsewhere_through_the_door(
    browser: Browser, phone: Callable[[], str], elsewhere: str
) -> None:
    assert safe_page(elsewhere) == ""
    page = browser.client.get("/hr/sign-in", query_string={"next": elsewhere})
    assert 'name="next" value=""' in text(page)
    browser.signs_in(next=elsewhere)
    assert browser.sends("/hr/sign-in/code", code=phone()).headers["Location"] == "/hr/"


def test_a_link_in_a_mail_does_not_sign_anybody_out(browser: Browser, phone: Callable[[], str]) -> None:
    """The browser holds the strict cookie back when a link on another site is followed."""
    browser.signs_in()
    browser.sends("/hr/sign-in/code", code=phone())
    stranger = Browser(browser.client.application)  # her own browser, without the cookie
    for path in ("/hr/accounts?x=1", "/hr/sign-in"):
        page = stranger.opens(path, **{"Sec-Fetch-Site": "cross-site"})
        assert f'content="0; url={path}"' in text(page)
        assert "Set-Cookie" not in page.headers


def test_the_cookie_is_strict(desk_storage: Storage, library: Library, zhao: Account) -> None:
    settings = Settings(server=Server(public_url="https://hr.example"))
    app = create_app(settings, library, console=make_console(settings, desk_storage, library))
    response = app.test_client().get("/hr/sign-in", base_url="https://hr.example/")
    (cookie,) = response.headers.getlist("Set-Cookie")
    flags = {part.strip() for part in cookie.split(";")[1:]}
    assert cookie.startswith("hr=") and flags == {"Secure", "HttpOnly", "Path=/hr", "SameSite=Strict"}


def test_over_plain_http_the_cookie_is_strict_too(browser: Browser) -> None:
    (cookie,) = browser.opens("/hr/sign-in").headers.getlist("Set-Cookie")
    assert {part.strip() for part in cookie.split(";")[1:]} == {"HttpOnly", "Path=/hr", "SameSite=Strict"}


def test_in_the_demo_the_password_is_enough_and_nowhere_else(
    desk_storage: Storage, library: Library, zhao: Account
) -> None:
    demo = create_app(Settings(), library, console=make_console(Settings(), desk_storage, library, demo=True))
    browser = Browser(demo)
    assert browser.signs_in().headers["Location"] == "/hr/"
    assert browser.is_in()
    real = create_app(Settings(), library, console=make_console(Settings(), desk_storage, library))
    other = Browser(real)
    other.client.set_cookie("hr", browser.cookie(), path="/hr")
    assert not other.is_in()


def test_in_the_demo_a_second_factor_is_asked_for_where_there_is_one(
    desk_storage: Storage, library: Library, phone: Callable[[], str]
) -> None:
    demo = create_app(Settings(), library, console=make_console(Settings(), desk_storage, library, demo=True))
    assert Browser(demo).signs_in().headers["Location"] == "/hr/sign-in/code"


@pytest.mark.parametrize("demo", [True, False])
def test_only_the_demo_is_framed_and_only_by_its_phones(
    desk_storage: Storage, library: Library, demo: bool
) -> None:
    def sent(framed_by: str) -> Headers:
        console = make_console(Settings(), desk_storage, library, demo=demo, framed_by=framed_by)
        return create_app(Settings(), library, console=console).test_client().get("/hr/sign-in").headers

    assert sent("")["Content-Security-Policy"].endswith("frame-ancestors 'none'")
    assert sent("")["X-Frame-Options"] == "DENY"
    phones = "http://127.0.0.1:8001"
    framed = sent(phones)
    allowed = phones if demo else "'none'"
    assert framed["Content-Security-Policy"].endswith(f"frame-ancestors {allowed}")
    assert ("X-Frame-Options" in framed) is not demo


# -- one's own account ----------------------------------------------------------------------------------------------------


def test_changing_the_password_ends_the_other_sessions(
    colleague: Callable[..., Colleague], desk: Flask, desk_storage: Storage
) -> None:
    zhao = colleague("赵静", "agent")
    with pytest.raises(AssertionError):
        zhao.opens("/hr/me", 404)
    page = zhao.opens("/hr/me").get_data(as_text=True)
    assert "请管理员给你发邀请" in page, "whoever has no password cannot change one"
    token = desk_storage.accounts.invite(zhao.account.id, SYSTEM, "")
    desk_storage.invitations.accept(token, PASSWORD)
    here, there = Colleague(desk, desk_storage, zhao.account), Colleague(desk, desk_storage, zhao.account)
    wrong = here.sends("/hr/me/password", 400, page="/hr/me", old="不对", new=OTHER, again=OTHER)
    assert "现在的密码不对" in wrong.get_data(as_text=True)
    here.sends("/hr/me/password", 400, page="/hr/me", old=PASSWORD, new="短", again="短")
    here.sends("/hr/me/password", page="/hr/me", old=PASSWORD, new=OTHER, again=OTHER)
    assert "密码改好了" in here.opens("/hr/me").get_data(as_text=True)
    there.opens("/hr/me", 303)


def test_moving_to_another_phone_needs_the_old_one(
    desk: Flask, desk_storage: Storage, zhao: Account, phone: Callable[[], str], clock: Clock
) -> None:
    here = Colleague(desk, desk_storage, zhao)
    new = secret_on(here.opens("/hr/me/second-factor"))
    page = here.sends("/hr/me/second-factor", 400, page="/hr/me", present="000000", code=new.at(clock()))
    assert 'id="present-error"' in page.get_data(as_text=True)
    present = phone()
    page = here.sends("/hr/me/second-factor", 400, page="/hr/me", present=present, code="000000")
    assert 'id="code-error"' in page.get_data(as_text=True)
    here.sends("/hr/me/second-factor", page="/hr/me", present=present, code=new.at(clock()))
    clock.move(seconds=60)
    desk_storage.credentials.check_code(zhao.id, new.at(clock()))


def test_signing_out_elsewhere(desk: Flask, desk_storage: Storage, zhao: Account) -> None:
    here, there = (Colleague(desk, desk_storage, zhao) for _ in range(2))
    assert here.opens("/hr/me").get_data(as_text=True).count("最近用过") == 2
    here.sends("/hr/me/sessions", page="/hr/me")
    assert "别处的登录都退出了" in here.opens("/hr/me").get_data(as_text=True)
    there.opens("/hr/me", 303)


def test_a_language_goes_with_its_owner(desk: Flask, desk_storage: Storage, zhao: Account) -> None:
    here = Colleague(desk, desk_storage, zhao)
    here.sends("/hr/me/language", page="/hr/me", language="en")
    assert '<html lang="en">' in here.opens("/hr/me").get_data(as_text=True)
    here.sends("/hr/me/language", page="/hr/me", language="xx")
    found = desk_storage.accounts.get(zhao.id)
    assert found is not None and found.language == ""


def test_a_browser_that_hr_signed_in_with_is_known_to_the_notices_alone(
    browser: Browser, zhao: Account, phone: Callable[[], str]
) -> None:
    half_way = browser.signs_in()
    assert not [each for each in half_way.headers.getlist("Set-Cookie") if HR_DEVICE in each], "not in yet"
    signed_in = browser.sends("/hr/sign-in/code", code=phone())
    (cookie,) = (each for each in signed_in.headers.getlist("Set-Cookie") if each.startswith(HR_DEVICE))
    assert "Path=/notices;" in cookie and "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert f"Max-Age={400 * 24 * 60 * 60}" in cookie
    word = browser.client.get_cookie(HR_DEVICE, path="/notices")
    assert word is not None and len(word.value) >= 32
    browser.sends("/hr/sign-out", page="/hr/me")
    assert browser.client.get_cookie(HR_DEVICE, path="/notices") is not None, "signing out changes no device"


def test_in_the_demo_one_browser_plays_both_sides(
    desk_storage: Storage, library: Library, zhao: Account
) -> None:
    app = create_app(Settings(), library, console=make_console(Settings(), desk_storage, library, demo=True))
    browser = Browser(app)
    assert browser.signs_in().status_code == 303 and browser.is_in()
    assert browser.client.get_cookie(HR_DEVICE, path="/notices") is None
