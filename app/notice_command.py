"""`shebao notice`: what a sealed file or an evidence bundle shows, line by line."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import click

from app.sealing import open_register, open_trust
from app.settings import Settings
from locales import N_, SOURCE, Say, speak
from notices.bundle import NotABundle, read_bundle, verify_bundle
from notices.seal_keys import SealError
from notices.verifying import STATES, Known, Line, Trust, all_good, verify
from storage.errors import StorageError
from storage.opening import open_storage

BROKEN: Final = 1
#: The largest file that is read.
LARGEST: Final = 256 * 2**20
_NOT_PROVEN: Final = N_("不证明：")
_GOOD: Final = N_("没有对不上的。没有查的，不等于对得上。")
_WRONG: Final = N_("有对不上的：不能当原样的用。")
#: Lines under a name: a sealed file's title, or the file itself.
Found = Sequence[tuple[str, Sequence[Line]]]


@click.group()
def notice() -> None:
    """Notices that were sealed."""


@notice.command(name="verify")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--code", default="", help="The short code that the employee was given.")
@click.option("--key", default="", help="The public key as it is known from elsewhere; for a bundle.")
@click.option("--certificate", default="", help="The fingerprint of the certificate; for a bundle.")
@click.option("--json", "as_json", is_flag=True, help="Print the lines as JSON.")
@click.pass_obj
def verify_file(settings: Settings, file: Path, code: str, key: str, certificate: str, as_json: bool) -> None:
    """Check FILE, a sealed PDF or an evidence bundle (.zip), which needs no database.

    Exit status 1 if something fails, 2 if FILE cannot be read.
    """
    data = _read(file)
    try:
        if data.startswith(b"PK"):
            found: Found = verify_bundle(read_bundle(data), code, key, certificate)
        elif b"%PDF-" in data[:1024]:
            found = [(file.name, verify(data, _known(settings, data), code))]
        else:
            raise click.ClickException(f"{file}: neither a PDF nor an evidence bundle")
    except NotABundle as error:
        raise click.ClickException(f"{file}: {error}") from error
    say, good = speak(SOURCE), all(all_good(tuple(lines)) for _, lines in found)
    click.echo(_as_json(found, good, say) if as_json else _as_text(found, good, say))
    if not good:
        sys.exit(BROKEN)


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > LARGEST:
            raise click.ClickException(f"{file}: larger than {LARGEST // 2**20} MiB")
        return file.read_bytes()
    except OSError as error:
        raise click.ClickException(f"{file}: cannot be read ({error.strerror})") from error


def _known(settings: Settings, data: bytes) -> Known:
    """What the database knows of a file; where there is none, the file is checked by itself, and the lines say so."""
    file = settings.database.address.removeprefix("sqlite:///")
    if file != settings.database.address and not Path(file).exists():  # to open it would make it
        return Known(_trust(settings), searched=False)
    try:
        storage = open_storage(settings.database.address, settings.keys.path, settings.keys.journal)
    except StorageError as error:
        click.echo(f"shebao: {error}", err=True)
        return Known(_trust(settings), searched=False)
    with closing(storage.database):
        register = open_register(settings, storage)
        return register.known(hashlib.sha256(data).hexdigest()) or Known(register.trust)


def _trust(settings: Settings) -> Trust:
    try:
        return open_trust(settings)
    except (SealError, StorageError):
        return Trust()


def _as_json(found: Found, good: bool, say: Say) -> str:
    told = [{"file": name, "lines": [line.as_json(say) for line in lines]} for name, lines in found]
    return json.dumps({"ok": good, "found": told}, ensure_ascii=False)


def _as_text(found: Found, good: bool, say: Say) -> str:
    told = []
    for name, lines in found:
        told += [name] if name else []
        for line in lines:
            told.append(f"[{say(STATES[line.state])}] {say(line.title)}：{line.said(say)}")
            told.append(f"    {say(_NOT_PROVEN)}{say(line.not_proven)}")
    told.append(say(_GOOD) if good else say(_WRONG))
    return "\n".join(told)
