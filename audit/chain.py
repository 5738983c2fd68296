"""The chain: every event as canonical JSON with a hash over the event before it and itself.

What may have to be erased does not stand in the chain. Whom an event is about, and what somebody typed as the reason,
stand beside it with a random salt each; the chain holds hashes of both. Where the salt is thrown away, nobody can guess
any more what the hash stands for, and the chain is still whole.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

import rfc8785

from audit.events import Event
from audit.heads import Head, is_signed, moment_text
from locales import N_

#: What the first event follows.
BEGINNING: Final = bytes(32)
_EVENT: Final = b"shebao audit event 1\0"
_ITEM: Final = b"shebao audit item 1\0"
_LIST: Final = b"shebao audit list 1\0"
_REASON: Final = b"shebao audit reason 1\0"
_SALT_BYTES: Final = 16

Why = Literal[
    "missing", "repeated", "altered", "moved", "index", "list", "reason", "head", "signature", "truncated"
]
#: What can be wrong with an event, in words.
WHYS: Final[dict[Why, str]] = {
    "missing": N_("这一条不在了"),
    "repeated": N_("这个编号出现了两次"),
    "altered": N_("内容被改过"),
    "moved": N_("这个位置上是另一条：被调换、插入或者删过"),
    "index": N_("检索用的时间、事项或经手人和正文对不上"),
    "list": N_("涉及的人的名单被改过"),
    "reason": N_("写下的理由被改过"),
    "head": N_("和签过名的链头对不上：这里和上一个链头之间被重写过"),
    "signature": N_("链头的签名不对"),
    "truncated": N_("从这一条起不见了：后面的被删了，或者数据库被退回到以前"),
}


@dataclass(frozen=True, slots=True)
class Item:
    """One of those whom an event is about. Reference and salt are None once they are erased."""

    hash: bytes
    subject: str | None = field(repr=False)
    salt: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reason:
    """What somebody typed, with the salt of its hash."""

    text: str = field(repr=False)
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Link:
    """One event of the chain. `body` is the text that was hashed; `items` and `reason` stand beside it.

    `index` is moment, act and actor as a store lists the event by; None where it comes from a file.
    """

    seq: int
    body: str
    hash: bytes
    items: tuple[Item, ...] = ()
    reason: Reason | None = field(default=None, repr=False)
    index: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """The first event that is not as it was written, and what is wrong with it."""

    seq: int
    why: Why


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found: up to which event the chain is whole, that event's hash, and what is broken after it."""

    last: int
    hash: bytes
    broken: Broken | None = None


def link(seq: int, event: Event, now: datetime, before: bytes) -> Link:
    """An event as the next of the chain; `before` is the hash of the one before."""
    items = tuple(sorted(map(_item, event.about), key=lambda item: item.hash))
    reason = Reason(event.reason, secrets.token_bytes(_SALT_BYTES)) if event.reason else None
    body = rfc8785.dumps(
        {
            "v": 1,
            "seq": seq,
            "at": moment_text(now),
            "act": event.act,
            "actor": event.actor,
            "about": {"count": len(items), "root": _root(items)},
            "details": dict(event.details),
            "reason": None if reason is None else _committed(reason),
        }
    ).decode()
    return Link(seq, body, digest(before, body), items, reason, (moment_text(now), event.act, event.actor))


def digest(before: bytes, body: str) -> bytes:
    """The hash of an event."""
    return hashlib.sha256(_EVENT + before + body.encode("utf-8", "surrogatepass")).digest()


def check(links: Iterable[Link], heads: Sequence[Head], public: bytes, written: int = 0) -> Check:
    """Walks the chain from its beginning and stops at the first event that is not as it was written.

    `links` come in the order of their numbers; `heads` were signed with the key that belongs to `public`; `written` is
    how many events there must be at least.
    """
    signed: dict[int, list[Head]] = {}
    for head in heads:
        signed.setdefault(head.seq, []).append(head)
    last, before = 0, BEGINNING
    for each in links:
        broken = _wrong(each, last + 1, before) or _unsigned(each, signed.get(each.seq, ()), public)
        if broken is not None:
            return Check(last, before, broken)
        last, before = each.seq, each.hash
    beyond = [head for head in heads if head.seq > last]
    if forged := [head.seq for head in beyond if not is_signed(head, public)]:
        return Check(last, before, Broken(min(forged), "signature"))
    if beyond or written > last:
        return Check(last, before, Broken(last + 1, "truncated"))
    return Check(last, before)


def _wrong(link: Link, expected: int, before: bytes) -> Broken | None:
    """What an event by itself tells against its place."""
    if link.seq > expected:
        return Broken(expected, "missing")
    if link.seq < expected:
        return Broken(link.seq, "repeated")
    data = _read(link.body)
    why: Why | None = None
    if data is None:
        why = "altered"
    elif data["seq"] != expected:
        why = "moved"
    elif digest(before, link.body) != link.hash:
        why = "altered"
    elif link.index is not None and link.index != (data["at"], data["act"], data["actor"]):
        why = "index"
    elif not _lists(link.items, data["about"]):
        why = "list"
    elif link.reason is not None and _committed(link.reason) != data["reason"]:
        why = "reason"
    return None if why is None else Broken(expected, why)


def _unsigned(link: Link, heads: Iterable[Head], public: bytes) -> Broken | None:
    """What the heads of an event tell against it."""
    for head in heads:
        if not is_signed(head, public):
            return Broken(link.seq, "signature")
        if head.hash != link.hash:
            return Broken(link.seq, "head")
    return None


def _read(body: str) -> dict[str, Any] | None:
    """The body as data; None where it is none of ours."""
    try:
        data = json.loads(body)
        return data if {"seq", "at", "act", "actor", "about", "reason"} <= data.keys() else None
    except (ValueError, AttributeError):
        return None


def _lists(items: Sequence[Item], about: Any) -> bool:
    """Whether these are the items that were written, each with the reference it was made of unless that is erased."""
    whole = all(
        item.salt is None
        if item.subject is None
        else item.salt is not None and _hash(item.subject, item.salt) == item.hash
        for item in items
    )
    return whole and about == {"count": len(items), "root": _root(items)}


def _item(subject: str) -> Item:
    salt = secrets.token_bytes(_SALT_BYTES)
    return Item(_hash(subject, salt), subject, salt)


def _hash(subject: str, salt: bytes) -> bytes:
    return hashlib.sha256(_ITEM + salt + subject.encode("utf-8", "surrogatepass")).digest()


def _root(items: Iterable[Item]) -> str:
    return hashlib.sha256(_LIST + b"".join(sorted(item.hash for item in items))).hexdigest()


def _committed(reason: Reason) -> str:
    return hashlib.sha256(_REASON + reason.salt + reason.text.encode("utf-8", "surrogatepass")).hexdigest()
