"""What a page shows of an answer: the first sentence, before and after, how each figure came out, what to ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from calculator.assessment import Assessment, Outcome
from calculator.contributions import Line
from calculator.household import open_questions
from calculator.money import Amount, Fen, format_yuan
from calculator.rules import Hint
from locales import Locale, Say
from policy_kb.answer import answer, source_json
from policy_kb.library import Library
from policy_kb.remedies import Law, Tap, Told, taps
from policy_kb.step_words import HOW
from policy_kb.telling import TONES, Finding, Telling, Tone, off_the_book
from policy_kb.wording import INSURANCE
from web_calc.drawing import Drawing, draw
from web_calc.explaining import Explainer
from web_calc.sentences import (
    AREAS,
    ASKS,
    AT_LOW_INCOME,
    COLUMNS,
    HINTS,
    INCLUDES_MATERNITY,
    KEEPS,
    LEGAL,
    NEVER_RAISES,
    NOT_KNOWN,
    ON_WHAT,
    ROWS,
    VERDICTS,
    WHY_NOT,
)

#: The form's field that answers a missing fact; what is not here is a question for an office or a pay slip.
ANSWERED_AT: Final = {
    "household.employee_on_book": "on_book",
    "household.supporters": "supporter1_income",
    "household.other_income": "other_income_high",
    "area": "area",
    "standard_monthly": "standard",
}


@dataclass(frozen=True)
class How:
    """One step behind a figure, and the record that it rests on."""

    label: str
    figure: str
    how: str
    source: dict[str, Any] | None = None


@dataclass(frozen=True)
class Row:
    """A line of the comparison, a cell for each column; `verdicts` colours the cells of the answer."""

    label: str
    cells: tuple[str, ...]
    hows: tuple[How, ...] = ()
    strong: bool = False
    verdicts: tuple[str, ...] = ()


@dataclass(frozen=True)
class InsuranceRow:
    """One insurance, both sides."""

    name: str
    base: str
    employee: str
    employer: str
    hows: tuple[How, ...]
    source: dict[str, Any] | None
    note: str


@dataclass(frozen=True)
class Ask:
    """A fact that would narrow the answer, and the field where it can be filled in ("": not on this page)."""

    text: str
    field: str


@dataclass(frozen=True)
class HintShown:
    """A figure like a line that may be shown and never counts."""

    amount: str
    region: str
    area: str
    why: str
    as_of: str


@dataclass(frozen=True)
class Result:
    """Everything that the result shows, worded."""

    finding: Finding
    tone: Tone
    headline: str
    detail: str
    why_not: Told
    cost: str
    cost_back: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    insurances: tuple[InsuranceRow, ...]
    totals: tuple[str, str]
    complete: bool
    drawing: Drawing
    table_note: str
    basis_title: str
    asks: tuple[Ask, ...]
    hints: tuple[HintShown, ...]
    taps: tuple[Tap, ...]
    received: str
    status_note: str
    keeps: tuple[Told, ...]
    legal: tuple[Told, ...]
    warnings: tuple[str, ...]
    home: str
    answer: dict[str, Any]
    assessment: Assessment

    @property
    def wants_note(self) -> bool:
        """Whether there is something that only the township can tell."""
        return self.tone != "good"


def present(assessment: Assessment, library: Library, locale: Locale, say: Say) -> Result:
    """The answer as a page shows it."""
    data = answer(assessment, library, say)
    telling = Telling(assessment, say)
    finding = telling.finding
    law = Law(library, assessment.case.dibao_region, assessment.case.on, locale, say)
    words = _Words(assessment, library, locale, say)
    return Result(
        finding=finding,
        tone=TONES[finding],
        headline=telling.headline,
        detail=telling.detail(),
        why_not=Told(
            say(NEVER_RAISES), law.sources("deduct_personal_social_insurance", "eligibility_comparison")
        ),
        cost=telling.cost(),
        cost_back=telling.cost_back(),
        columns=words.columns(),
        rows=words.rows(),
        insurances=tuple(map(words.insurance, assessment.insured_month.lines)),
        totals=(data["employee_total"], data["employer_total"]),
        complete=assessment.insured_month.employee_complete and assessment.insured_month.employer_complete,
        drawing=draw(assessment, say),
        table_note=words.table_note(),
        basis_title=say(ON_WHAT if finding in ("over", "open_deduction") else WHY_NOT),
        asks=tuple(_ask(each["field"], each["why"], say) for each in data["missing"]),
        hints=tuple(words.hint(hint) for hint in assessment.rules.dibao.line.hints)
        if assessment.line is None
        else (),
        taps=taps(assessment, law) if finding in ("over", "open_deduction") else (),
        received=telling.received(),
        status_note=telling.status_note(),
        keeps=tuple(filter(None, map(law.told, KEEPS))),
        legal=tuple(filter(None, map(law.told, LEGAL))),
        warnings=tuple(each["text"] for each in data["warnings"] if each["code"] != "received_differs"),
        home=library.divisions.full_name(assessment.case.dibao_region),
        answer=data,
        assessment=assessment,
    )


def _ask(field: str, why: str, say: Say) -> Ask:
    """The question, with the thing it is about named."""
    name, _, insurance = field.partition(".")
    if insurance in INSURANCE:
        why = say(ASKS[name]).format(insurance=say(INSURANCE[insurance]))
    elif field in ASKS:
        why = say(ASKS[field])
    return Ask(why, ANSWERED_AT.get(field, ""))


class _Words:
    """The worded parts of one answer."""

    def __init__(self, assessment: Assessment, library: Library, locale: Locale, say: Say) -> None:
        self._it = assessment
        self._library = library
        self._locale = locale
        self._say = say
        self._explainer = Explainer(assessment, say)
        self._steps = assessment.steps
        self._limit = None if assessment.line is None else assessment.line * assessment.case.household.size
        self._open = bool(open_questions(assessment.case, assessment.rules.dibao))
        other, bare = assessment.other_reading, assessment.uninsured_other_reading
        self._other = None if other is None or other.countable == assessment.insured.countable else other
        self._bare = None if bare is None or bare.countable == assessment.uninsured.countable else bare

    def columns(self) -> tuple[str, ...]:
        insured = ("insured",) if self._other is None else ("deducted", "other")
        uninsured = ("uninsured",) if self._bare is None else ("uninsured_deducted", "uninsured_other")
        return tuple(self._say(COLUMNS[name]) for name in (*insured, *uninsured))

    def rows(self) -> tuple[Row, ...]:
        it = self._it
        outcomes = [each for each in (it.insured, self._other, it.uninsured, self._bare) if each is not None]
        rows = [
            self._row(
                "wage", self._spread(it.insured_month.wage, it.uninsured_month.wage), "wage", "wage_and_cash"
            ),
            self._row(
                "own",
                self._spread(it.insured_month.own_insurance + it.insured_month.own_fund, 0),
                "employee_total",
            ),
            self._row(
                "tax",
                self._spread(it.insured_month.tax, it.uninsured_month.tax)
                if it.insured_month.tax_known
                else tuple("—" for _ in outcomes),
                "income_tax.insured",
                "income_tax.uninsured",
            ),
            self._row(
                "take_home",
                self._spread(it.insured_month.take_home, it.uninsured_month.take_home),
                "take_home.insured",
                "take_home.uninsured",
            ),
            self._row(
                "countable",
                tuple(format_yuan(outcome.countable) for outcome in outcomes),
                "countable_income.insured",
                "countable_income.uninsured",
            ),
        ]
        if off_the_book(it):  # what the parents' household has is not reckoned here
            return tuple(rows[:-1])
        return (*rows, *self._test_rows(outcomes))

    def _test_rows(self, outcomes: list[Outcome]) -> list[Row]:
        """The dibao test: what the income is held against, and what follows."""
        size = self._it.case.household.size
        limit = self._say(NOT_KNOWN) if self._limit is None else format_yuan(self._limit)
        rows = [
            self._row("limit", tuple(limit for _ in outcomes), "dibao_limit", "dibao_line"),
            self._row(
                "per_head",
                tuple(format_yuan(outcome.countable // size) for outcome in outcomes),
                "per_capita_income.insured",
                "per_capita_income.uninsured",
            ),
            Row(
                self._say(ROWS["verdict"]),
                tuple(self._say(VERDICTS[self._shown_verdict(outcome)]) for outcome in outcomes),
                strong=True,
                verdicts=tuple(self._shown_verdict(outcome) for outcome in outcomes),
            ),
        ]
        if self._limit is None:
            return rows
        receiving = self._it.case.household.dibao == "receiving"
        gaps = tuple(outcome.gap or 0 for outcome in outcomes)
        rows.append(
            self._row(
                "benefit" if receiving else "would_be_benefit",
                tuple(map(format_yuan, gaps)),
                "benefit.insured",
                "benefit.uninsured",
            )
        )
        if receiving:
            rows.append(Row(self._say(ROWS["money"]), self._money(gaps), strong=True))
        return rows

    def _shown_verdict(self, outcome: Outcome) -> str:
        """A column of its own is plainly compared; what could still come off is said, since it may be enough."""
        it = self._it
        if self._limit is None or it.case.household.employee_on_book is not True:
            return outcome.verdict
        plainly = (
            outcome.verdict == "depends"
            or outcome in (self._other, self._bare)
            or (outcome.verdict == "unknown" and self._open)
        )
        if not plainly:
            return outcome.verdict
        if outcome.countable < self._limit:
            return "within"
        return "over_before" if self._open and it.insured.verdict != "over" else "over"

    def _money(self, gaps: tuple[Fen, ...]) -> tuple[str, ...]:
        """Take-home pay of all, other income and dibao together."""
        household = self._it.case.household
        rest = household.other_income
        for index, earner in enumerate(household.earners[1:], start=2):
            step = self._steps[f"earner{index}.take_home.{'insured' if earner.insured else 'uninsured'}"]
            rest += int(step.value or 0)
        insured, uninsured = self._it.insured_month.take_home, self._it.uninsured_month.take_home
        own = [int(insured)] * (1 + (self._other is not None)) + [int(uninsured)] * (
            1 + (self._bare is not None)
        )
        return tuple(format_yuan(each + rest + gap) for each, gap in zip(own, gaps, strict=True))

    def _spread(self, insured: Amount, uninsured: Amount) -> tuple[str, ...]:
        """The same figure for every insured column, then for every uninsured one."""
        first, then = 1 + (self._other is not None), 1 + (self._bare is not None)
        return (format_yuan(int(insured)),) * first + (format_yuan(int(uninsured)),) * then

    def _row(self, name: str, cells: tuple[str, ...], *keys: str) -> Row:
        label = self._say(ROWS[name]).format(size=self._it.case.household.size)
        hows = tuple(self.how(key) for key in self._with_inputs(keys))
        if name == "countable" and self._other is not None:
            other = How(
                self._say(COLUMNS["other"]), format_yuan(self._other.countable), self._say(HOW["both_unread"])
            )
            hows = (*hows, other)
        return Row(label, cells, hows)

    def _with_inputs(self, keys: tuple[str, ...]) -> list[str]:
        """The steps asked for, each followed by what it is made of, as far as that is not in a row of its own."""
        shown: dict[str, None] = {}
        for key in keys:
            if key not in self._steps:
                continue
            shown[key] = None
            for part in self._steps[key].inputs:
                if part.partition(".")[0] not in (
                    "take_home",
                    "wage",
                    "dibao_limit",
                    "countable_income",
                    "household_size",
                ):
                    shown[part] = None
        return list(shown)

    def how(self, key: str) -> How:
        step = self._steps[key]
        source = None if step.source is None else self._source(step.source)
        return How(self._explainer.label(key), self._explainer.figure(key), self._explainer.how(key), source)

    def insurance(self, line: Line) -> InsuranceRow:
        """One insurance with its steps, both sides."""
        terms, say = line.terms, self._say
        name = terms.insurance
        keys = (f"contribution_base.{name}", f"employee_share.{name}", f"employer_share.{name}")
        return InsuranceRow(
            name=say(INCLUDES_MATERNITY if terms.includes_maternity else INSURANCE[name]),
            base=_shown(line.base),
            employee=_shown(line.employee),
            employer=_shown(line.employer),
            hows=tuple(self.how(key) for key in keys if key in self._steps),
            source=None if terms.source is None else self._source(terms.source),
            note="" if terms.source is None else self._note(terms.source),
        )

    def _note(self, key: str) -> str:
        """What the library remarks on a figure, in the reader's language."""
        citation = self._library.citation(key)
        english = citation.note_en if self._locale == "en" else ""
        return english or (citation.note and self._say(citation.note))

    def hint(self, hint: Hint) -> HintShown:
        say = self._say
        return HintShown(
            amount=format_yuan(hint.amount),
            region=self._library.divisions.full_name(hint.region),
            area=say(AREAS[hint.area]),
            why=say(HINTS[hint.why]),
            as_of="" if hint.as_of is None else hint.as_of.isoformat(),
        )

    def table_note(self) -> str:
        household = self._it.case.household
        if household.other_income_high is None:
            return ""
        return self._say(AT_LOW_INCOME).format(low=format_yuan(household.other_income))

    def _source(self, key: str) -> dict[str, Any]:
        return source_json(self._library, key)


def _shown(amount: Amount | None) -> str:
    return "—" if amount is None else format_yuan(int(amount))
