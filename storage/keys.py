"""The keys: root keys by id, the key of the blind index and the one that signs the log, each a file of a folder, never in
the database."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Final

from audit.heads import Signer
from storage.encryption import KEY_BYTES, PERSON, Box, blind_index, derive
from storage.errors import StorageError

#: Key ids have two bytes in a sealed value.
LARGEST_ID: Final = 65535
_INDEX: Final = "index.key"
_AUDIT: Final = "audit.key"
_ROOT: Final = re.compile(r"root-(\d{4,5})\.key")
_WRAPPED: Final = "person_keys.wrapped"


class Keys:
    """Root keys, of which the newest seals what is written, and the key of the blind index. Threads share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._roots = _read_roots(folder)
        self._index = _read_key(folder / _INDEX)
        self._boxes: dict[tuple[int, str], Box] = {}
        self._signer: Signer | None = None

    def __repr__(self) -> str:
        return f"Keys({str(self.folder)!r}, ids={self.ids})"

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids of the root keys that are there."""
        return tuple(sorted(self._roots))

    @property
    def newest(self) -> int:
        """The id of the root key that seals what is written now."""
        return max(self._roots)

    def box(self, purpose: str, key_id: int | None = None) -> Box:
        """The box of a purpose under a root key, the newest one where none is named. Raises `StorageError`."""
        wanted = self.newest if key_id is None else key_id
        box = self._boxes.get((wanted, purpose))
        if box is None:
            box = self._boxes[wanted, purpose] = Box(wanted, derive(self._root(wanted), purpose))
        return box

    def wrap(self, conversation: str, data_key: bytes) -> tuple[int, bytes]:
        """A person's key as it is stored: the root key's id, and the key sealed by it."""
        box = self.box(_WRAPPED)
        return box.key_id, box.seal(f"{_WRAPPED}:{conversation}", data_key)

    def unwrap(self, conversation: str, key_id: int, wrapped: bytes) -> bytes:
        """The person's key that `wrap` sealed. Raises `Unreadable`."""
        return self.box(_WRAPPED, key_id).open(f"{_WRAPPED}:{conversation}", wrapped)

    def person(self, conversation: str, key_id: int, wrapped: bytes) -> Box:
        """The box of a person's own key. Raises `Unreadable`."""
        return Box(PERSON, self.unwrap(conversation, key_id, wrapped))

    def index(self, purpose: str, *parts: str) -> bytes:
        """The blind index of a value for one purpose."""
        return blind_index(self._index, purpose, *parts)

    def signer(self) -> Signer:
        """What signs the log's heads. Raises `StorageError` where an installation has no key for it yet."""
        if self._signer is None:
            path = self.folder / _AUDIT
            if not has_signing_key(self.folder):
                raise StorageError(f"keys: {path} is not there; `shebao audit key` makes it")
            self._signer = Signer(_read_key(path))
        return self._signer

    def _root(self, key_id: int) -> bytes:
        if key_id not in self._roots:  # another process may have made it since this one started
            self._roots = _read_roots(self.folder)
        if key_id not in self._roots:
            raise StorageError(f"keys: root key {key_id} is in use and is not in {self.folder}")
        return self._roots[key_id]


def has_keys(folder: Path) -> bool:
    """Whether there is a root key in the folder."""
    return bool(_root_files(folder))


def make_key(folder: Path) -> int:
    """Makes the next root key, and with the first one the key of the blind index and that of the log; the new id."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    known = _root_files(folder)
    key_id = max(known, default=0) + 1
    if key_id > LARGEST_ID:
        raise StorageError(f"keys: {LARGEST_ID} is the last id there can be")
    if not known:
        _write_key(folder / _INDEX)
        make_signing_key(folder)
    _write_key(folder / f"root-{key_id:04}.key")
    return key_id


def has_signing_key(folder: Path) -> bool:
    """Whether the key that signs the log's heads is in the folder."""
    return (folder / _AUDIT).exists()


def make_signing_key(folder: Path) -> bool:
    """Makes the key that signs the log's heads, unless there is one; whether it is new."""
    if has_signing_key(folder):
        return False
    _write_key(folder / _AUDIT)
    return True


def _write_key(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise StorageError(f"keys: {path} cannot be written ({error.strerror})") from error
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(KEY_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _read_roots(folder: Path) -> dict[int, bytes]:
    roots = {key_id: _read_key(path) for key_id, path in _root_files(folder).items()}
    if not roots:
        raise StorageError(f"keys: there is no root key in {folder}; `shebao keys new` makes one")
    return roots


def _root_files(folder: Path) -> dict[int, Path]:
    files = folder.iterdir() if folder.is_dir() else ()
    return {int(found[1]): path for path in files if (found := _ROOT.fullmatch(path.name))}


def _read_key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except OSError as error:
        raise StorageError(f"keys: {path} cannot be read ({error.strerror})") from error
    except ValueError:
        raise StorageError(f"keys: {path} is not a key") from None
    if len(key) != KEY_BYTES:
        raise StorageError(f"keys: {path} is not a key of {KEY_BYTES} bytes")
    return key
