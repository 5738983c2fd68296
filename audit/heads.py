"""Signed heads: who holds one can tell later whether the chain up to it is still the same.

The key is Ed25519 and signs heads alone. Heads lie in the database and in a file outside it, so that a database which
was put back to an earlier day does not pass for a whole one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Self

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_FORM: Final = "shebao audit head 1"


@dataclass(frozen=True, slots=True)
class Head:
    """The last event at one moment: its number and hash, signed.

    A `restored` one says that the chain was put back to this event on purpose, from a backup: heads of later events that
    were signed before it count no more.
    """

    seq: int
    hash: bytes
    at: datetime
    signature: bytes = b""
    restored: bool = False

    def as_json(self) -> dict[str, Any]:
        """The head as plain data."""
        return self._signed() | {"signature": self.signature.hex()}

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """The head that `as_json` gave. Raises `ValueError` for anything else."""
        try:
            head = cls(
                int(data["seq"]),
                bytes.fromhex(data["hash"]),
                datetime.fromisoformat(data["at"]),
                bytes.fromhex(data["signature"]),
                data["kind"] == "restored",
            )
        except (KeyError, TypeError):
            raise ValueError("not a head") from None
        if head.as_json() != data:
            raise ValueError("not a head")
        return head

    def to_sign(self) -> bytes:
        """The bytes that the signature covers."""
        return rfc8785.dumps(self._signed())

    def _signed(self) -> dict[str, Any]:
        return {
            "form": _FORM,
            "kind": "restored" if self.restored else "head",
            "seq": self.seq,
            "hash": self.hash.hex(),
            "at": moment_text(self.at),
        }


class Signer:
    """Signs heads. `seed` are the 32 bytes of the key."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public(self) -> bytes:
        """The 32 bytes with which anybody checks what was signed."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, head: Head) -> Head:
        """The head with its signature."""
        return replace(head, signature=self.signature_of(head.to_sign()))

    def signature_of(self, data: bytes) -> bytes:
        """The signature of bytes whose form says what they are."""
        return self._key.sign(data)


def is_signed(head: Head, public: bytes) -> bool:
    """Whether the head was signed with the key that belongs to `public`."""
    return is_signature_of(head.to_sign(), head.signature, public)


def is_signature_of(data: bytes, signature: bytes, public: bytes) -> bool:
    """Whether bytes were signed with the key that belongs to `public`."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except InvalidSignature:
        return False
    return True


def standing(heads: Iterable[Head], public: bytes) -> tuple[Head, ...]:
    """The heads of a file, in its order, without those that a signed putting back has ended."""
    stand: list[Head] = []
    for head in heads:
        if head.restored and is_signed(head, public):
            stand = [each for each in stand if each.seq <= head.seq]
        stand.append(head)
    return tuple(stand)


def moment_text(at: datetime) -> str:
    """A moment in UTC to the millisecond, as it is hashed and signed.

    >>> moment_text(datetime(2026, 10, 15, 4, tzinfo=UTC))
    '2026-10-15T04:00:00.000Z'
    """
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
