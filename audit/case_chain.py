"""The chain of one case: what happened to a notice, in order, each event hashed over the one before and its head signed.

Nothing personal stands in a body. Where one needs a name, a number or somebody's words it holds a commitment, a hash over
the value and a random salt; value and salt are kept elsewhere, and once they are erased the chain is still whole.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

import rfc8785

from audit.chain import BEGINNING
from audit.heads import Signer, is_signature_of, moment_text

_EVENT: Final = b"shebao case event 1\0"
_VALUE: Final = b"shebao case value 1\0"
_HEAD_FORM: Final = "shebao case head 1"
SALT_BYTES: Final = 16

#: What can be wrong with an event.
Why = Literal["missing", "repeated", "altered", "moved", "signature", "truncated"]


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One thing that happened. `data` are words, numbers and lists of them, and tell nothing about a person; `values` are what
    is committed to, by name."""

    type: str
    actor: str
    data: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Committed:
    """A value with the salt of its hash: kept sealed beside the chain, and erased when its time comes."""

    value: str = field(repr=False)
    salt: bytes = field(repr=False)

    @property
    def hash(self) -> str:
        """What the chain holds of it."""
        data = _VALUE + self.salt + self.value.encode("utf-8", "surrogatepass")
        return hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class CaseLink:
    """An event of a case's chain, with the signature of the head that it was when it was written."""

    case: str
    seq: int
    body: str
    hash: bytes
    signature: bytes
    committed: Mapping[str, Committed] = field(default_factory=dict, repr=False)

    @property
    def data(self) -> Mapping[str, Any]:
        """The body as data."""
        read: Mapping[str, Any] = json.loads(self.body)
        return read


@dataclass(frozen=True, slots=True)
class CaseCheck:
    """Up to which event a chain is whole, that event's hash, and what is wrong after it."""

    last: int
    hash: bytes
    why: Why | None = None


def link_event(
    case: str, seq: int, event: CaseEvent, now: datetime, before: CaseLink | None, signer: Signer
) -> CaseLink:
    """An event as the next of its case; `before` is the one before, None for the first."""
    committed = {
        name: Committed(value, secrets.token_bytes(SALT_BYTES)) for name, value in event.values.items()
    }
    body = rfc8785.dumps(
        {
            "v": 1,
            "case": case,
            "seq": seq,
            "at": moment_text(now),
            "type": event.type,
            "actor": event.actor,
            "data": dict(event.data),
            "values": {name: each.hash for name, each in committed.items()},
        }
    ).decode()
    hash = digest(BEGINNING if before is None else before.hash, body)
    return CaseLink(case, seq, body, hash, signer.signature_of(head_bytes(case, seq, hash)), committed)


def digest(before: bytes, body: str) -> bytes:
    """The hash of an event."""
    return hashlib.sha256(_EVENT + before + body.encode("utf-8", "surrogatepass")).digest()


def head_bytes(case: str, seq: int, hash: bytes) -> bytes:
    """What the signature of a head covers."""
    return rfc8785.dumps({"form": _HEAD_FORM, "case": case, "seq": seq, "hash": hash.hex()})


def check_case(case: str, links: Iterable[CaseLink], public: bytes, written: int = 0) -> CaseCheck:
    """Walks a chain and stops at the first event that is not as it was written.

    `links` come in order; `written` is how many there must be at least, as an anchor outside the database knows.
    """
    last, before = 0, BEGINNING
    for each in links:
        why = _wrong(case, each, last + 1, before, public)
        if why is not None:
            return CaseCheck(last, before, why)
        last, before = each.seq, each.hash
    return CaseCheck(last, before, "truncated" if written > last else None)


def _wrong(case: str, link: CaseLink, expected: int, before: bytes, public: bytes) -> Why | None:
    if link.seq != expected:
        return "missing" if link.seq > expected else "repeated"
    try:
        data = json.loads(link.body)
        placed = (data["case"], data["seq"]) == (case, expected) == (link.case, link.seq)
        committed = data["values"]
    except (ValueError, KeyError, TypeError):
        return "altered"
    if not placed:
        return "moved"
    if digest(before, link.body) != link.hash:
        return "altered"
    if any(committed.get(name) != each.hash for name, each in link.committed.items()):
        return "altered"
    if not is_signature_of(head_bytes(case, expected, link.hash), link.signature, public):
        return "signature"
    return None
