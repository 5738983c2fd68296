"""`shebao users`: HR's accounts from the terminal, for the first admin and for when nobody can get in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, get_args

import click

from app.settings import Settings
from audit.events import SYSTEM
from people.accounts import ROLES, Account, Refusal, Refused, Role, is_login, normal_login
from storage.opening import Storage, open_storage

REFUSED: Final[dict[Refusal, str]] = {
    "login_taken": "LOGIN: there is an account of that login; `shebao users invite` lets its owner in again",
    "no_account": "LOGIN: the account is not in a state in which that can be done; see `shebao users list`",
}
#: Why somebody is invited anew, as the log has it.
FROM_THE_TERMINAL: Final = "终端里的 shebao users"


@click.group()
def users() -> None:
    """HR's accounts: the first admin, and letting people in again."""


@users.command()
@click.argument("login")
@click.option("--name", required=True, help="The person's name.")
@click.option("--mail", default="", help="The person's mail address.")
@click.option(
    "--role", "roles", multiple=True, type=click.Choice(get_args(Role)), default=("admin",), show_default=True,
    help="What the person may do; once for each role.",
)  # fmt: skip
@click.pass_obj
def add(settings: Settings, login: str, name: str, mail: str, roles: tuple[Role, ...]) -> None:
    """Add the account LOGIN and print the link that invites its owner."""
    if not is_login(login):
        raise click.ClickException("LOGIN: 2 to 64 letters, digits or . @ + - _, without spaces")
    with _storage(settings) as storage:
        _, token = storage.accounts.invite_new(
            normal_login(login), name.strip(), mail.strip(), frozenset(roles), SYSTEM
        )
    _print_link(settings, token)


@users.command("list")
@click.pass_obj
def list_accounts(settings: Settings) -> None:
    """Print every account: login, state, roles."""
    with _storage(settings) as storage:
        standings = storage.accounts.standings()
    if not standings:
        click.echo("还没有账号：shebao users add 登录名 --name 姓名")
    for each in standings:
        locked = " locked" if each.locked_until else ""
        roles = ",".join(role for role in ROLES if role in each.account.roles)
        click.echo(f"{each.account.login}\t{each.account.state}{locked}\t{roles}\t{each.account.name}")


@users.command()
@click.argument("login")
@click.pass_obj
def unlock(settings: Settings, login: str) -> None:
    """Forget the wrong tries for LOGIN, so that the next one counts."""
    with _storage(settings) as storage:
        storage.accounts.unlock(_account(storage, login).id, SYSTEM)
    click.echo("解锁了。")


@users.command()
@click.argument("login")
@click.option("--second-factor", is_flag=True, help="Take the second factor away too: the phone is gone.")
@click.pass_obj
def invite(settings: Settings, login: str, second_factor: bool) -> None:
    """Print a new link for LOGIN; the password that there was no longer counts. Works for the last admin too."""
    with _storage(settings) as storage:
        account = _account(storage, login)
        if account.state == "closed":
            token = storage.accounts.reopen(account.id, SYSTEM)
        else:
            token = storage.accounts.invite(account.id, SYSTEM, FROM_THE_TERMINAL)
        if second_factor:
            storage.accounts.reset_second_factor(account.id, SYSTEM, FROM_THE_TERMINAL)
    _print_link(settings, token)


@contextmanager
def _storage(settings: Settings) -> Iterator[Storage]:
    storage = open_storage(settings.database.address, settings.keys.path, settings.keys.journal)
    try:
        yield storage
    except Refused as refused:
        raise click.ClickException(REFUSED.get(refused.code, refused.code)) from None
    finally:
        storage.database.close()


def _account(storage: Storage, login: str) -> Account:
    found = storage.accounts.by_login(login)
    if found is None:
        raise click.ClickException("LOGIN: there is no such account; see `shebao users list`")
    return found


def _print_link(settings: Settings, token: str) -> None:
    click.echo(f"{settings.server.address}/hr/invitation/{token}")
    click.echo("72 小时内有效，只能用一次。发给本人，别发到群里。")
