"""`shebao db`, `backup`, `restore` and `worker`: the tables, their copies, and the processes that work on them."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Final

import click

from app import logs
from app.settings import Settings
from storage.backup import back_up
from storage.backup import restore as put_back
from storage.database import Database
from storage.erasing import ErasureJournal
from storage.keys import Keys, has_signing_key
from storage.log_chain import HeadFile, StoredChain
from storage.migrating import revision_of
from storage.migrating import upgrade as migrate
from storage.opening import utc_now

#: A worker gives way to the program that answers requests: a platform waits for those, and for a turn nobody does.
NICENESS: Final = 19


@click.group()
def db() -> None:
    """The database's tables."""


@db.command()
@click.pass_obj
def upgrade(settings: Settings) -> None:
    """Bring the tables up to what this version of the program needs."""
    with closing(Database(settings.database.address)) as database, database.work() as connection:
        before = revision_of(connection)
        migrate(connection)
        after = revision_of(connection)
    click.echo(f"{database.name}：{before or '空的'} → {after}" if before != after else f"已经是 {after}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def backup(settings: Settings, file: Path) -> None:
    """Write everything in the database to FILE (a zip; what is sealed stays sealed)."""
    with closing(Database(settings.database.address)) as database:
        rows = back_up(database, file, utc_now())
    click.echo(f"{file}：{_rows_text(rows)}")
    click.echo(
        f"钥匙不在里面：{settings.keys.path} 要另外存放，没有钥匙就读不出来；"
        f"{settings.keys.journal} 也要另存，恢复旧备份时靠它把已经删除的再删一遍。"
    )


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--force", is_flag=True, help="Give up what is in the database now.")
@click.pass_obj
def restore(settings: Settings, file: Path, force: bool) -> None:
    """Put the backup FILE into the database; stop the server first."""
    with closing(Database(settings.database.address)) as database:
        restored = put_back(database, file, ErasureJournal(settings.keys.journal), force=force)
        if has_signing_key(settings.keys.path):  # where it is not here yet, no signed heads are here either
            heads = HeadFile.beside(settings.keys.path)
            StoredChain(database, Keys(settings.keys.path), heads, utc_now).put_back(
                restored.made_at, restored.rows.get("audit_events", 0)
            )
    click.echo(f"{restored.made_at} 的备份：{_rows_text(restored.rows)}")
    click.echo(f"再次删除已删的对话 {restored.erased} 个；当时没发出的 {restored.dropped} 条不再发送。")


@click.command()
@click.pass_obj
def worker(settings: Settings) -> None:
    """Run background jobs in this process, beside any number of others."""
    if settings.jobs.engine == "embedded":
        raise click.ClickException(
            "jobs.engine: embedded jobs run inside `shebao serve`; choose postgresql or redis"
        )
    from app.running import opened  # the assistant's libraries, for which no other command here should wait

    logs.set_up(settings.log)
    os.nice(NICENESS)
    with opened(settings) as (_, jobs):
        jobs.run(settings.jobs.threads)


def _rows_text(rows: dict[str, int]) -> str:
    return "，".join(f"{name} {count}" for name, count in rows.items() if count) or "没有数据"
