"""The nightly self-audit: every chain, a sample of the sealed files, every day's anchor; and its report, signed.

The report is itself something to show (电子签名法 第八条 asks how reliably data are kept), and what it finds HR's console says
the next morning.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal, Protocol

import rfc8785

from audit.case_chain import WHYS, CaseHead, CaseLink, check_case, read_body
from audit.heads import Signer, is_signature_of, moment_text
from locales import N_, Say
from notices.anchors import Anchor
from notices.timestamps import NoTimestamp, check_token
from notices.verifying import CHINA, TITLES, Known, Line, Trust, verify

_FORM: Final = "shebao notice audit 1"
#: Sealed files that are read in one night; over time every one has its turn.
SAMPLE: Final = 50
#: Findings that a report names one by one; it counts all of them.
NAMED: Final = 200

What = Literal["chain", "gone", "file", "no_file", "anchor", "anchor_file"]
FOUND: Final[Mapping[What, str]] = {
    "chain": N_("链断在第 {seq} 条：{why}。"),
    "gone": N_("锚点里有这条链，库里没有了。"),
    "file": N_("封存的文件查出问题：{title}。"),
    "no_file": N_("链里记着封存过的文件，库里没有了。"),
    "anchor": N_("{on} 的锚点，时间戳不对。"),
    "anchor_file": N_("{on} 的锚点，库外的文件没有、缺了，或者和库里的不一样。"),
}
ALL_GOOD: Final = N_("{at} 自查：{cases} 条链、抽查的 {files} 份文件、{anchors} 天的锚点，都对得上。")
SOME_WRONG: Final = N_(
    "{at} 自查：{cases} 条链、抽查的 {files} 份文件、{anchors} 天的锚点，有 {count} 处对不上。"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written. `case` is the notice, empty for what concerns a day's anchor."""

    what: What
    case: str = ""
    figures: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()

    def said(self, say: Say) -> str:
        """What was found; figures that are in `words` are texts themselves."""
        figures = {name: say(value) if name in self.words else value for name, value in self.figures.items()}
        return say(FOUND[self.what], **figures)


@dataclass(frozen=True, slots=True)
class Report:
    """What a self-audit looked at and found."""

    at: datetime
    cases: int
    events: int
    files: int
    anchors: int
    findings: tuple[Finding, ...] = ()

    @property
    def line(self) -> tuple[str, dict[str, str]]:
        """The report in one sentence, for the console and for paper, and its figures."""
        figures = {
            "at": self.at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M"),
            "cases": str(self.cases),
            "files": str(self.files),
            "anchors": str(self.anchors),
        }
        if not self.findings:
            return ALL_GOOD, figures
        return SOME_WRONG, figures | {"count": str(len(self.findings))}

    def as_json(self) -> dict[str, Any]:
        """The report as plain data, with the first findings by name."""
        return {
            "form": _FORM,
            "at": moment_text(self.at),
            "cases": self.cases,
            "events": self.events,
            "files": self.files,
            "anchors": self.anchors,
            "found": len(self.findings),
            "findings": [
                {"what": each.what, "case": each.case, "figures": dict(each.figures)}
                for each in self.findings[:NAMED]
            ],
        }


class Audited(Protocol):
    """What a self-audit reads."""

    def cases(self) -> Iterable[str]:
        """Every case that has a chain."""

    def links(self, case: str) -> Sequence[CaseLink]:
        """A case's chain."""

    def files(self) -> Sequence[str]:
        """The SHA-256 of every sealed file that is kept."""

    def known(self, sha256: str) -> Known | None:
        """What is known of a sealed file, with the file itself; None where it cannot be read any more."""

    def roots(self) -> Mapping[date, bytes]:
        """The root of each day's anchor as the database has it."""

    def anchored(self) -> Sequence[tuple[Anchor, tuple[CaseHead, ...]]]:
        """The anchors whose files outside the database are whole, with their heads."""


def self_audit(audited: Audited, trust: Trust, now: datetime, count: int = SAMPLE) -> Report:
    """Looks at everything that can be looked at in a night. Nothing that it finds makes it stumble."""
    kept = audited.files()
    anchored = audited.anchored()
    heads = _heads_of(anchored)
    findings = list(_anchors(anchored, audited.roots(), trust))
    cases = events = 0
    for case in audited.cases():
        links = audited.links(case)
        cases, events = cases + 1, events + len(links)
        findings += _case(case, links, heads.pop(case, {}), trust.public, frozenset(kept))
    findings += [Finding("gone", case) for case in sorted(heads)]
    chosen = sampled(kept, now.astimezone(CHINA).date(), count)
    for sha256 in chosen:
        findings += _file(sha256, audited.known(sha256))
    return Report(now, cases, events, len(chosen), len(anchored), tuple(findings))


def sampled(hashes: Iterable[str], on: date, count: int) -> tuple[str, ...]:
    """A day's sample: nobody can tell it in advance without the files, and every day has another.

    >>> len(sampled(["aa", "bb", "cc"], date(2026, 11, 20), 2))
    2
    """
    day = on.isoformat().encode()
    order = sorted(hashes, key=lambda each: hashlib.sha256(day + each.encode()).digest())
    return tuple(order[:count])


def signed(report: Report, signer: Signer) -> str:
    """The report as a line of JSON with the signature of the key that signs the heads."""
    data = report.as_json()
    signature = signer.signature_of(rfc8785.dumps(data)).hex()
    return json.dumps(data | {"signature": signature}, ensure_ascii=False, separators=(",", ":"))


def is_signed(text: str, public: bytes) -> bool:
    """Whether a line is a report as it was signed; anything else is not."""
    try:
        data = json.loads(text)
        signature = bytes.fromhex(data.pop("signature"))
        return data["form"] == _FORM and is_signature_of(rfc8785.dumps(data), signature, public)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


def _heads_of(anchored: Iterable[tuple[Anchor, Iterable[CaseHead]]]) -> dict[str, dict[int, bytes]]:
    """The hashes that are known outside the database, by case and number."""
    found: dict[str, dict[int, bytes]] = {}
    for _, heads in anchored:
        for head in heads:
            found.setdefault(head.case, {})[head.seq] = head.hash
    return found


def _anchors(
    anchored: Iterable[tuple[Anchor, object]], roots: Mapping[date, bytes], trust: Trust
) -> Iterator[Finding]:
    """Each day's anchor in the database and outside it must be the same, and its time stamp good."""
    outside = {anchor.on: anchor for anchor, _ in anchored}
    for on in sorted({*outside, *roots}):
        anchor, figures = outside.get(on), {"on": on.isoformat()}
        if anchor is None or roots.get(on) != anchor.root:
            yield Finding("anchor_file", figures=figures)
        elif anchor.token and not _is_good(anchor, trust):
            yield Finding("anchor", figures=figures)


def _is_good(anchor: Anchor, trust: Trust) -> bool:
    try:
        check_token(anchor.token, anchor.root, trust.timestamps)
    except NoTimestamp:
        return False
    return True


def _case(
    case: str, links: Sequence[CaseLink], anchored: Mapping[int, bytes], public: bytes, kept: frozenset[str]
) -> Iterator[Finding]:
    check = check_case(case, links, public, anchored=anchored)
    if check.why is not None:
        yield Finding("chain", case, {"seq": str(check.last + 1), "why": WHYS[check.why]}, ("why",))
    bodies = [body for link in links if (body := read_body(link.body)) is not None]
    if any(body["type"] == "erased" for body in bodies):
        return  # what was erased when its time had come is not missing
    named = {body["data"].get("sealed_sha256") for body in bodies if body["type"] == "sealed"}
    if not named <= kept:
        yield Finding("no_file", case)


def _file(sha256: str, known: Known | None) -> Iterator[Finding]:
    if known is None or hashlib.sha256(known.pdf).hexdigest() != sha256:
        yield Finding("file", "" if known is None else known.case, {"title": TITLES["hash"]}, ("title",))
        return
    wrong: list[Line] = [line for line in verify(known.pdf, known) if line.state == "failed"]
    for line in wrong:
        yield Finding("file", known.case, {"title": line.title}, ("title",))
