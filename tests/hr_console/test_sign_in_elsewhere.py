"""Through the company's own sign-in: from our page to the provider's and back, in one browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import pytest
from fake_provider import AGENT, CLIENT, CORP, SECRET, FakeProvider, running_provider
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.console import make_console
from app.settings import Settings, SignIn
from app.web import create_app
from audit.events import SYSTEM
from people.accounts import Account
from policy_kb.library import Library
from storage.opening import Storage
from storage.tables import accounts

pytest_plugins = ["databases", "desk"]

Make = Callable[..., Flask]


@pytest.fixture
def there() -> Iterator[FakeProvider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def make(there: FakeProvider, desk_storage: Storage, library: Library) -> Make:
    """The application with a provider; settings can be changed by name."""
    openid = SignIn(
        kind="openid", name="公司账号", client_id=CLIENT, client_secret=SECRET, issuer=there.address
    )

    def make_app(**oidc: str) -> Flask:
        settings = Settings(oidc=replace(openid, **oidc))
        return create_app(settings, library, console=make_console(settings, desk_storage, library))

    return make_app


@pytest.fixture
def zhao(desk_storage: Storage) -> Account:
    account = desk_storage.accounts.add("zhaojing", "赵静", frozenset({"admin"}), state="active")
    desk_storage.accounts.allow_tie(account.id, SYSTEM)
    return account


def set_out(client: FlaskClient, page: str = "") -> str:
    """Presses the button; where the provider sends the browser back to, as a path of ours."""
    response = client.get("/hr/sign-in/provider", query_string={"next": page})
    assert response.status_code == 303
    back = urlsplit(httpx.get(response.headers["Location"]).headers["Location"])
    return f"{back.path}?{back.query}"


def come_back(client: FlaskClient, path: str) -> tuple[str, TestResponse]:
    """What the page goes on to, and the page. A browser holds its strict cookie back here."""
    client.delete_cookie("hr", path="/hr")
    response = client.get(path, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 200
    found = re.search(r'content="0; url=([^"]+)"', response.get_data(as_text=True))
    assert found is not None
    return found[1], response


def is_in(client: FlaskClient) -> bool:
    return client.get("/hr/me").status_code == 200


def test_a_button_stands_on_the_page_where_there_is_a_provider(make: Make, desk: Flask) -> None:
    page = make(name="企业微信").test_client().get("/hr/sign-in?next=/hr/me").get_data(as_text=True)
    assert "用企业微信登录" in page and 'href="/hr/sign-in/provider?next=/hr/me"' in page
    assert "/hr/sign-in/provider" not in desk.test_client().get("/hr/sign-in").get_data(as_text=True)


def test_a_trusted_provider_lets_in_at_once(make: Make, zhao: Account) -> None:
    client = make(second_factor="theirs").test_client()
    page, _ = come_back(client, set_out(client, "/hr/accounts?x=1"))
    assert page == "/hr/accounts?x=1" and is_in(client)
    client = make(second_factor="theirs").test_client()
    page, _ = come_back(client, set_out(client, "https://evil.example/"))
    assert page == "/hr/" and is_in(client)


def test_of_another_provider_the_code_is_asked_for_all_the_same(make: Make, zhao: Account) -> None:
    client = make().test_client()
    page, _ = come_back(client, set_out(client, "/hr/accounts"))
    assert page == "/hr/sign-in/second-factor" and not is_in(client)
    assert client.get(page).status_code == 200


def test_the_cookie_of_the_journey_is_its_own_and_lax(make: Make, zhao: Account) -> None:
    client = make(second_factor="theirs").test_client()
    response = client.get("/hr/sign-in/provider")
    (cookie,) = response.headers.getlist("Set-Cookie")
    flags = {part.strip() for part in cookie.split(";")[1:]} - {cookie.split("Expires=")[1].split(";")[0]}
    assert cookie.startswith("hr_journey=")
    assert {"HttpOnly", "Path=/hr/sign-in/provider", "SameSite=Lax", "Max-Age=600"} <= flags
    _, back = come_back(client, set_out(client))
    kept = {each.split("=")[0]: each for each in back.headers.getlist("Set-Cookie")}
    assert "SameSite=Strict" in kept["hr"] and "Max-Age=0" in kept["hr_journey"]


def test_a_stranger_gets_no_account(
    make: Make, zhao: Account, there: FakeProvider, desk_storage: Storage
) -> None:
    there.person = {"sub": "u-99", "preferred_username": "stranger"}
    client = make(second_factor="theirs").test_client()
    page, _ = come_back(client, set_out(client))
    assert page == "/hr/sign-in?told=unknown" and not is_in(client)
    assert "没有给你开通" in client.get(page).get_data(as_text=True)
    with desk_storage.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(accounts)).scalar_one() == 1


def test_without_an_admins_word_a_login_alone_opens_nothing(
    make: Make, zhao: Account, desk_storage: Storage
) -> None:
    desk_storage.accounts.untie(zhao.id, SYSTEM, "还没准许")
    client = make(second_factor="theirs").test_client()
    assert come_back(client, set_out(client))[0] == "/hr/sign-in?told=unknown"


def failed(client: FlaskClient, path: str) -> bool:
    page, response = come_back(client, path)
    started = [each for each in response.headers.getlist("Set-Cookie") if each.startswith("hr=")]
    return page == "/hr/sign-in?told=failed" and not started and not is_in(client)


def test_whoever_comes_back_twice_is_let_in_once(make: Make, zhao: Account) -> None:
    client = make(second_factor="theirs").test_client()
    path = set_out(client)
    cookie = client.get_cookie("hr_journey", path="/hr/sign-in/provider")
    assert cookie is not None
    assert come_back(client, path)[0] == "/hr/"
    client.set_cookie("hr_journey", cookie.value, path="/hr/sign-in/provider")
    assert failed(client, path)


def test_whoever_did_not_set_out_does_not_arrive(make: Make, zhao: Account) -> None:
    """A link to come back with, slipped to somebody else: they are not signed in as another."""
    app = make(second_factor="theirs")
    theirs, mine = app.test_client(), app.test_client()
    path = set_out(theirs)
    assert failed(mine, path)
    set_out(mine)
    assert failed(mine, path), "another journey's state"


def test_a_journey_that_takes_too_long_is_over(
    make: Make, zhao: Account, clock: Callable[[], object]
) -> None:
    client = make(second_factor="theirs").test_client()
    path = set_out(client)
    clock.move(minutes=10)  # type: ignore[attr-defined]
    assert failed(client, path)


def test_a_token_that_does_not_hold_lets_nobody_in(
    make: Make, zhao: Account, there: FakeProvider, caplog: pytest.LogCaptureFixture
) -> None:
    there.lie = lambda claims: claims.update(aud="another")
    client = make(second_factor="theirs").test_client()
    assert failed(client, set_out(client))
    (told,) = [each for each in caplog.records if each.name == "shebao.console"]
    assert told.getMessage() == "sign-in elsewhere: the token: InvalidClaimError"


def test_a_provider_that_is_not_there_is_told_on_our_page(make: Make, zhao: Account) -> None:
    client = make(issuer="http://127.0.0.1:9").test_client()
    response = client.get("/hr/sign-in/provider")
    assert response.headers["Location"] == "/hr/sign-in?told=failed"


def test_by_wecoms_scan(make: Make, zhao: Account, there: FakeProvider) -> None:
    app = make(
        kind="wecom", name="企业微信", client_id=CORP, agent_id=AGENT, second_factor="theirs",
        authorize_url=f"{there.address}/wwlogin/sso/login", token_url=there.address,
    )  # fmt: skip
    client = app.test_client()
    assert come_back(client, set_out(client))[0] == "/hr/" and is_in(client)
    there.member = {"userid": "laoqian"}
    other = app.test_client()
    assert come_back(other, set_out(other))[0] == "/hr/sign-in?told=unknown"


def test_an_admin_allows_and_ends_it(make: Make, zhao: Account, desk_storage: Storage) -> None:
    app = make(second_factor="theirs")
    client = app.test_client()
    come_back(client, set_out(client))
    page = client.get(f"/hr/accounts/{zhao.id}").get_data(as_text=True)
    assert "不再准许用公司账号登录" in page and "已经对上了" in page
    desk_storage.accounts.untie(zhao.id, SYSTEM, "离职")
    assert not is_in(client)
