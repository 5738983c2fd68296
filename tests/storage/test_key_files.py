"""Key files: made once, readable by one user, refused with one line where something is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from storage.encryption import Unreadable
from storage.errors import StorageError
from storage.keys import Keys, has_keys, make_key


def test_the_first_key_comes_with_the_key_of_the_index(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    assert not has_keys(folder)
    assert (make_key(folder), make_key(folder)) == (1, 2)
    assert has_keys(folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "audit.key",
        "index.key",
        "root-0001.key",
        "root-0002.key",
    ]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_newest_key_seals_and_older_ones_open(tmp_path: Path) -> None:
    make_key(tmp_path)
    old = Keys(tmp_path).wrap("c1", bytes(32))
    make_key(tmp_path)
    keys = Keys(tmp_path)
    assert (keys.newest, keys.ids) == (2, (1, 2))
    assert keys.wrap("c1", bytes(32))[0] == 2
    assert keys.unwrap("c1", *old) == bytes(32)
    with pytest.raises(Unreadable):
        keys.unwrap("c2", *old)


def test_a_key_that_was_made_meanwhile_is_found(tmp_path: Path) -> None:
    make_key(tmp_path)
    running = Keys(tmp_path)
    make_key(tmp_path)
    wrapped = Keys(tmp_path).wrap("c1", bytes(32))
    assert running.unwrap("c1", *wrapped) == bytes(32)
    assert running.newest == 2


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "index.key").write_text("left from before")
    with pytest.raises(StorageError, match=r"index\.key cannot be written"):
        make_key(tmp_path)


def damage_folder(folder: Path) -> None:
    (folder / "root-0001.key").unlink()


def damage_index(folder: Path) -> None:
    (folder / "index.key").unlink()


def damage_text(folder: Path) -> None:
    (folder / "root-0001.key").write_text("not hexadecimal")


def damage_length(folder: Path) -> None:
    (folder / "root-0001.key").write_text("00" * 16)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (damage_folder, "there is no root key"),
        (damage_index, "index.key cannot be read"),
        (damage_text, "root-0001.key is not a key"),
        (damage_length, "not a key of 32 bytes"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, damage: Callable[[Path], None], says: str) -> None:
    make_key(tmp_path)
    damage(tmp_path)
    with pytest.raises(StorageError, match=says) as raised:
        Keys(tmp_path)
    assert "\n" not in str(raised.value)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    make_key(tmp_path)
    with pytest.raises(StorageError, match="root key 9 is in use and is not in"):
        Keys(tmp_path).box("tasks.body", 9)


def test_no_repr_shows_a_key(tmp_path: Path) -> None:
    make_key(tmp_path)
    secret = (tmp_path / "root-0001.key").read_text().strip()
    assert secret not in repr(Keys(tmp_path)) and "ids=(1,)" in repr(Keys(tmp_path))
