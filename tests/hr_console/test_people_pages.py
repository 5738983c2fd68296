"""People and roles, as an admin keeps them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from desk import Colleague
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from people.accounts import PRESET_OF_TWO
from people.signing_in import NotAdmitted
from storage.opening import Storage
from storage.tables import audit_events

pytest_plugins = ["databases", "desk"]

QIAN = {"login": "LaoQian", "name": "老钱", "mail": "", "roles": ["auditor"]}


@pytest.fixture
def admin(colleague: Callable[..., Colleague]) -> Colleague:
    return colleague("赵静", "admin")


def text(response: TestResponse) -> str:
    return html.unescape(response.get_data(as_text=True))


def link_on(response: TestResponse) -> str:
    found = re.search(r'id="link" value="http://127\.0\.0\.1:8000(/hr/invitation/[\w-]+)"', text(response))
    assert found is not None, text(response)
    return found[1]


def acts(storage: Storage) -> list[str]:
    with storage.database.read() as connection:
        return list(connection.execute(select(audit_events.c.act).order_by(audit_events.c.seq)).scalars())


def test_somebody_is_added_and_the_link_is_shown_once(
    admin: Colleague, desk: Flask, desk_storage: Storage
) -> None:
    link = link_on(admin.sends("/hr/accounts", 200, page="/hr/me", **QIAN))
    assert "老钱" in desk.test_client().get(link).get_data(as_text=True)
    qian = desk_storage.accounts.by_login("laoqian")
    assert qian is not None and qian.roles == {"auditor"} and qian.state == "invited"
    for path in ("/hr/accounts", f"/hr/accounts/{qian.id}"):
        page = text(admin.opens(path))
        assert "老钱" in page and "等着接受邀请" in page and link not in page
    assert acts(desk_storage) == ["account_added"]


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("login", "老 钱", "login-error"),
        ("login", "赵静@example.test", "login-error"),
        ("name", " ", "name-error"),
        ("mail", "laoqian", "mail-error"),
        ("roles", [], "roles-error"),
        ("roles", ["owner"], "roles-error"),
    ],
)
def test_what_is_wrong_is_said_beside_it_and_nothing_is_lost(
    admin: Colleague, desk_storage: Storage, field: str, value: object, error: str
) -> None:
    sent = QIAN | {"mail": "qian@example.test", field: value}
    page = text(admin.sends("/hr/accounts", 400, page="/hr/me", **sent))
    assert f'id="{error}"' in page
    for name in {"login", "name", "mail"} - {field}:
        assert f'value="{sent[name]}"' in page
    if field != "roles":
        assert 'value="auditor" checked' in page
    assert len(desk_storage.accounts.all()) == 1


@pytest.mark.parametrize(("preset", "roles"), [("first", PRESET_OF_TWO[0]), ("second", PRESET_OF_TWO[1])])
def test_the_roles_of_two_people_are_filled_in(admin: Colleague, preset: str, roles: frozenset[str]) -> None:
    page = text(admin.opens(f"/hr/accounts/new?set={preset}"))
    assert set(re.findall(r'name="roles" value="(\w+)" checked', page)) == roles


def test_a_role_that_is_taken_away_needs_a_reason(
    admin: Colleague, colleague: Callable[..., Colleague], desk_storage: Storage
) -> None:
    qian = colleague("老钱", "auditor", "agent")
    path = f"/hr/accounts/{qian.account.id}"
    page = text(admin.sends(f"{path}/roles", 400, page="/hr/me", roles=["auditor"]))
    assert 'id="reason-error"' in page and 'value="agent" checked' not in page
    qian.opens("/hr/me")
    admin.sends(f"{path}/roles", page="/hr/me", roles=["auditor"], reason="换岗")
    qian.opens("/hr/me", 303)
    found = desk_storage.accounts.get(qian.account.id)
    assert found is not None and found.roles == {"auditor"}
    assert acts(desk_storage) == ["roles_changed"]


def test_a_role_is_added_without_a_reason(admin: Colleague, colleague: Callable[..., Colleague]) -> None:
    qian = colleague("老钱", "auditor")
    admin.sends(f"/hr/accounts/{qian.account.id}/roles", page="/hr/me", roles=["auditor", "agent"])


def test_an_only_admin_takes_more_roles_and_stays_signed_in(admin: Colleague) -> None:
    path = f"/hr/accounts/{admin.account.id}/roles"
    admin.sends(path, page="/hr/me", roles=["admin", "policy_editor"])
    admin.opens("/hr/me")
    page = text(admin.sends(path, 400, page="/hr/me", roles=["agent"], reason="不管了"))
    assert "最后一个管理员" in page


def test_of_two_admins_neither_gives_themselves_a_role(
    admin: Colleague, colleague: Callable[..., Colleague]
) -> None:
    colleague("老钱", "admin")
    path = f"/hr/accounts/{admin.account.id}/roles"
    page = text(admin.sends(path, 400, page="/hr/me", roles=["admin", "dibao_officer"]))
    assert "另一位管理员" in page


@pytest.mark.parametrize("act", ["close", "invite", "second-factor", "untie"])
def test_what_takes_something_away_needs_a_reason(
    admin: Colleague, colleague: Callable[..., Colleague], desk_storage: Storage, act: str
) -> None:
    qian = colleague("老钱", "auditor")
    path = f"/hr/accounts/{qian.account.id}/{act}"
    admin.sends(path, 400, page="/hr/me")
    admin.sends(path, 400, page="/hr/me", reason="长" * 301)
    qian.opens("/hr/me")
    assert acts(desk_storage) == []
    admin.sends(path, 200 if act == "invite" else 303, page="/hr/me", reason="换了手机")
    qian.opens("/hr/me", 303)
    assert len(acts(desk_storage)) == 1


def test_somebody_leaves_and_comes_back(
    admin: Colleague, colleague: Callable[..., Colleague], desk: Flask
) -> None:
    qian = colleague("老钱", "auditor")
    path = f"/hr/accounts/{qian.account.id}"
    admin.sends(f"{path}/close", page="/hr/me", reason="离职")
    assert "停用" in text(admin.opens(path))
    admin.sends(f"{path}/close", 400, page="/hr/me", reason="再停一次")
    link = link_on(admin.sends(f"{path}/reopen", 200, page="/hr/me"))
    assert desk.test_client().get(link).status_code == 200


def test_a_locked_account_is_seen_and_unlocked(
    admin: Colleague, colleague: Callable[..., Colleague], desk_storage: Storage
) -> None:
    qian = colleague("老钱", "auditor")
    for _ in range(5):
        with pytest.raises(NotAdmitted):
            desk_storage.credentials.check_password(qian.account.login, "不对", "192.0.2.1")
    path = f"/hr/accounts/{qian.account.id}"
    assert "锁住了" in text(admin.opens("/hr/accounts")) and "锁住了" in text(admin.opens(path))
    admin.sends(f"{path}/unlock", page="/hr/me")
    assert "锁住了" not in text(admin.opens(path))


def test_a_name_and_a_mail_address_change(admin: Colleague, colleague: Callable[..., Colleague]) -> None:
    qian = colleague("老钱", "auditor")
    path = f"/hr/accounts/{qian.account.id}"
    page = text(admin.sends(f"{path}/person", 400, page="/hr/me", name="钱大有", mail="x"))
    assert 'value="钱大有"' in page and 'id="mail-error"' in page
    admin.sends(f"{path}/person", page="/hr/me", name="钱大有", mail="qian@example.test")
    assert "qian@example.test" in text(admin.opens(path))


def test_what_there_is_not_is_not_found(admin: Colleague) -> None:
    nobody = "5a1e0000-0000-4000-8000-000000000001"
    admin.opens(f"/hr/accounts/{nobody}", 404)
    admin.opens("/hr/accounts/x", 404)
    admin.sends(f"/hr/accounts/{nobody}/close", 404, page="/hr/me", reason="x")
    admin.sends(f"/hr/accounts/{admin.account.id}/promote", 404, page="/hr/me")


def test_every_role_is_explained_where_it_is_given(admin: Colleague) -> None:
    page = text(admin.opens("/hr/accounts/new"))
    assert page.count('name="roles"') == 6 and "看不到谁家有低保" in page
