"""`shebao users`: the first admin, and letting people in again when nobody else can."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from people.signing_in import NotAdmitted
from storage.opening import Storage, open_storage

Run = Callable[..., Result]
PASSWORD = "小河边 三只鸭子 下雨了"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    environ = {
        "SHEBAO__DATABASE__URL": f"sqlite:///{tmp_path / 'shebao.db'}",
        "SHEBAO__KEYS__FOLDER": str(tmp_path / "keys"),
        "SHEBAO__SERVER__PUBLIC_URL": "https://hr.example/",
    }

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(main, list(arguments), env=environ)

    assert invoke("db", "upgrade").exit_code == 0
    assert invoke("keys", "new").exit_code == 0
    return invoke


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[], object]:
    @contextmanager
    def opening() -> Iterator[Storage]:
        storage = open_storage(
            f"sqlite:///{tmp_path / 'shebao.db'}", tmp_path / "keys", tmp_path / "keys-erased.jsonl"
        )
        yield storage
        storage.database.close()

    return opening


def token_in(result: Result) -> str:
    assert result.exit_code == 0, result.output
    found = re.match(r"https://hr\.example/hr/invitation/([\w-]{40,})\n", result.output)
    assert found is not None, result.output
    return found[1]


def test_the_first_admin_gets_a_link(run: Run, opened: Callable) -> None:  # type: ignore[type-arg]
    token = token_in(run("users", "add", "ZhaoJing", "--name", "赵静"))
    with opened() as storage:
        joined = storage.invitations.accept(token, PASSWORD)
        assert (joined.login, joined.name, joined.roles) == ("zhaojing", "赵静", {"admin"})
    listed = run("users", "list").output
    assert listed == "zhaojing\tactive\tadmin\t赵静\n"


def test_roles_are_given_by_name(run: Run) -> None:
    token_in(run("users", "add", "laoqian", "--name", "老钱", "--role", "auditor", "--role", "agent"))
    assert run("users", "list").output == "laoqian\tinvited\tagent,auditor\t老钱\n"


def test_an_empty_list_says_what_to_do(run: Run) -> None:
    assert "shebao users add" in run("users", "list").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "老 钱", "--name", "老钱"), "LOGIN: 2 to 64"),
        (("add", "laoqian", "--name", "又一个"), "LOGIN: there is an account"),
        (("add", "laosun", "--name", "老孙", "--role", "owner"), "'owner' is not one of"),
        (("unlock", "nobody"), "LOGIN: there is no such account"),
        (("invite", "nobody"), "LOGIN: there is no such account"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(run: Run, arguments: tuple[str, ...], said: str) -> None:
    run("users", "add", "laoqian", "--name", "老钱")
    result = run("users", *arguments)
    assert result.exit_code == 2 and said in result.output and result.output.count("\n") == 1


def test_a_locked_account_is_unlocked(run: Run, opened: Callable) -> None:  # type: ignore[type-arg]
    token = token_in(run("users", "add", "zhaojing", "--name", "赵静"))
    with opened() as storage:
        storage.invitations.accept(token, PASSWORD)
        for _ in range(5):
            with pytest.raises(NotAdmitted):
                storage.credentials.check_password("zhaojing", "不对", "192.0.2.1")
    assert "\tactive locked\t" in run("users", "list").output
    assert run("users", "unlock", "zhaojing").output == "解锁了。\n"
    with opened() as storage:
        assert storage.credentials.check_password("zhaojing", PASSWORD, "192.0.2.1").login == "zhaojing"


def test_the_last_admin_is_let_in_again_without_the_phone(run: Run, opened: Callable) -> None:  # type: ignore[type-arg]
    token = token_in(run("users", "add", "zhaojing", "--name", "赵静"))
    with opened() as storage:
        storage.invitations.accept(token, PASSWORD)
    again = token_in(run("users", "invite", "zhaojing", "--second-factor"))
    with opened() as storage:
        with pytest.raises(NotAdmitted):
            storage.credentials.check_password("zhaojing", PASSWORD, "192.0.2.1")
        assert storage.invitations.accept(again, "院子里 两棵枣树 都红了") is not None


def test_a_closed_account_is_opened_by_a_link(run: Run, opened: Callable) -> None:  # type: ignore[type-arg]
    token_in(run("users", "add", "laoqian", "--name", "老钱", "--role", "auditor"))
    with opened() as storage:
        storage.accounts.close(storage.accounts.by_login("laoqian").id, "system", "离职")
    token_in(run("users", "invite", "laoqian"))
    assert "\tinvited\t" in run("users", "list").output
