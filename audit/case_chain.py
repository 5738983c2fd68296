"""The chain of one case: what happened to a notice, in order, each event hashed over the one before and its head signed.

Nothing personal stands in a body. Where one needs a name, a number or somebody's words it holds a commitment, a hash over
the value and a random salt; value and salt are kept elsewhere, and once they are erased the chain is still whole.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, NoReturn

import rfc8785

from audit.chain import BEGINNING
from audit.heads import Signer, is_signature_of, moment_text
from locales import N_

_EVENT: Final = b"shebao case event 1\0"
_VALUE: Final = b"shebao case value 1\0"
_HEAD_FORM: Final = "shebao case head 1"
SALT_BYTES: Final = 16

#: What a body holds, and nothing else.
_SHAPE: Final[Mapping[str, type]] = {
    "v": int,
    "case": str,
    "seq": int,
    "at": str,
    "type": str,
    "actor": str,
    "data": dict,
    "values": dict,
}
#: Crockford's letters: no I, L, O or U, so that a code can be read out and typed from paper.
_BASE32: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TYPED: Final = str.maketrans("OIL", "011")

#: What can be wrong with an event.
Why = Literal["missing", "repeated", "altered", "moved", "signature", "rewritten", "truncated"]
#: The same in words.
WHYS: Final[Mapping[Why, str]] = {
    "missing": N_("这一条不在了"),
    "repeated": N_("这个编号出现了两次"),
    "altered": N_("内容被改过"),
    "moved": N_("这个位置上是另一条：被调换、插入或者删过"),
    "signature": N_("签名不对"),
    "rewritten": N_("和库外存的锚点对不上：这里被重写过"),
    "truncated": N_("从这一条起不见了：后面的被删了，或者被退回到以前"),
}
#: A step of a path to the root: on which side the other hash stands, and that hash.
Step = tuple[Literal["left", "right"], bytes]


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
class CaseHead:
    """The last event of a case at one moment."""

    case: str
    seq: int
    hash: bytes


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


def check_case(
    case: str,
    links: Iterable[CaseLink],
    public: bytes,
    written: int = 0,
    anchored: Mapping[int, bytes] | None = None,
) -> CaseCheck:
    """Walks a chain and stops at the first event that is not as it was written. Whatever it is given, it raises nothing.

    `links` come in order; `written` is how many there must be at least; `anchored` are hashes of earlier heads by their
    numbers. Both are what an anchor outside the database knows: without one, a chain that was put back to an earlier event
    with that event's own signature looks whole.
    """
    known = {} if anchored is None else anchored
    last, before = 0, BEGINNING
    for each in links:
        why = _wrong(case, each, last + 1, before, public)
        if why is None and known.get(each.seq, each.hash) != each.hash:
            why = "rewritten"
        if why is not None:
            return CaseCheck(last, before, why)
        last, before = each.seq, each.hash
    return CaseCheck(last, before, "truncated" if max(written, *known, 0) > last else None)


def read_body(body: object) -> Mapping[str, Any] | None:
    """The body of an event; None for anything that `link_event` cannot have written: the canonical form is the only one.

    >>> read_body('{"v": 1}') is None
    True
    """
    if not isinstance(body, str):
        return None
    try:
        data = json.loads(body, parse_float=_refuse, parse_constant=_refuse)
        if rfc8785.dumps(data).decode() != body or {name: type(data[name]) for name in data} != _SHAPE:
            return None
    except (ValueError, TypeError, RecursionError):
        return None
    plain = data["v"] == 1 and all(isinstance(each, str) for each in data["values"].values())
    return data if plain else None


def merkle_root(heads: Iterable[CaseHead]) -> bytes:
    """One hash over the heads of all cases, in the order of their names: what a day's anchor holds (RFC 6962, 2.1)."""
    return _root([_leaf(head) for head in _ordered(heads)])


def merkle_path(heads: Iterable[CaseHead], case: str) -> tuple[Step, ...]:
    """The hashes that lead from a case's head up to the root, nearest first. Raises `KeyError` for an unknown case."""
    ordered = _ordered(heads)
    places = {head.case: place for place, head in enumerate(ordered)}
    return tuple(_path(places[case], [_leaf(head) for head in ordered]))


def root_over(head: CaseHead, path: Iterable[Step]) -> bytes:
    """The root that a head and its path lead to; that of the anchor, if the head was under it."""
    found = _leaf(head)
    for side, other in path:
        found = _node(other, found) if side == "left" else _node(found, other)
    return found


def short_code(sealed_sha256: str, head: bytes) -> str:
    """What the employee is given to keep: 60 bits over the sealed file and the head after it was sealed.

    >>> short_code("00" * 32, bytes(32))
    'YPJZ-TGPH-D8G3'
    """
    number = int.from_bytes(hashlib.sha256(bytes.fromhex(sealed_sha256) + head).digest()[:8]) >> 4
    letters = "".join(_BASE32[number >> 5 * place & 31] for place in reversed(range(12)))
    return "-".join((letters[:4], letters[4:8], letters[8:]))


def read_short_code(text: str) -> str:
    """A short code as somebody typed it, in its own form; empty where it is none.

    >>> read_short_code(" ypjz tgph d8g3 "), read_short_code("YPJZ-TGPH")
    ('YPJZ-TGPH-D8G3', '')
    """
    plain = unicodedata.normalize("NFKC", text).upper().translate(_TYPED)
    letters = "".join(each for each in plain if each.isalnum())
    if len(letters) != 12 or not set(letters) <= set(_BASE32):
        return ""
    return "-".join((letters[:4], letters[4:8], letters[8:]))


def _wrong(case: str, link: CaseLink, expected: int, before: bytes, public: bytes) -> Why | None:
    if type(link.seq) is not int:
        return "altered"
    if link.seq != expected:
        return "missing" if link.seq > expected else "repeated"
    data = read_body(link.body)
    if data is None:
        return "altered"
    if not (data["case"], data["seq"]) == (case, expected) == (link.case, link.seq):
        return "moved"
    if digest(before, link.body) != link.hash:
        return "altered"
    if any(data["values"].get(name) != each.hash for name, each in link.committed.items()):
        return "altered"
    return None if _is_signed(head_bytes(case, expected, link.hash), link.signature, public) else "signature"


def _is_signed(data: bytes, signature: bytes, public: bytes) -> bool:
    try:
        return is_signature_of(data, signature, public)
    except (ValueError, TypeError):  # no signature and no key at all
        return False


def _refuse(text: str) -> NoReturn:
    raise ValueError(text)


def _ordered(heads: Iterable[CaseHead]) -> list[CaseHead]:
    return sorted(heads, key=lambda head: head.case)


def _leaf(head: CaseHead) -> bytes:
    return hashlib.sha256(b"\0" + head_bytes(head.case, head.seq, head.hash)).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _split(count: int) -> int:
    """The largest power of two below `count`: what goes to the left."""
    return 1 << (count - 1).bit_length() - 1


def _root(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    left = _split(len(leaves))
    return _node(_root(leaves[:left]), _root(leaves[left:]))


def _path(place: int, leaves: Sequence[bytes]) -> Iterator[Step]:
    if len(leaves) < 2:
        return
    left = _split(len(leaves))
    if place < left:
        yield from _path(place, leaves[:left])
        yield "right", _root(leaves[left:])
    else:
        yield from _path(place - left, leaves[left:])
        yield "left", _root(leaves[:left])
