"""李小梅 of the first story: 3500 yuan in Suzhou, the plant that employs her, and what happened to her notice."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from audit.case_chain import CaseEvent, CaseLink, link_event
from audit.heads import Signer
from notices.drafting import Issuer, Occasion, OnRecord, draft
from notices.notice import Content, NoticeKind
from notices.paper import Letterhead
from people.employees import Employee
from policy_kb.library import Library

PLANT = Issuer("苏州示例纺织有限公司", "91350100M000100Y43", "人力资源部赵静，0512-66668888")
ALI = Employee(
    "1",
    "A0034",
    "李小梅",
    "320500",
    home_region="341200",
    wage=350_000,
    id_number="11010519491231002X",
    joined_on=date(2026, 10, 1),
    insured_since=date(2026, 10, 1),
)
OCTOBER = date(2026, 10, 1)
HEAD = Letterhead("https://shebao.example")
SIGNATURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="80 60 400 250" width="400" height="250">'
    '<path d="M100 200L160 120L200 260L260 140L420 250" fill="none" stroke="#111" stroke-width="9"/></svg>'
)


def occasion(kind: NoticeKind = "notice", month: date = OCTOBER, **values: Any) -> Occasion:
    made = Occasion(kind, month, date(2026, 10, 15), date(2026, 10, 22), "N-000123", PLANT)
    return replace(made, **values)


def drafted(
    library: Library, employee: Employee = ALI, known: OnRecord | None = None, **values: Any
) -> Content:
    return draft(library, employee, occasion(**values), known)


def lines(content: Content) -> dict[str, tuple[str, str]]:
    """What each line takes of the employee and of the employer."""
    return {line["key"]: (line["employee"], line["employer"]) for line in content.data["lines"]}


def words(content: Content) -> str:
    """The whole text of a notice."""
    return "\n".join(text for section in content.data["sections"] for text in section["paragraphs"])


def happened(content: Content, outcome: str = "objected") -> list[CaseLink]:
    """What happened to a notice until it was answered."""
    events: Sequence[tuple[str, dict[str, Any]]] = (
        (
            "issued",
            {
                "content_sha256": content.sha256,
                "template": "contribution_notice/1",
                "confirmation": "ab" * 32,
            },
        ),
        ("sent", {"channel": "wechat", "kind": "first", "step": 1}),
        ("looked", {}),
        ("code_sent", {"channel": "wechat"}),
        ("denied", {"why": "wrong_code"}),
        ("entered", {"by": ["channel:wechat", "code", "id_tail"]}),
        ("flagged", {"why": "same_network_as_hr"}),
        ("read", {"seconds": 214}),
        ("checked", {"own_share": False, "signing": True, "refusing": True}),
        ("checked", {"own_share": True}),
        ("answered", {"outcome": outcome, "shown_sha256": content.sha256}),
    )
    chain: list[CaseLink] = []
    signer, at = Signer(bytes(range(32))), datetime(2026, 10, 15, 1, tzinfo=UTC)
    for seq, (type, data) in enumerate(events, 1):
        before = chain[-1] if chain else None
        event = CaseEvent(type, "employee", data)
        chain.append(link_event("case", seq, event, at + timedelta(minutes=seq), before, signer))
    return chain


def answered(content: Content, outcome: str = "objected", **values: Any) -> dict[str, Any]:
    """An answer as it is kept."""
    return {
        "outcome": outcome,
        "shown": content.sha256,
        "consent": "cd" * 32,
        "lines": ["medical"],
        "statement": "我看到了，有话要说：药钱紧",
        "strokes": [{"points": [[100, 200, 0], [200, 120, 90]]}],
        "at": "2026-10-15T17:30:00+00:00",
    } | values


def picture(size: int = 120) -> bytes:
    """A red square as a PNG, for a seal."""
    rows = b"".join(b"\0" + b"\xc8\x1e\x1e\xb4" * size for _ in range(size))

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
