"""`shebao keys`: the root keys that seal everything personal."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from datetime import UTC, datetime

import click

from app.settings import Settings
from storage.database import Database
from storage.keys import Keys, make_key
from storage.migrating import check_current
from storage.rotation import check_keys, in_use
from storage.rotation import rotate as seal_anew


@click.group()
def keys() -> None:
    """The root keys: make, list, rotate."""


@keys.command()
@click.pass_obj
def new(settings: Settings) -> None:
    """Make the next root key (with the first one, the key of the blind index)."""
    click.echo(f"{settings.keys.path}：新的根钥匙 {make_key(settings.keys.path)}。请另存一份。")


@keys.command("list")
@click.pass_obj
def list_keys(settings: Settings) -> None:
    """Every root key and how many values it seals."""
    known = Keys(settings.keys.path)
    with closing(Database(settings.database.address)) as database, database.read() as connection:
        check_current(connection)
        counts = in_use(connection)
    for key_id in sorted({*known.ids, *counts}):
        click.echo(f"{key_id}：{counts[key_id]} 项{_remark(known, key_id, counts[key_id])}")


@keys.command()
@click.pass_obj
def rotate(settings: Settings) -> None:
    """Seal everything with the newest root key; where nothing is left on older ones, with a new one.

    It can be stopped and run again.
    """
    known = Keys(settings.keys.path)
    with closing(Database(settings.database.address)) as database:
        with database.read() as connection:
            check_current(connection)
            check_keys(connection, known)
            nothing_is_older = set(in_use(connection)) <= {known.newest}
        if nothing_is_older:
            make_key(settings.keys.path)
            known = Keys(settings.keys.path)
        count = seal_anew(database, known)
        with database.read() as connection:
            left = in_use(connection)
    del left[known.newest]
    click.echo(f"{count} 项改用根钥匙 {known.newest}。{_left_text(left)}")


@keys.command()
@click.option("--company", help="The company's name as it stands in the certificate.")
@click.option(
    "--renew", is_flag=True, help="Make a new one although there is one; what was sealed stays as it is."
)
@click.pass_obj
def seal(settings: Settings, company: str | None, renew: bool) -> None:
    """Make the key that seals notices, with a certificate of the company's own.

    It is no third-party certification: for that, name an authority's key and certificate in [notices].
    """
    from notices.seal_keys import SealError, has_own, write_own

    folder = settings.keys.path
    if has_own(folder) and not renew:
        raise click.ClickException(f"{folder}: there is a key for seals; --renew makes another")
    if not (name := (company or "").strip()):
        raise click.ClickException("--company: the company's name, as in its business licence")
    try:
        fingerprint = write_own(folder, name, datetime.now(UTC))
    except SealError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{folder}：新的印章钥匙和自建证书（不是第三方认证）。请另存一份。证书指纹 {fingerprint}")


def _remark(known: Keys, key_id: int, count: int) -> str:
    if key_id not in known.ids:
        return "，钥匙不在！"
    if key_id == known.newest:
        return "，正在使用"
    return "" if count else "，只有更早的备份还要用"


def _left_text(left: Counter[int]) -> str:
    if not left:
        return "旧钥匙上没有剩下的，旧钥匙只有更早的备份还要用。"
    rest = "，".join(f"{key_id} 号 {count} 项" for key_id, count in sorted(left.items()))
    return f"还在旧钥匙上：{rest}；请再运行一次。"
