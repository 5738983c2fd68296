"""Accounts as admins keep them: invited, changed, closed; never without somebody who can let others in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from databases import Clock
from sqlalchemy import select
from talking import together

from audit.events import SYSTEM
from audit.events import account as ref
from people.accounts import Account, Refused, Role
from storage.opening import Storage
from storage.tables import accounts, audit_events

pytest_plugins = ["databases"]

PASSWORD = "小河边 三只鸭子 下雨了"


def person(storage: Storage, login: str, *roles: Role) -> Account:
    return storage.accounts.add(login, f"叫{login}", frozenset(roles), state="active", password=PASSWORD)


def acts(storage: Storage) -> list[tuple[str, str]]:
    query = select(audit_events.c.act, audit_events.c.actor).order_by(audit_events.c.seq)
    with storage.database.read() as connection:
        return [(row.act, row.actor) for row in connection.execute(query)]


def test_an_account_comes_back_whole(storage: Storage) -> None:
    zhao = storage.accounts.add(
        "zhaojing", "赵静", frozenset({"agent", "admin"}), "zhao@example.test", "active", PASSWORD
    )
    assert storage.accounts.get(zhao.id) == storage.accounts.by_login(" ZhaoJing ") == zhao
    assert storage.accounts.all() == (zhao,)
    assert storage.accounts.by_login("nobody") is None and storage.accounts.standing("no id") is None


def test_nothing_personal_is_readable_in_the_row(storage: Storage) -> None:
    storage.accounts.add("zhaojing", "赵静", frozenset({"agent"}), "zhao@example.test", password=PASSWORD)
    with storage.database.read() as connection:
        row = connection.execute(select(accounts)).one()
    for personal in ("zhaojing", "赵静", "zhao@example.test", PASSWORD):
        assert personal.encode() not in repr(tuple(row)).encode()


def test_a_login_is_somebodys_alone_however_it_is_typed(storage: Storage) -> None:
    person(storage, "zhaojing", "agent")
    with pytest.raises(Refused, match="login_taken"):
        storage.accounts.invite_new("ZHAOJING", "别人", "", frozenset({"agent"}), SYSTEM)
    assert len(storage.accounts.all()) == 1 and acts(storage) == []


def test_an_invitation_lets_in_once(storage: Storage, clock: Clock) -> None:
    admin = person(storage, "admin", "admin")
    qian, token = storage.accounts.invite_new("laoqian", "老钱", "", frozenset({"auditor"}), ref(admin.id))
    assert qian.state == "invited" and not qian.permissions
    clock.move(hours=71)
    assert storage.invitations.invited(token) == qian
    joined = storage.invitations.accept(token, PASSWORD)
    assert joined is not None and joined.state == "active" and joined.may("audit")
    assert storage.invitations.accept(token, "另一个人 想用 同一个链接") is None
    assert storage.invitations.invited(token) is None
    assert storage.credentials.check_password("laoqian", PASSWORD, "192.0.2.1") == joined
    assert acts(storage) == [("account_added", ref(admin.id)), ("account_joined", ref(qian.id))]


def test_an_invitation_is_over_after_three_days(storage: Storage, clock: Clock) -> None:
    _, token = storage.accounts.invite_new("laoqian", "老钱", "", frozenset({"auditor"}), SYSTEM)
    clock.move(hours=72)
    assert storage.invitations.invited(token) is None
    assert storage.invitations.accept(token, PASSWORD) is None


def test_one_link_used_twice_at_once_lets_in_once(storage: Storage) -> None:
    _, token = storage.accounts.invite_new("laoqian", "老钱", "", frozenset({"auditor"}), SYSTEM)
    got = together([lambda: storage.invitations.accept(token, PASSWORD)] * 4)
    assert sum(each is not None for each in got) == 1


def test_a_new_invitation_ends_password_sessions_and_the_link_before(storage: Storage) -> None:
    admin, qian = person(storage, "admin", "admin"), person(storage, "laoqian", "auditor")
    session = storage.sessions.begin(qian.id)
    first = storage.accounts.invite(qian.id, ref(admin.id), "忘了密码")
    second = storage.accounts.invite(qian.id, ref(admin.id), "链接丢了")
    assert storage.sessions.find(session) is None
    assert storage.invitations.invited(first) is None and storage.invitations.invited(second) is not None
    with pytest.raises(Exception, match="wrong"):
        storage.credentials.check_password("laoqian", PASSWORD, "192.0.2.1")


CHANGES: dict[str, Callable[[Storage, str, str], object]] = {
    "close": lambda storage, id, by: storage.accounts.close(id, by, "离职"),
    "roles": lambda storage, id, by: storage.accounts.change_roles(id, frozenset({"agent"}), by, "换岗"),
    "invite": lambda storage, id, by: storage.accounts.invite(id, by, "忘了密码"),
    "second factor": lambda storage, id, by: storage.accounts.reset_second_factor(id, by, "换手机"),
    "untie": lambda storage, id, by: storage.accounts.untie(id, by, "换公司"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_takes_something_away_ends_the_sessions(storage: Storage, change: str) -> None:
    admin, qian = person(storage, "admin", "admin"), person(storage, "laoqian", "admin", "auditor")
    tokens = [storage.sessions.begin(qian.id), storage.sessions.begin(qian.id, "password")]
    mine = storage.sessions.begin(admin.id)
    CHANGES[change](storage, qian.id, ref(admin.id))
    assert [storage.sessions.find(token) for token in tokens] == [None, None]
    assert storage.sessions.half_way(tokens[1]) is None
    assert storage.sessions.find(mine) is not None


@pytest.mark.parametrize("change", ["close", "roles", "invite"])
def test_the_last_admin_stays_one(storage: Storage, change: str) -> None:
    admin = person(storage, "admin", "admin", "agent")
    storage.accounts.invite_new("another", "还没来的", "", frozenset({"admin"}), ref(admin.id))
    with pytest.raises(Refused, match="last_admin"):
        CHANGES[change](storage, admin.id, ref(admin.id))
    assert storage.accounts.get(admin.id) == admin


def test_two_admins_who_close_each_other_at_once_leave_one(storage: Storage) -> None:
    one, two = person(storage, "one", "admin"), person(storage, "two", "admin")

    def close(closed: Account, by: Account) -> str:
        try:
            storage.accounts.close(closed.id, ref(by.id), "争起来了")
        except Refused as refused:
            return refused.code
        return "closed"

    got = together([lambda: close(one, two), lambda: close(two, one)])
    assert sorted(got) == ["closed", "last_admin"]


def test_from_the_terminal_the_last_admin_is_let_in_again(storage: Storage) -> None:
    admin = person(storage, "admin", "admin")
    token = storage.accounts.invite(admin.id, SYSTEM, "终端")
    assert storage.invitations.accept(token, PASSWORD) is not None


def test_nobody_gives_themselves_a_role_while_another_admin_can(storage: Storage) -> None:
    zhao, qian = person(storage, "zhaojing", "admin"), person(storage, "laoqian", "admin")
    more = frozenset[Role]({"admin", "dibao_officer"})
    with pytest.raises(Refused, match="own_roles"):
        storage.accounts.change_roles(zhao.id, more, ref(zhao.id), "")
    storage.accounts.change_roles(zhao.id, more, ref(qian.id), "")
    storage.accounts.change_roles(zhao.id, frozenset({"admin"}), ref(zhao.id), "不用看了")
    storage.accounts.close(qian.id, ref(zhao.id), "离职")
    storage.accounts.change_roles(zhao.id, more, ref(zhao.id), "")  # nobody else is there to do it


def test_a_closed_account_comes_back_by_a_new_invitation_alone(storage: Storage) -> None:
    admin, qian = person(storage, "admin", "admin"), person(storage, "laoqian", "auditor")
    storage.accounts.close(qian.id, ref(admin.id), "离职")
    with pytest.raises(Refused, match="no_account"):
        storage.accounts.invite(qian.id, ref(admin.id), "")
    token = storage.accounts.reopen(qian.id, ref(admin.id))
    with pytest.raises(Exception, match="wrong"):
        storage.credentials.check_password("laoqian", PASSWORD, "192.0.2.1")
    joined = storage.invitations.accept(token, PASSWORD)
    assert joined is not None and joined.roles == qian.roles


def test_a_name_changes_and_the_login_stays(storage: Storage) -> None:
    qian = person(storage, "laoqian", "auditor")
    storage.accounts.change_person(qian.id, "钱大有", "qian@example.test", SYSTEM)
    changed = storage.accounts.by_login("laoqian")
    assert changed is not None and (changed.name, changed.mail) == ("钱大有", "qian@example.test")


def test_what_an_admin_sees_of_an_account(storage: Storage, clock: Clock) -> None:
    admin = person(storage, "admin", "admin")
    clock.move(minutes=1)
    qian, _ = storage.accounts.invite_new(
        "laoqian", "老钱", "", frozenset({"auditor"}), ref(admin.id), may_tie=True
    )
    storage.sessions.begin(admin.id)
    first, second = storage.accounts.standings()
    assert (first.account, first.has_password, first.seen_at) == (admin, True, clock())
    assert first.invited_until is None and not first.may_tie
    assert (second.account, second.has_password, second.seen_at, second.may_tie) == (qian, False, None, True)
    assert second.invited_until is not None and not second.tied
    clock.move(days=4)
    again = storage.accounts.standing(qian.id)
    assert again is not None and again.invited_until is None
