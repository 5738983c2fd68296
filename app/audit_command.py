"""`shebao audit`: the chain of the log checked, exported, and its public key."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import click

from app.settings import Settings
from audit.chain import WHYS, Check
from audit.exported import NotAnExport, read_key
from audit.exported import verify as verify_file
from storage.keys import Keys, make_signing_key
from storage.opening import Storage, open_storage

BROKEN = 1


@click.group()
def audit() -> None:
    """The chained log of acts and reads."""


@audit.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True), required=False)
@click.option("--key", help="The public key that signed FILE, if it is not to be taken from FILE itself.")
@click.pass_obj
def verify(settings: Settings, file: Path | None, key: str | None) -> None:
    """Check the log in the database, or an exported FILE, which needs no database; exit status 1 if it is broken."""
    if file is None:
        with closing((storage := _open(settings)).database):
            found, heads = storage.chain.check(), len(storage.chain.file.read())
    else:
        found, heads = _verify_file(file, key)
    click.echo(_told(found))
    click.echo(f"签过名的链头：{heads} 个。" if heads else "没有签过名的链头：整条链被重写过也看不出来。")
    if found.broken is not None:
        sys.exit(BROKEN)


@audit.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def export(settings: Settings, file: Path) -> None:
    """Write the whole log to FILE as JSON lines, without whom acts about dibao concern."""
    with closing((storage := _open(settings)).database), file.open("w", encoding="ascii") as lines:
        storage.chain.check()
        lines.writelines(storage.chain.export(dibao=False))
    click.echo(f"{file}：验一遍用 shebao audit verify {file}")


@audit.command()
@click.pass_obj
def key(settings: Settings) -> None:
    """Print the public key; where the installation has none yet, make it."""
    known = Keys(settings.keys.path)
    if make_signing_key(settings.keys.path):
        click.echo(f"{settings.keys.path}：新的签名钥匙。请另存一份。", err=True)
    click.echo(known.signer().public.hex())


def _verify_file(file: Path, key: str | None) -> tuple[Check, int]:
    try:
        public = None if key is None else read_key(key)
    except ValueError:
        raise click.ClickException(
            "--key: 64 hexadecimal digits, as `shebao audit key` prints them"
        ) from None
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            opening, found = verify_file(lines, public)
    except NotAnExport as error:
        raise click.ClickException(f"{file}: {error}") from error
    if public is None:
        click.echo(f"公钥取自文件：{opening.public.hex()}；请和公司公布的核对。", err=True)
    return found, len(opening.heads)


def _told(found: Check) -> str:
    if found.broken is None:
        return f"链完整：{found.last} 条，末条 {found.hash.hex()}"
    return f"链断在第 {found.broken.seq} 条：{WHYS[found.broken.why]}。前面 {found.last} 条完整。"


def _open(settings: Settings) -> Storage:
    return open_storage(settings.database.address, settings.keys.path, settings.keys.journal)
