"""`shebao notice`: what a sealed file or an evidence bundle shows, line by line."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import click

from app.notices import make_papers
from app.sealing import open_register, open_trust
from app.settings import Settings
from audit.case_chain import check_case
from locales import N_, SOURCE, Say, speak
from notices.bundle import NotABundle, read_bundle, verify_bundle
from notices.paper import Worth
from notices.rederiving import Part, compare
from notices.seal_keys import SealError
from notices.verifying import STATES, Known, Line, Trust, all_good, verify
from storage.encryption import Unreadable
from storage.errors import StorageError
from storage.notice_seals import StoredSeals
from storage.opening import Storage, open_storage

BROKEN: Final = 1
#: The largest file that is read.
LARGEST: Final = 256 * 2**20
_NOT_PROVEN: Final = N_("不证明：")
_MADE_OF: Final = N_("重新排用的是这些：")
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
@click.option("--rederive", is_flag=True, help="Make the file anew from what is kept, and tell what differs.")
@click.option("--json", "as_json", is_flag=True, help="Print the lines as JSON.")
@click.pass_obj
def verify_file(
    settings: Settings, file: Path, code: str, key: str, certificate: str, rederive: bool, as_json: bool
) -> None:
    """Check FILE, a sealed PDF or an evidence bundle (.zip), which needs no database.

    Exit status 1 if something fails, 2 if FILE cannot be read or made anew: a bundle, or a file where there is no database.
    """
    data = _read(file)
    parts: Sequence[Part] = ()
    try:
        if data.startswith(b"PK"):
            if rederive:
                raise click.ClickException("--rederive: needs a sealed PDF; a bundle is checked by itself")
            found: Found = verify_bundle(read_bundle(data), code, key, certificate)
        elif b"%PDF-" in data[:1024]:
            lines, parts = _verified(settings, data, code, rederive=rederive)
            found = [(file.name, lines)]
        else:
            raise click.ClickException(f"{file}: neither a PDF nor an evidence bundle")
    except NotABundle as error:
        raise click.ClickException(f"{file}: {error}") from error
    say, good = speak(SOURCE), all(all_good(tuple(lines)) for _, lines in found)
    good = good and all(each.state != "failed" for each in parts)
    click.echo(_as_json(found, parts, good, say) if as_json else _as_text(found, parts, good, say))
    if not good:
        sys.exit(BROKEN)


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > LARGEST:
            raise click.ClickException(f"{file}: larger than {LARGEST // 2**20} MiB")
        return file.read_bytes()
    except OSError as error:
        raise click.ClickException(f"{file}: cannot be read ({error.strerror})") from error


def _verified(
    settings: Settings, data: bytes, code: str, *, rederive: bool
) -> tuple[Sequence[Line], Sequence[Part]]:
    """The lines of a sealed file, and the parts of which it was made anew; where there is no database it is checked by itself,
    and the lines say so."""
    with _opened(settings) as storage:
        if storage is None:
            if rederive:
                raise click.ClickException("--rederive: needs the database in which FILE was made")
            return verify(data, Known(_trust(settings), searched=False), code), ()
        register = open_register(settings, storage)
        known = register.known(hashlib.sha256(data).hexdigest()) or Known(register.trust)
        if not rederive:
            return verify(data, known, code), ()
        try:
            again = _remade(settings, storage, known, data)
        except Unreadable as error:
            raise click.ClickException(f"--rederive: what is kept cannot be opened ({error})") from None
        return verify(data, known, code, lambda: again.made), again.parts


class _Remade(NamedTuple):
    """A file made anew, None where what it was made of is no longer there, and its parts."""

    made: bytes | None
    parts: Sequence[Part]


def _remade(settings: Settings, storage: Storage, known: Known, data: bytes) -> _Remade:
    """Makes a sealed file anew from what is kept; nothing is written."""
    event = known.sealed(hashlib.sha256(data).hexdigest())
    if event is None or check_case(known.case, known.links, known.trust.public).last < event.seq:
        return _Remade(None, ())
    store = StoredSeals(storage.database, storage.keys, storage.now, settings.server.address)
    material = store.made_of(known.case)
    if material is None:
        return _Remade(None, ())
    certificates = known.trust.seal(event.certificate_sha256)
    worth = Worth(certificates is None or not certificates.licensed, stamped=event.level == "B-T")
    papers = make_papers(settings, storage)
    made = papers.signed(material.content, material.answer, material.events, worth)
    return _Remade(made, compare(material, papers.letterhead(material.content), made, data, event))


@contextmanager
def _opened(settings: Settings) -> Iterator[Storage | None]:
    """The storage; None where there is none that can be opened."""
    file = settings.database.address.removeprefix("sqlite:///")
    if file != settings.database.address and not Path(file).exists():  # to open it would make it
        yield None
        return
    try:
        storage = open_storage(settings.database.address, settings.keys.path, settings.keys.journal)
    except StorageError as error:
        click.echo(f"shebao: {error}", err=True)
        yield None
        return
    with closing(storage.database):
        yield storage


def _trust(settings: Settings) -> Trust:
    try:
        return open_trust(settings)
    except (SealError, StorageError):
        return Trust()


def _as_json(found: Found, parts: Sequence[Part], good: bool, say: Say) -> str:
    told = [{"file": name, "lines": [line.as_json(say) for line in lines]} for name, lines in found]
    anew = {"rederived": [each.as_json(say) for each in parts]} if parts else {}
    return json.dumps({"ok": good, "found": told, **anew}, ensure_ascii=False)


def _as_text(found: Found, parts: Sequence[Part], good: bool, say: Say) -> str:
    told = []
    for name, lines in found:
        told += [name] if name else []
        for line in lines:
            told.append(f"[{say(STATES[line.state])}] {say(line.title)}：{line.said(say)}")
            told.append(f"    {say(_NOT_PROVEN)}{say(line.not_proven)}")
    if parts:
        told.append(say(_MADE_OF))
        told += [f"    [{say(STATES[each.state])}] {say(each.title)}：{each.said(say)}" for each in parts]
    told.append(say(_GOOD) if good else say(_WRONG))
    return "\n".join(told)
