"""How long a notice takes on its way to the file: the paper, the seal, the check; and a chain and a day's anchor."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import click

from audit.case_chain import CaseEvent, CaseHead, CaseLink, check_case, link_event, merkle_root
from audit.heads import Signer
from notices.drafting import Issuer, Occasion, draft
from notices.notice import Content
from notices.paper import Letterhead, signed_pdf
from notices.seal_keys import CERTIFICATE_FILE, KEY_FILE, OrganisationKey, read_key, write_own
from notices.sealing import seal
from notices.verifying import Known, Trust, all_good, verify
from people.employees import Employee
from policy_kb import compiled
from policy_kb.library import Library

NOW: Final = datetime(2026, 10, 15, 4, tzinfo=UTC)
COMPANY: Final = "苏州示例纺织有限公司"
CASE: Final = "0a0b0c0d0e0f40008000000000000001"
SIGNER: Final = Signer(bytes(range(32)))
HEAD: Final = Letterhead("https://shebao.example")
#: Milliseconds that paper, seal and check may take together, at the median.
LIMIT: Final = 100.0
STROKES: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 200">'
    '<path d="M20 150L80 40L120 170L200 30L380 120" fill="none" stroke="#111" stroke-width="6"/></svg>'
)
EVENTS: Final = 10_000
HEADS: Final = 5_000


def run(*, quick: bool) -> None:
    """Prints the median milliseconds of each step, and of all of them beside the limit."""
    repeats = 10 if quick else 50
    library = compiled.load()
    with TemporaryDirectory(prefix="shebao-bench-") as folder:
        write_own(Path(folder), COMPANY, NOW)
        key = read_key(Path(folder) / KEY_FILE, Path(folder) / CERTIFICATE_FILE)
    papers: list[float] = []
    seals: list[float] = []
    checks: list[float] = []
    for number in range(repeats + 3):  # the first ones warm up fonts and libraries
        took = _notice(library, key, 300_000 + number * 1_000)
        for times, each in zip((papers, seals, checks), took, strict=True):
            times.append(each)
    together = [sum(each) for each in zip(papers[3:], seals[3:], checks[3:], strict=True)]
    for name, times in (("paper", papers[3:]), ("seal", seals[3:]), ("check", checks[3:])):
        click.echo(f"notice, {name}: {median(times):.1f} ms")
    spent = median(together)
    click.echo(
        f"notice, paper, seal and check (limit {LIMIT:.0f} ms): median {spent:.1f} ms, longest {max(together):.1f} ms; "
        f"median / limit {spent / LIMIT:.2f}"
    )
    _chain(EVENTS // 10 if quick else EVENTS)
    heads = [CaseHead(f"{number:032x}", 12, bytes(32)) for number in range(HEADS)]
    click.echo(f"root over {HEADS} heads: {_once(lambda: merkle_root(heads)):.0f} ms")


def _notice(library: Library, key: OrganisationKey, wage: int) -> tuple[float, float, float]:
    """Milliseconds of the three steps for one employee; each has another wage, so that nothing is known by heart."""
    employee = Employee(
        "1", "A0034", "李小梅", "320500", wage=wage,
        joined_on=date(2026, 10, 1), insured_since=date(2026, 10, 1),
    )  # fmt: skip
    issuer = Issuer(COMPANY, "91350100M000100Y43", "人力资源部")
    occasion = Occasion(
        "notice", date(2026, 10, 1), date(2026, 10, 15), date(2026, 10, 22), "N-000123", issuer
    )
    content = draft(library, employee, occasion)
    links = _answered(content)
    answer = {
        "outcome": "objected",
        "shown": content.sha256,
        "consent": "cd" * 32,
        "lines": ["medical"],
        "statement": "我看到了，有话要说：药钱紧",
        "at": NOW.isoformat(),
    }
    started = time.perf_counter()
    pdf = signed_pdf(content, answer, links, HEAD, STROKES)
    made = time.perf_counter()
    file = seal(pdf, key, None, NOW, "N-000123")
    sealed = time.perf_counter()
    said = {
        "unsealed_sha256": hashlib.sha256(pdf).hexdigest(),
        "sealed_sha256": file.sha256,
        "certificate_sha256": file.certificate_sha256,
        "level": file.level,
        "timestamp": file.timestamp,
    }
    last = link_event(CASE, len(links) + 1, CaseEvent("sealed", "system", said), NOW, links[-1], SIGNER)
    known = Known(Trust((key.certificates,), (), SIGNER.public), CASE, (*links, last))
    begun = time.perf_counter()
    lines = verify(file.pdf, known)
    ended = time.perf_counter()
    if not all_good(lines):
        raise click.ClickException("notices: a file that was just sealed does not check")
    return (made - started) * 1000, (sealed - made) * 1000, (ended - begun) * 1000


def _answered(content: Content) -> tuple[CaseLink, ...]:
    """What happened until it was answered."""
    events: tuple[tuple[str, dict[str, Any]], ...] = (
        ("issued", {"content_sha256": content.sha256, "template": "contribution_notice/1", "confirmation": "ab" * 32}),
        ("sent", {"channel": "wechat", "kind": "first", "step": 1}),
        ("looked", {}),
        ("code_sent", {"channel": "wechat"}),
        ("entered", {"by": ["channel:wechat", "code", "id_tail"]}),
        ("read", {"seconds": 214}),
        ("checked", {"employee_total": True, "signing": True, "refusing": True}),
        ("answered", {"outcome": "objected", "shown_sha256": content.sha256}),
    )  # fmt: skip
    return _linked([CaseEvent(type, "employee", data) for type, data in events])


def _linked(events: list[CaseEvent]) -> tuple[CaseLink, ...]:
    links: list[CaseLink] = []
    for seq, event in enumerate(events, 1):
        before = links[-1] if links else None
        links.append(link_event(CASE, seq, event, NOW + timedelta(seconds=seq), before, SIGNER))
    return tuple(links)


def _chain(events: int) -> None:
    links = _linked([CaseEvent("sent", "system", {"channel": "wechat", "step": 1})] * events)
    spent = _once(lambda: check_case(CASE, links, SIGNER.public))
    if check_case(CASE, [*links[:-1], replace(links[-1], signature=bytes(64))], SIGNER.public).why is None:
        raise click.ClickException("notices: a forged head was not found")
    click.echo(f"chain of {events} events checked: {spent:.0f} ms")


def _once(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000
