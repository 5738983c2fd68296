"""The policy articles: one question of an employee each, answered in plain words that rest on the library's records.

An article is a Markdown file `articles/<region>/<slug>.md`: fields in front, then the answer, its steps, the records
it rests on, and the same in English. Figures are references into the library, never typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import yaml

from calculator.fields import FieldReader, Problem
from policy_kb.files import PolicyError, describe, parse_yaml

ARTICLES: Final = Path(__file__).with_name("articles")
#: What a person may want that an article can answer, in the labels by which messages are understood.
ASK_INTENTS: Final = (
    "ask_dibao_impact",
    "ask_dibao_standard",
    "ask_dibao_eligibility",
    "ask_dibao_suspended_or_revoked",
    "ask_contribution_base",
    "ask_contribution_rate",
    "ask_contribution_amount",
    "ask_is_it_mandatory",
    "refuse_contribution",
    "ask_waiver_validity",
    "ask_late_fee_penalty",
    "ask_arrears_makeup",
    "ask_transfer",
    "ask_pension_benefit",
    "ask_medical_benefit",
    "ask_unemployment_benefit",
    "ask_work_injury",
    "ask_maternity",
    "ask_housing_fund",
    "ask_how_to_sign_notice",
    "ask_privacy",
    "talk_to_hr",
    "complaint_hr",
    "report_income_change",
    "report_dibao_status_change",
)
STEPS: Final = "怎么办"
BASIS: Final = "依据"
ENGLISH: Final = "In English"
_FENCE: Final = re.compile(r"^---[ \t]*$", re.MULTILINE)
_SENTENCE: Final = re.compile(r"[^。！？]+[。！？]*|[。！？]+")
_ENGLISH_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class Article:
    """One question and its answer; texts may hold references `{{ … }}` into the library.

    It holds from `effective_from` to `effective_until`, both days included, for people of `region` and below.
    """

    region: str
    slug: str
    title: str
    title_en: str
    intents: tuple[str, ...]
    questions: tuple[str, ...]
    rules: tuple[str, ...]
    statutes: tuple[str, ...]
    effective_from: date
    effective_until: date | None
    checked_on: date
    keywords: tuple[str, ...]
    #: Slugs of national articles to the same question, in whose place this one stands for its region.
    instead_of: tuple[str, ...]
    #: The way out is HR of the company.
    offer_hr: bool
    #: It answers the calculator's own question: with somebody's figures the calculation says more.
    general: bool
    answer: tuple[str, ...]
    steps: tuple[str, ...]
    #: The lines under 依据: clauses of records.
    basis: tuple[str, ...]
    answer_en: tuple[str, ...]
    steps_en: tuple[str, ...]

    @property
    def key(self) -> str:
        """Region and slug, as `000000/dibao-impact`."""
        return f"{self.region}/{self.slug}"

    @property
    def records(self) -> tuple[str, ...]:
        """The keys of everything the answer rests on, rules first."""
        return (*self.rules, *self.statutes)

    def holds(self, on: date) -> bool:
        """Whether the answer is so on a day."""
        return self.effective_from <= on and (self.effective_until is None or on <= self.effective_until)


def load_articles(folder: Path = ARTICLES) -> tuple[Article, ...]:
    """Every article below a folder, by region and slug (a quarter of a thousand take 50 ms).

    Raises `PolicyError` naming file and field where one cannot be read.
    """
    return tuple(read_article(path) for path in article_paths(folder))


def article_paths(folder: Path = ARTICLES) -> list[Path]:
    """The files below a folder that hold an article, by region and slug."""
    return sorted(folder.glob("*/*.md"))


def read_article(path: Path) -> Article:
    """One article. Raises `PolicyError` naming file and field where it cannot be read."""
    name = f"{path.parent.name}/{path.name}"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise PolicyError(f"{name}: {error}") from error
    opening, *rest = _FENCE.split(text, 2)
    if opening.strip() or len(rest) != 2:
        raise PolicyError(f"{name}: front matter: the file begins with fields between two lines ---")
    try:
        fields = parse_yaml(rest[0])
    except yaml.YAMLError as error:
        raise PolicyError(f"{name}: {' '.join(str(error).split())}") from error
    return _article(fields, _body(rest[1], name), path, name)


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a Chinese text.

    >>> sentences("交社保不会让低保停。看的是收入！")
    ('交社保不会让低保停。', '看的是收入！')
    """
    return tuple(part.strip() for part in _SENTENCE.findall(text) if part.strip())


# -- One file --------------------------------------------------------------------------------------------------------


def _body(text: str, name: str) -> dict[str, Sequence[str]]:
    """The parts of the body: each paragraph one text, each step one text."""
    parts: dict[str, Sequence[str]] = {
        "answer": [],
        "steps": [],
        "basis": [],
        "answer_en": [],
        "steps_en": [],
    }
    for heading, lines in _sections(text, name):
        paragraph = [line for line in lines if not line.startswith("- ")]
        points = [line[2:].strip() for line in lines if line.startswith("- ")]
        if heading == BASIS:
            parts["basis"] = [*paragraph, *points]
        elif heading == ENGLISH:
            parts["answer_en"] = _ENGLISH_SENTENCE.split(" ".join(paragraph)) if paragraph else []
            parts["steps_en"] = points
        elif heading == STEPS:
            if paragraph:
                raise PolicyError(
                    f"{name}: {STEPS}: every line is a step and begins with “- ”: {paragraph[0]}"
                )
            parts["steps"] = points
        else:
            parts["answer"] = sentences("".join(paragraph))
            if points:
                raise PolicyError(f"{name}: answer: steps stand under ## {STEPS}: {points[0]}")
    return parts


def _sections(text: str, name: str) -> Iterator[tuple[str, list[str]]]:
    opening, *rest = re.split(r"^## *", text, flags=re.MULTILINE)
    yield "", _lines(opening)
    for part in rest:
        heading, _, body = part.partition("\n")
        if heading.strip() not in (STEPS, BASIS, ENGLISH):
            raise PolicyError(
                f"{name}: ## {heading.strip()}: a heading is one of {STEPS}, {BASIS}, {ENGLISH}"
            )
        yield heading.strip(), _lines(body)


def _lines(text: str) -> list[str]:
    """Lines that are not empty; an indented one goes on with the line before it."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("  ") and lines:
            lines[-1] += f" {line.strip()}"
        elif line.strip():
            lines.append(line.strip())
    return lines


def _article(data: Any, body: Mapping[str, Sequence[str]], path: Path, name: str) -> Article:
    problems: list[Problem] = []
    fields = FieldReader(data, "", problems, str)
    article = Article(
        region=path.parent.name,
        slug=path.stem,
        title=fields.text("title", required=True) or "",
        title_en=fields.text("title_en") or "",
        intents=fields.texts("intents"),
        questions=fields.texts("questions"),
        rules=fields.texts("rules"),
        statutes=fields.texts("statutes"),
        effective_from=fields.day("effective_from", required=True) or date.max,
        effective_until=fields.day("effective_until"),
        checked_on=fields.day("checked_on", required=True) or date.max,
        keywords=fields.texts("keywords"),
        instead_of=fields.texts("instead_of"),
        offer_hr=fields.flag("offer_hr", default=False),
        general=fields.flag("general", default=False),
        **{part: tuple(texts) for part, texts in body.items()},
    )
    fields.close()
    if not article.answer:
        fields.fail("missing_field", "answer", "text")
    if problems:
        raise PolicyError("; ".join(f"{name}: {describe(problem)}" for problem in problems))
    return article
