"""Passwords, codes, wrong tries, sessions: on both databases."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from databases import Clock
from pyotp import TOTP
from sqlalchemy import select, update
from talking import together

from audit.events import SYSTEM
from people.accounts import Account
from people.providers import Identity, new_journey
from people.signing_in import HALF_WAY, IDLE, LONGEST, NotAdmitted, Session
from storage.backup import back_up, restore
from storage.opening import Storage
from storage.tables import accounts, audit_events, second_factors

pytest_plugins = ["databases"]

PASSWORD = "小河边 三只鸭子 下雨了"
HERE = "192.0.2.1"


@pytest.fixture
def zhao(storage: Storage) -> Account:
    return storage.accounts.add("zhaojing", "赵静", frozenset({"agent"}), state="active", password=PASSWORD)


def session_of(storage: Storage, account: Account) -> Session:
    found = storage.sessions.find(storage.sessions.begin(account.id))
    assert found is not None
    return found


def set_up(storage: Storage, account: Account, clock: Clock) -> TOTP:
    """A second factor, of which a code can be taken at once."""
    session = session_of(storage, account)
    totp = TOTP(storage.credentials.planned_secret(session))
    assert storage.credentials.set_second_factor(session, totp.at(clock()))
    clock.move(seconds=60)
    return totp


def tries(storage: Storage, login: str, password: str = "不对", address: str = HERE) -> int | None:
    """A try; None where it was let in or simply wrong, else the seconds to wait."""
    try:
        storage.credentials.check_password(login, password, address)
    except NotAdmitted as refused:
        return refused.wait
    return None


def acts(storage: Storage) -> list[str]:
    with storage.database.read() as connection:
        return list(connection.execute(select(audit_events.c.act).order_by(audit_events.c.seq)).scalars())


def test_the_right_password_lets_in(storage: Storage, zhao: Account) -> None:
    assert storage.credentials.check_password(" ZhaoJing", PASSWORD, HERE) == zhao


@pytest.mark.parametrize("login", ["zhaojing", "nobody"])
def test_somebody_and_nobody_get_the_same_answers(storage: Storage, zhao: Account, login: str) -> None:
    """Wrong four times, closed from the fifth on, for longer each time; whether the login exists is not told."""
    waits = [tries(storage, login) for _ in range(7)]
    assert waits == [None, None, None, None, 60, 60, 60]


def test_each_further_wrong_try_closes_for_longer(storage: Storage, zhao: Account, clock: Clock) -> None:
    waits = []
    for _ in range(9):
        waits.append(tries(storage, "zhaojing") or 0)
        clock.move(seconds=waits[-1])
    assert waits == [0, 0, 0, 0, 60, 300, 900, 3600, 3600]
    assert tries(storage, "zhaojing", PASSWORD) is None
    assert [tries(storage, "zhaojing") for _ in range(4)] == [None] * 4, "who gets in begins anew"


def test_while_it_is_closed_the_right_password_does_not_help(
    storage: Storage, zhao: Account, clock: Clock
) -> None:
    for _ in range(5):
        tries(storage, "zhaojing")
    with pytest.raises(NotAdmitted):
        storage.credentials.check_password("zhaojing", PASSWORD, HERE)
    clock.move(seconds=60)
    assert storage.credentials.check_password("zhaojing", PASSWORD, HERE) == zhao


def test_wrong_tries_are_forgotten_after_a_day(storage: Storage, zhao: Account, clock: Clock) -> None:
    for _ in range(4):
        tries(storage, "zhaojing")
    clock.move(days=1)
    assert [tries(storage, "zhaojing") for _ in range(5)] == [None, None, None, None, 60]


def test_an_admin_unlocks(storage: Storage, zhao: Account, clock: Clock) -> None:
    for _ in range(5):
        tries(storage, "zhaojing")
    standing = storage.accounts.standing(zhao.id)
    assert standing is not None and standing.locked_until is not None
    storage.accounts.unlock(zhao.id, SYSTEM)
    assert storage.credentials.check_password("zhaojing", PASSWORD, HERE) == zhao
    standing = storage.accounts.standing(zhao.id)
    assert standing is not None and standing.locked_until is None


def test_many_tries_at_once_are_no_more_than_many_in_a_row(storage: Storage, zhao: Account) -> None:
    looked_at = together([lambda: tries(storage, "zhaojing")] * 12)
    assert acts(storage).count("sign_in_failed") + acts(storage).count("sign_in_locked") == 5
    assert sum(each is not None for each in looked_at) >= 7


def test_unknown_logins_from_elsewhere_lock_nobody_out(storage: Storage, zhao: Account) -> None:
    for count in range(60):
        tries(storage, f"guess{count}", address="198.51.100.9")
    assert tries(storage, "guess61", address="198.51.100.9") is not None, "that address has to wait"
    assert storage.credentials.check_password("zhaojing", PASSWORD, HERE) == zhao


def test_an_address_of_many_people_is_not_slowed_by_those_who_get_in(storage: Storage, zhao: Account) -> None:
    for _ in range(60):
        storage.credentials.check_password("zhaojing", PASSWORD, HERE)


def test_wrong_tries_are_logged_without_what_was_typed(storage: Storage, zhao: Account) -> None:
    for _ in range(6):
        tries(storage, "zhaojing", "我以为的密码")
    tries(storage, "nobody-of-that-name")
    assert acts(storage) == ["sign_in_failed"] * 4 + ["sign_in_locked", "sign_in_failed"]
    with storage.database.read() as connection:
        bodies = "".join(str(each) for each in connection.execute(select(audit_events.c.body)).scalars())
    assert "我以为的密码" not in bodies and "nobody-of-that-name" not in bodies and "zhaojing" not in bodies


def test_a_hash_of_old_parameters_is_made_anew(storage: Storage, zhao: Account) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with storage.database.work() as connection:
        connection.execute(update(accounts).values(password_hash=old))
    for _ in range(2):
        assert storage.credentials.check_password("zhaojing", PASSWORD, HERE) == zhao
    with storage.database.read() as connection:
        kept = connection.execute(select(accounts.c.password_hash)).scalar_one()
    assert "m=19456,t=2,p=1" in kept


def test_a_code_is_taken_once(storage: Storage, zhao: Account, clock: Clock) -> None:
    code = set_up(storage, zhao, clock).at(clock())
    storage.credentials.check_code(zhao.id, code)
    with pytest.raises(NotAdmitted):
        storage.credentials.check_code(zhao.id, code)


def test_a_code_sent_twice_at_once_is_taken_once(storage: Storage, zhao: Account, clock: Clock) -> None:
    code = set_up(storage, zhao, clock).at(clock())

    def check() -> bool:
        try:
            storage.credentials.check_code(zhao.id, code)
        except NotAdmitted:
            return False
        return True

    assert sorted(together([check] * 4)) == [False, False, False, True]


def test_the_code_that_set_it_up_is_used_up(storage: Storage, zhao: Account, clock: Clock) -> None:
    totp = set_up(storage, zhao, clock)
    clock.move(seconds=-60)
    with pytest.raises(NotAdmitted):
        storage.credentials.check_code(zhao.id, totp.at(clock()))


def test_codes_cannot_be_guessed_on_and_on(storage: Storage, zhao: Account, clock: Clock) -> None:
    totp = set_up(storage, zhao, clock)
    for _ in range(5):
        with pytest.raises(NotAdmitted):
            storage.credentials.check_code(zhao.id, "000000")
    with pytest.raises(NotAdmitted, match="wait"):
        storage.credentials.check_code(zhao.id, totp.at(clock()))
    clock.move(seconds=60)
    storage.credentials.check_code(zhao.id, totp.at(clock()))


def test_a_secret_is_planned_for_one_session_alone(storage: Storage, zhao: Account) -> None:
    one, two = session_of(storage, zhao), session_of(storage, zhao)
    planned = storage.credentials.planned_secret
    assert planned(one) == planned(one) != planned(two)


def test_the_password_alone_does_not_replace_a_second_factor(
    storage: Storage, zhao: Account, clock: Clock
) -> None:
    totp = set_up(storage, zhao, clock)
    half = storage.sessions.half_way(storage.sessions.begin(zhao.id, "password"))
    assert half is not None
    code = TOTP(storage.credentials.planned_secret(half)).at(clock())
    assert not storage.credentials.set_second_factor(half, code)
    storage.credentials.check_code(zhao.id, totp.at(clock()))


def test_the_secret_is_sealed(storage: Storage, zhao: Account, clock: Clock) -> None:
    totp = set_up(storage, zhao, clock)
    with storage.database.read() as connection:
        row = connection.execute(select(second_factors)).one()
    assert totp.secret.encode() not in row.body


def test_a_session_ends_after_two_hours_without_a_click(
    storage: Storage, zhao: Account, clock: Clock
) -> None:
    token = storage.sessions.begin(zhao.id)
    for _ in range(3):
        clock.move(seconds=(IDLE).total_seconds() - 1)
        assert storage.sessions.find(token) is not None
    clock.move(seconds=IDLE.total_seconds())
    assert storage.sessions.find(token) is None


def test_a_session_ends_after_twelve_hours_whatever_happens(
    storage: Storage, zhao: Account, clock: Clock
) -> None:
    token, start = storage.sessions.begin(zhao.id), clock()
    while clock() + IDLE / 2 < start + LONGEST:
        clock.move(seconds=IDLE.total_seconds() / 2)
        assert storage.sessions.find(token) is not None
    clock.move(seconds=IDLE.total_seconds() / 2)
    assert storage.sessions.find(token) is None


def test_half_way_is_not_in_and_not_for_long(storage: Storage, zhao: Account, clock: Clock) -> None:
    token = storage.sessions.begin(zhao.id, "password")
    assert storage.sessions.find(token) is None and storage.sessions.half_way(token) is not None
    assert storage.sessions.of(zhao.id) == ()
    clock.move(seconds=HALF_WAY.total_seconds())
    assert storage.sessions.half_way(token) is None


def test_a_whole_session_is_not_half_way(storage: Storage, zhao: Account) -> None:
    assert storage.sessions.half_way(storage.sessions.begin(zhao.id)) is None


def test_the_others_end(storage: Storage, zhao: Account) -> None:
    others = [storage.sessions.begin(zhao.id, device="phone") for _ in range(2)]
    here = session_of(storage, zhao)
    assert len(storage.sessions.of(zhao.id)) == 3
    assert storage.sessions.end_others(here) == 2
    assert [storage.sessions.find(token) for token in others] == [None, None]
    assert storage.sessions.of(zhao.id) == (here,)
    assert acts(storage) == ["sessions_ended"]


def test_another_password_ends_every_session(storage: Storage, zhao: Account) -> None:
    token = storage.sessions.begin(zhao.id)
    with pytest.raises(NotAdmitted):
        storage.credentials.change_password(zhao.id, "不是这个", "院子里 两棵枣树 都红了")
    assert storage.sessions.find(token) is not None
    storage.credentials.change_password(zhao.id, PASSWORD, "院子里 两棵枣树 都红了")
    assert storage.sessions.find(token) is None
    assert storage.credentials.check_password("zhaojing", "院子里 两棵枣树 都红了", HERE) == zhao
    assert "password_changed" in acts(storage)


def test_the_present_password_cannot_be_guessed_from_an_open_session(storage: Storage, zhao: Account) -> None:
    for _ in range(5):
        with pytest.raises(NotAdmitted):
            storage.credentials.change_password(zhao.id, "猜一个", "院子里 两棵枣树 都红了")
    with pytest.raises(NotAdmitted, match="wait"):
        storage.credentials.change_password(zhao.id, PASSWORD, "院子里 两棵枣树 都红了")


def test_a_restored_backup_lets_nobody_in(
    storage: Storage, zhao: Account, clock: Clock, tmp_path: object
) -> None:
    session = storage.sessions.begin(zhao.id)
    _, link = storage.accounts.invite_new("laoqian", "老钱", "", frozenset({"auditor"}), SYSTEM)
    journey = storage.ties.set_out(new_journey())
    path = storage.keys.folder.parent / "b.zip"
    back_up(storage.database, path, clock())
    restore(storage.database, path, storage.journal, force=True)
    assert storage.sessions.find(session) is None
    assert storage.invitations.invited(link) is None
    assert storage.ties.come_back(journey) is None
    assert storage.credentials.check_password("zhaojing", PASSWORD, HERE) == zhao


def test_the_chosen_language_stays(storage: Storage, zhao: Account) -> None:
    storage.credentials.choose_language(zhao.id, "en")
    found = storage.accounts.get(zhao.id)
    assert found is not None and found.language == "en"


# -- the company's own sign-in --------------------------------------------------------------------------------------------


def test_a_journey_comes_back_once_and_in_time(storage: Storage, clock: Clock) -> None:
    journey = new_journey("/hr/inbox")
    token, late = storage.ties.set_out(journey), storage.ties.set_out(new_journey())
    assert storage.ties.come_back(token) == journey
    assert storage.ties.come_back(token) is None
    clock.move(minutes=10)
    assert storage.ties.come_back(late) is None and storage.ties.come_back("") is None


def test_the_first_use_ties_an_account_that_an_admin_allowed(storage: Storage, zhao: Account) -> None:
    someone = Identity("https://login.example 17", "zhaojing")
    assert storage.ties.account_of(someone) is None
    storage.accounts.allow_tie(zhao.id, SYSTEM)
    assert storage.ties.account_of(someone) == zhao
    standing = storage.accounts.standing(zhao.id)
    assert standing is not None and standing.tied and not standing.may_tie
    assert storage.ties.account_of(Identity("https://login.example 17", "a-new-login")) == zhao
    assert acts(storage) == ["sign_in_failed", "tie_allowed", "account_tied"]


def test_another_person_of_the_same_login_does_not_get_in(storage: Storage, zhao: Account) -> None:
    storage.accounts.allow_tie(zhao.id, SYSTEM)
    storage.ties.account_of(Identity("https://login.example 17", "zhaojing"))
    assert storage.ties.account_of(Identity("https://login.example 18", "zhaojing")) is None


def test_nobody_unknown_gets_an_account(storage: Storage, zhao: Account) -> None:
    assert storage.ties.account_of(Identity("https://login.example 99", "stranger")) is None
    assert storage.ties.account_of(Identity("https://login.example 99")) is None
    assert storage.accounts.all() == (zhao,)


@pytest.mark.parametrize("end", ["close", "untie"])
def test_an_ended_tie_lets_nobody_in(storage: Storage, zhao: Account, end: str) -> None:
    someone = Identity("https://login.example 17", "zhaojing")
    storage.accounts.allow_tie(zhao.id, SYSTEM)
    storage.ties.account_of(someone)
    getattr(storage.accounts, end)(zhao.id, SYSTEM, "离职")
    assert storage.ties.account_of(someone) is None


def test_who_is_invited_may_come_in_by_the_companys_sign_in(storage: Storage) -> None:
    qian, _ = storage.accounts.invite_new("laoqian", "老钱", "", frozenset({"auditor"}), SYSTEM, may_tie=True)
    found = storage.ties.account_of(Identity("wecom corp laoqian", "laoqian"))
    assert found is not None and (found.id, found.state) == (qian.id, "active")
    again = storage.accounts.get(qian.id)
    assert again == found
