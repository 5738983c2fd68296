"""Sealed values open with their key in their place, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.encryption import Box, Unreadable, blind_index, derive, pad, unpad

KEY = bytes(range(32))
PLACE = "messages.body:5f1c:3"


@given(st.binary(max_size=5000))
def test_what_is_sealed_opens(plain: bytes) -> None:
    box = Box(7, KEY)
    sealed = box.seal(PLACE, plain)
    assert box.open(PLACE, sealed) == plain
    assert (sealed[0], int.from_bytes(sealed[1:3], "big")) == (1, 7)


@given(st.binary(max_size=5000))
def test_padding_is_taken_off_again(plain: bytes) -> None:
    assert unpad(pad(plain)) == plain
    assert len(pad(plain)) in (64, 128, 256, 512) or len(pad(plain)) % 1024 == 0


def test_the_same_value_is_sealed_differently_every_time() -> None:
    assert len({Box(1, KEY).seal(PLACE, b"receiving") for _ in range(100)}) == 100


def test_length_tells_no_answer_from_another() -> None:
    answers = ("none", "receiving", "suspended", "ended", "applying", "unknown", "")
    assert len({len(Box(1, KEY).seal(PLACE, each.encode())) for each in answers}) == 1


@pytest.mark.parametrize("place", ["messages.body:5f1c:4", "messages.body:77aa:3", "tasks.body:5f1c:3", ""])
def test_a_value_moved_to_another_row_or_column_does_not_open(place: str) -> None:
    sealed = Box(1, KEY).seal(PLACE, b"3500")
    with pytest.raises(Unreadable):
        Box(1, KEY).open(place, sealed)


def test_another_key_or_key_id_does_not_open() -> None:
    sealed = Box(1, KEY).seal(PLACE, b"3500")
    for box in (Box(1, bytes(32)), Box(2, KEY)):
        with pytest.raises(Unreadable):
            box.open(PLACE, sealed)
    relabelled = b"\x01\x00\x02" + sealed[3:]
    with pytest.raises(Unreadable):
        Box(2, KEY).open(PLACE, relabelled)


def test_any_altered_bit_is_noticed() -> None:
    sealed = Box(1, KEY).seal(PLACE, b"3500")
    for at in range(len(sealed)):
        altered = bytearray(sealed)
        altered[at] ^= 1
        with pytest.raises(Unreadable):
            Box(1, KEY).open(PLACE, bytes(altered))
    for cut in (b"", sealed[:10], sealed[:-1]):
        with pytest.raises(Unreadable):
            Box(1, KEY).open(PLACE, cut)


def test_plain_data_comes_back() -> None:
    data = {
        "wage": 350_000,
        "lines": ["四口人", "\ud83d\ude00 emoji".encode("utf-16", "surrogatepass").decode("utf-16")],
    }
    box = Box(1, KEY)
    assert box.open_json(PLACE, box.seal_json(PLACE, data)) == data


def test_no_repr_or_error_shows_a_key_or_a_value() -> None:
    box = Box(1, KEY)
    assert repr(box) == "Box(key_id=1)"
    with pytest.raises(Unreadable) as raised:
        Box(1, bytes(32)).open(PLACE, box.seal(PLACE, "阿丽".encode()))
    assert "阿丽" not in str(raised.value)


def test_each_purpose_has_its_key() -> None:
    assert derive(KEY, "tasks.body") != derive(KEY, "person_keys.wrapped") != KEY
    assert derive(KEY, "tasks.body") == derive(KEY, "tasks.body")


def test_a_sender_is_found_however_wide_the_letters_are_typed() -> None:
    assert blind_index(KEY, "sender", "ｏＡ１２") == blind_index(KEY, "sender", "oA12")
    assert blind_index(KEY, "sender", "oa12") != blind_index(KEY, "sender", "oA12")
    assert blind_index(KEY, "sender", "web", "1") != blind_index(KEY, "key", "web", "1")
    assert blind_index(bytes(32), "sender", "oA12") != blind_index(KEY, "sender", "oA12")
    assert len(blind_index(KEY, "sender", "oA12")) == 16
