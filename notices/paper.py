"""Notices on paper: the notice, the form to sign by hand, the file with the answer and how it came about, and what goes with
them. All are made of frozen data: the same data give the same bytes.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from io import BytesIO
from typing import Any, Final

import segno

from audit.case_chain import CaseLink
from documents.glyphs import printable
from documents.rendering import draws, render
from locales import as_written
from notices.answering import Stroke
from notices.notice import Content
from notices.paper_words import (
    CHAT_AUTHORS,
    CONFIRMATION,
    EVIDENCE,
    FORM_OUTCOMES,
    LABELS,
    WITNESS,
    channel_words,
    detail_words,
    event_words,
    flag_words,
    identity_words,
    moment_words,
    outcome_words,
    short,
)
from notices.questions import ASKED
from notices.texts import article_words
from people.employees import Employee
from people.entities import Companies, LegalEntity

#: Bytes of JSON that a notice is made from: the picture of a seal is the largest part of it.
LARGEST: Final = 3_000_000
#: Events of one file.
MOST_EVENTS: Final = 400


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What a file shows beside what it says: the address of the pages, and the picture of the company's seal, a PNG."""

    address: str
    seal: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Worth:
    """How a file is going to be sealed. `stamped` must be what will be so: where the service fails the file is made anew."""

    self_made: bool = True
    stamped: bool = False


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A line of a list of evidence 证据目录."""

    name: str
    source: str
    purpose: str
    pages: str


def notice_pdf(content: Content, head: Letterhead, *, draft: bool = False) -> bytes:
    """The notice as PDF/A-2u; a draft says on every page that it is one. Raises `documents.rendering.MissingGlyph`."""
    return _render(content, head, "draft" if draft else "notice")


def print_form(content: Content, head: Letterhead) -> bytes:
    """The notice with a place to sign on, for handing over and for registered post, and lines for two witnesses."""
    return _render(content, head, "form")


def witness_form(content: Content, head: Letterhead) -> bytes:
    """What two witnesses sign when somebody does not take a notice: it names the notice and says nothing of its figures."""
    return render("witness_form", _common(content, head) | {"witness": WITNESS}, largest=LARGEST)


def signed_pdf(
    content: Content,
    answer: Mapping[str, Any],
    events: Sequence[CaseLink],
    head: Letterhead,
    signature: str = "",
    worth: Worth | None = None,
) -> bytes:
    """The notice with the answer and how it came about, ready to be sealed.

    `answer` is what was answered, as it is kept: outcome, shown, consent, lines, statement, and at (ISO); the outcome is
    `silent` where nobody answered in time. `events` is the
    chain up to the answer; `signature` the strokes as SVG. What cannot be printed of the employee's own words is named.
    """
    at = datetime.fromisoformat(answer["at"])
    signed = _answered(content, answer, events, signature, worth or Worth())
    rows = [_event_row(each) for each in events[-MOST_EVENTS:]]
    data = {"signed": signed | {"answered_at": moment_words(at)}, "events": rows}
    # The file is of the day in China on which it was answered.
    return _render(content, head, "signed", data | {"on": moment_words(at)[:10]})


def confirmation_forms(people: Sequence[Employee], company: LegalEntity, contact: str, on: date) -> bytes:
    """The 电子送达与电子签名确认书 of each, a page each, to be signed by hand once."""
    forms = [
        {"name": each.name, "number": each.number, "phone": each.phone, "id_tail": each.id_number[-4:]}
        for each in people
    ]
    data = {
        "locale": "zh-Hans",
        "on": on.isoformat(),
        "labels": LABELS,
        "company": {"name": company.name, "credit_code": company.credit_code, "contact": contact},
        "forms": forms,
        "confirmation": CONFIRMATION,
    }
    return render("delivery_confirmation", data, largest=LARGEST)


def evidence_list(title: str, number: str, submitted_by: str, exhibits: Sequence[Exhibit], on: date) -> bytes:
    """A list of evidence 证据目录 in the form that arbitration asks for."""
    rows = [
        {"name": each.name, "source": each.source, "purpose": each.purpose, "pages": each.pages}
        for each in exhibits
    ]
    data = {
        "locale": "zh-Hans",
        "on": on.isoformat(),
        "labels": LABELS,
        "title": title,
        "number": number,
        "submitted_by": submitted_by,
        "rows": rows,
        "evidence": EVIDENCE,
    }
    return render("evidence_list", data, largest=LARGEST)


class NoticePapers:
    """The papers of notices for HR's pages and for the sealing. `draw` makes a picture of strokes (`notices.strokes.as_svg`);
    `contact` is whom the employee can ask."""

    def __init__(
        self,
        address: str,
        companies: Companies,
        contact: Callable[[], str],
        today: Callable[[], date],
        draw: Callable[[Sequence[Stroke]], str],
    ) -> None:
        self._address = address
        self._companies = companies
        self._contact = contact
        self._today = today
        self._draw = draw

    def draft(self, content: Content) -> bytes:
        """A notice that is not issued, marked as a draft."""
        return notice_pdf(content, self.letterhead(content), draft=True)

    def notice(self, content: Content) -> bytes:
        """A notice to hand over or to post, with a place to sign on."""
        return print_form(content, self.letterhead(content))

    def witness_form(self, content: Content) -> bytes:
        """What two witnesses sign when somebody does not take a notice."""
        return witness_form(content, self.letterhead(content))

    def confirmations(self, people: Sequence[Employee]) -> bytes:
        """The 电子送达与电子签名确认书 of each, to be signed by hand. Raises `LookupError` where no company is set up."""
        entities = self._companies.entities()
        if not entities:
            raise LookupError("no company is set up")
        return confirmation_forms(people, entities[0], self._contact(), self._today())

    def signed(
        self, content: Content, answer: Mapping[str, Any], events: Sequence[CaseLink], worth: Worth
    ) -> bytes:
        """The file that is sealed, from an answer as it is kept, its strokes in it."""
        strokes = [
            Stroke(tuple((x, y, time) for x, y, time in each["points"])) for each in answer.get("strokes", ())
        ]
        drawn = self._draw(strokes) if strokes else ""
        return signed_pdf(content, answer, events, self.letterhead(content), drawn, worth)

    def letterhead(self, content: Content) -> Letterhead:
        """The address, and the seal of the company that issues it, where its picture is on record."""
        code, name = content.data["company"].get("credit_code", ""), content.data["company"]["name"]
        entities = [
            each
            for each in self._companies.entities()
            if each.has_seal and (each.credit_code == code if code else each.name == name)
        ]
        picture = self._companies.seal(entities[0].id) if entities else None
        return Letterhead(self._address, picture if picture is not None and _usable(picture) else None)


# -- What the templates read -----------------------------------------------------------------------------------------


def _render(content: Content, head: Letterhead, mode: str, more: Mapping[str, Any] | None = None) -> bytes:
    data = content.data
    groups, places = _grouped(data["sources"])
    told = {
        "mode": mode,
        "sections": data["sections"],
        "rows": [_row(line, places) for line in data["lines"]],
        "yearly": _yearly_rows(data, places),
        "totals": data["totals"],
        "compared": data["before_month"] is not None,
        "warnings": data["warnings"],
        "sources": groups,
        "ruleset": f"{data['ruleset']['version']}（{data['ruleset']['sha256'][:12]}）",
        "outcomes": list(FORM_OUTCOMES.values()),
        "signed": None,
        "events": [],
    }
    return render("notice", _common(content, head) | told | dict(more or {}), largest=LARGEST)


def _common(content: Content, head: Letterhead) -> dict[str, Any]:
    data = content.data
    return {
        "locale": "zh-Hans",
        "labels": LABELS,
        "on": data["on"],
        "issued_on": data["on"],
        "title": data["title"],
        "number": data["number"],
        "supersedes": data["supersedes"],
        "month": data["month"],
        "due_on": data["due_on"],
        "company": data["company"],
        "employee": data["employee"],
        "template": f"{data['template']}（{data['template_sha256'][:12]}）",
        "content_sha256": content.sha256,
        "qr": _qr(f"{head.address}/verify#{content.sha256}"),
        "seal": _seal(head.seal),
    }


def _row(line: Mapping[str, Any], places: Sequence[int]) -> dict[str, Any]:
    notes = [f"{LABELS['fixed']} {line['fixed']} 元"] if line["fixed"] else []
    if line["rate_source"] is not None:
        notes.append(f"{LABELS['assessed']} [{places[line['rate_source']]}]")
    return {
        "name": line["name"],
        "entered": line["entered"],
        "note": "；".join(notes),
        "base": line["base"],
        "employer_rate": _rate(line["employer_rate"]),
        "employer": line["employer"],
        "employee_rate": _rate(line["employee_rate"]),
        "employee": line["employee"],
        **{f"{side}_before": _before(line, side) for side in ("employer", "employee")},
        "new": line["changed"] and line["before"] is None,
        "source": places[line["source"]],
    }


def _before(line: Mapping[str, Any], side: str) -> str | None:
    """An amount of the month before, where it was another."""
    was: str | None = None if line["before"] is None else line["before"][side]
    return None if was == line[side] else was


def _yearly_rows(data: Mapping[str, Any], places: Sequence[int]) -> list[dict[str, Any]]:
    """The yearly charges that are in the totals: those of a statement's month."""
    due = data["yearly"] if data["kind"] == "statement" else []
    return [
        {
            "name": each["name"],
            "employee": each["employee"],
            "employer": each["employer"],
            "source": places[each["source"]],
        }
        for each in due
    ]


def _rate(rate: str | None) -> str | None:
    return None if rate in (None, "0%") else rate


def _grouped(sources: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], list[int]]:
    """The sources with the articles of one law together, and the number in that list of each."""
    order: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for each in sources:
        order.setdefault((each["title"], each["number"]), []).append(each)
    numbers = {key: number for number, key in enumerate(order, 1)}
    groups = [_group(title, number, each) for (title, number), each in order.items()]
    return groups, [numbers[each["title"], each["number"]] for each in sources]


def _group(title: str, number: str, sources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    articles = [
        article_words(each["article"]) + ("※" if each["status"] == "single_source" else "")
        for each in sources
        if each["article"]
    ]
    alone = not articles and sources[0]["status"] == "single_source"
    since = sources[0]["effective_from"] if len(sources) == 1 else None
    return {
        "words": f"{title}{'※' if alone else ''}" + (f"（{number}）" if number else ""),
        "articles": "、".join(dict.fromkeys(articles)),
        "since": since,
        "url": next((each["url"] for each in sources if each["url"]), ""),
        "one_source": any(each["status"] == "single_source" for each in sources),
    }


def _answered(
    content: Content, answer: Mapping[str, Any], events: Sequence[CaseLink], signature: str, worth: Worth
) -> dict[str, Any]:
    names = {line["key"]: line["name"] for line in content.data["lines"]}
    # Empty lines in a row say nothing and could fill a book.
    statement = printable(re.sub(r"\n{3,}", "\n\n", answer.get("statement", "").strip()))
    flags = [flag_words(data.get("why", "")) for data in _all(events, "flagged")]
    return {
        "outcome": outcome_words(answer["outcome"]),
        "objected": [names.get(key, key) for key in answer.get("lines", ())],
        "statement": statement,
        "chat": [f"{CHAT_AUTHORS[author]}：{printable(text)}" for author, text in answer.get("chat", ())],
        "has_unprintable": "〔U+" in statement,
        "signature": signature or None,
        "identity": list(_identity(content, events)),
        "understanding": list(_understanding(events)),
        "flags": list(dict.fromkeys(filter(None, flags))),
        "shown": answer["shown"],
        "consent": answer.get("consent", ""),
        "level": _level(worth),
    }


def _level(worth: Worth) -> str:
    maker = "自建证书（不是第三方认证）" if worth.self_made else "持牌电子认证机构的证书"
    return f"{maker}；可信时间戳：{'有' if worth.stamped else '无'}"


def _identity(content: Content, events: Sequence[CaseLink]) -> Iterator[str]:
    """How it is known who answered, step by step."""
    for data in _all(events, "issued"):
        confirmation = data.get("confirmation")
        yield (
            f"电子送达与电子签名确认书：本人纸质签字，扫描件 SHA-256 {short(confirmation)}"
            if confirmation
            else "电子送达与电子签名确认书：出具时没有"
        )
    codes = list(_all(events, "code_sent"))
    if codes:
        yield f"验证码：发到本人绑定的{channel_words(codes[-1].get('channel', ''))}，共 {len(codes)} 次"
    for data in list(_all(events, "entered"))[-1:]:
        yield "进入：" + "，".join(identity_words(data))
    for data in list(_all(events, "read"))[-1:]:
        yield f"阅读：看到末尾，停留 {data.get('seconds', 0)} 秒"


def _understanding(events: Sequence[CaseLink]) -> Iterator[str]:
    """What was asked, and whether it was answered rightly in the end and after how many tries."""
    tries: dict[str, list[bool]] = {}
    for data in _all(events, "checked"):
        for key, right in data.items():
            tries.setdefault(key, []).append(right is True)
    for key, answers in tries.items():
        asked = as_written(ASKED[key]) if key in ASKED else key
        wrong = answers.count(False)
        told = "答对" if answers[-1] else "没有答对"
        yield f"{asked}{told}" + (f"（先答错 {wrong} 次）" if wrong and answers[-1] else "")


def _all(events: Sequence[CaseLink], type: str) -> Iterator[Mapping[str, Any]]:
    return (each.data["data"] for each in events if each.data["type"] == type)


def _event_row(link: CaseLink) -> dict[str, Any]:
    body = link.data
    return {
        "seq": link.seq,
        "at": moment_words(datetime.fromisoformat(body["at"])),
        "event": event_words(body["type"]),
        "detail": detail_words(body["type"], body["data"]),
        "hash": short(link.hash.hex()),
    }


def _qr(text: str) -> str:
    out = BytesIO()
    # A fixed mask: which of the eight reads best takes longer to find out than the whole page to set.
    segno.make(text, error="m", micro=False, mask=4).save(
        out, kind="svg", border=0, xmldecl=False, svgclass=None, lineclass=None
    )
    return out.getvalue().decode()


@lru_cache(maxsize=8)
def _usable(picture: bytes) -> bool:
    """Whether a seal's picture can be drawn: a damaged one is left out, so that nothing waits for it."""
    return draws(_seal(picture) or "")


def _seal(picture: bytes | None) -> str | None:
    """A PNG inside a drawing: the data are text, and stay in one file."""
    if picture is None:
        return None
    data = base64.b64encode(picture).decode()
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">'
        f'<image width="100" height="100" href="data:image/png;base64,{data}"/></svg>'
    )
