"""The day's anchor: one hash over the heads of all cases, which a time-stamp service and a file outside the database hold.

Whoever puts the database back to an earlier day puts the key's own old signatures back with it. The anchor shows that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Self

from audit.case_chain import CaseHead, Step, merkle_path, merkle_root, root_over
from audit.heads import moment_text
from notices.timestamps import Failure, NoTimestamp, TimeStamper

_FORM: Final = "shebao notice anchor 1"
_HEAD: Final = "shebao anchored head 1"


@dataclass(frozen=True, slots=True)
class Anchor:
    """The root over so many heads on a day. `token` is the time stamp over the root; empty where there is none."""

    on: date
    root: bytes
    heads: int
    made_at: datetime
    token: bytes = field(default=b"", repr=False)

    def as_json(self) -> dict[str, Any]:
        """The anchor as plain data."""
        return {
            "form": _FORM,
            "on": self.on.isoformat(),
            "root": self.root.hex(),
            "heads": self.heads,
            "made_at": moment_text(self.made_at),
            "token": self.token.hex(),
        }

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """The anchor that `as_json` gave. Raises `ValueError` for anything else."""
        try:
            anchor = cls(
                date.fromisoformat(data["on"]),
                bytes.fromhex(data["root"]),
                int(data["heads"]),
                datetime.fromisoformat(data["made_at"]),
                bytes.fromhex(data["token"]),
            )
            if anchor.as_json() != data:
                raise ValueError
        except (KeyError, TypeError, ValueError, OverflowError):
            raise ValueError("not an anchor") from None
        return anchor


@dataclass(frozen=True, slots=True)
class AnchoredHead:
    """A head of one case under a day's anchor, and the path that leads from it to the root."""

    anchor: Anchor
    head: CaseHead
    path: tuple[Step, ...]

    @property
    def holds(self) -> bool:
        """Whether the head is under the anchor."""
        return root_over(self.head, self.path) == self.anchor.root

    def as_json(self) -> dict[str, Any]:
        """The head with its anchor as plain data."""
        return {
            "form": _HEAD,
            "anchor": self.anchor.as_json(),
            "case": self.head.case,
            "seq": self.head.seq,
            "hash": self.head.hash.hex(),
            "path": [[side, other.hex()] for side, other in self.path],
        }

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """What `as_json` gave. Raises `ValueError` for anything else."""
        try:
            read = cls(
                Anchor.from_json(data["anchor"]),
                CaseHead(str(data["case"]), int(data["seq"]), bytes.fromhex(data["hash"])),
                tuple((side, bytes.fromhex(other)) for side, other in data["path"]),
            )
            if read.as_json() != data or any(side not in ("left", "right") for side, _ in read.path):
                raise ValueError
        except (KeyError, TypeError, ValueError):
            raise ValueError("not a head under an anchor") from None
        return read


def make_anchor(
    heads: Iterable[CaseHead], on: date, now: datetime, timestamper: TimeStamper | None
) -> tuple[Anchor, Failure | None]:
    """The anchor over the heads as they stand, and why it has no time stamp where one was to be had."""
    every = tuple(heads)
    anchor = Anchor(on, merkle_root(every), len(every), now)
    if timestamper is None:
        return anchor, None
    try:
        token = timestamper.stamp(anchor.root)
    except NoTimestamp as error:
        return anchor, error.why
    return Anchor(on, anchor.root, anchor.heads, now, token.response), None


def under(anchor: Anchor, heads: Iterable[CaseHead], case: str) -> AnchoredHead | None:
    """A case's head under an anchor, as a proof for whoever has not the others. `heads` are those that the anchor was made
    of; None where the case was not among them, or where they are others now."""
    every = {head.case: head for head in heads}
    if case not in every or merkle_root(every.values()) != anchor.root:
        return None
    return AnchoredHead(anchor, every[case], merkle_path(every.values(), case))


def write_heads(anchor: Anchor, heads: Iterable[CaseHead]) -> Iterator[str]:
    """The lines of the file outside the database: the anchor, and each head under it."""
    yield json.dumps(anchor.as_json(), separators=(",", ":")) + "\n"
    for head in sorted(heads, key=lambda each: each.case):
        yield json.dumps([head.case, head.seq, head.hash.hex()], separators=(",", ":")) + "\n"


def read_heads(lines: Iterable[str]) -> tuple[Anchor, tuple[CaseHead, ...]]:
    """What `write_heads` wrote. Raises `ValueError` where it is not whole."""
    try:
        first, *rest = lines
        anchor = Anchor.from_json(json.loads(first))
        read = (json.loads(line) for line in rest)
        heads = tuple(CaseHead(str(case), int(seq), bytes.fromhex(hash)) for case, seq, hash in read)
    except (TypeError, ValueError, RecursionError):
        raise ValueError("not the heads of an anchor") from None
    if merkle_root(heads) != anchor.root:
        raise ValueError("not the heads of an anchor")
    return anchor, heads
