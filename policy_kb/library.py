"""The library in memory: which rules are in force for a region and a day, and where each of them comes from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from calculator.case import Area, Case
from calculator.money import MILLION, Ppm, parse_rate
from calculator.rules import (
    INSURANCES,
    DibaoRules,
    Hardship,
    Insurance,
    InsuranceTerms,
    JobRules,
    NewJob,
    Rules,
    SinglePerson,
    Support,
    TaxBracket,
    TaxTable,
    Transition,
    WorkCost,
)
from calculator.trace import Step
from policy_kb.divisions import NATION, Divisions
from policy_kb.lines import find_line, line_key
from policy_kb.periods import awaited_month, last_day
from policy_kb.records import Basis, Contribution, RegionRecords, RuleRecord, Source, Statute, TaxRecord
from policy_kb.wording import INSURANCE

Made = TypeVar("Made")

#: Rules and figures of this certainty are computed with; what is recalled or unknown is only shown.
USABLE: Final = ("sourced", "single_source")


@dataclass(frozen=True, slots=True)
class Citation:
    """What a figure or a rule rests on: law or notice, and the texts in which it was read."""

    key: str
    title: str
    number: str
    article: str
    region: str
    effective_from: date | None
    certainty: str
    text: str
    text_en: str
    note: str
    note_en: str
    texts: tuple[Source, ...]


def once_a_library(make: Callable[[Library], Made]) -> Callable[[Library], Made]:
    """What is made of a library, made once for each. It goes when the library does, as another one is published, and so must
    not hold it."""
    made: WeakKeyDictionary[Library, Made] = WeakKeyDictionary()

    def found(library: Library) -> Made:
        if library not in made:
            made[library] = make(library)
        return made[library]

    return found


class Library:
    """All records, and the rules they make for a region and a day. Nothing here changes after loading."""

    def __init__(
        self, regions: Iterable[RegionRecords], divisions: Divisions, version: str, sha256: str
    ) -> None:
        self.regions = {records.region: records for records in regions}
        self.divisions = divisions
        self.version = version
        self.sha256 = sha256
        self._series: dict[tuple[str, Insurance], list[Contribution]] = defaultdict(list)
        self._rules: dict[tuple[str, str], list[RuleRecord]] = defaultdict(list)
        for records in self.regions.values():
            for value in records.contributions:
                self._series[records.region, value.insurance].append(value)
            for rule in records.rules:
                self._rules[records.region, rule.topic].append(rule)
        for series in self._series.values():
            series.sort(key=lambda value: (value.start, value.known or value.start))
        self._jobs: dict[tuple[str, date, date], JobRules] = {}
        self._homes: dict[tuple[str, Area | None, date, date], DibaoRules] = {}

    def rules(self, case: Case) -> Rules:
        """The rules in force for a case: each earner's job by its own region, the test by the household's."""
        jobs = tuple(self.job(earner.region, case.on, case.as_of) for earner in case.household.earners)
        return Rules(jobs, self.home(case.dibao_region, case.area, case.on, case.as_of))

    def job(self, region: str, on: date, as_of: date) -> JobRules:
        """Terms of every insurance for a job in a region on a day, as known on `as_of`."""
        key = region, on, as_of
        job = self._jobs.get(key)
        if job is None:
            _make_room(self._jobs)
            terms = (self.terms(region, insurance, on, as_of) for insurance in INSURANCES)
            job = self._jobs[key] = JobRules(region, tuple(each for each in terms if each), self.tax(on))
        return job

    def terms(self, region: str, insurance: Insurance, on: date, as_of: date) -> InsuranceTerms | None:
        """One insurance: the region's own series, else its city's, its province's, the nation's.

        A region with any record owns the series: a day after its last record, or in a gap, takes the last earlier
        record, marked outdated; a day before its first is unknown. None where there is no such line at all.
        """
        for level in self.divisions.levels(region):
            records = self.regions.get(level)
            if records is None:
                continue
            if insurance in records.not_applicable:
                return None
            if any(each == insurance and on >= since for each, since in records.inherits):
                continue
            series = [
                value
                for value in self._series.get((level, insurance), ())
                if not value.applies_to or level == region
            ]
            if series:
                known = [v for v in series if v.start <= on and (v.known or v.start) <= as_of]
                return _terms(known[-1], on) if known else InsuranceTerms(insurance, level)
        if insurance == "maternity":  # collected with medical insurance where it has no rate of its own
            return None
        return InsuranceTerms(insurance, region, recorded=False)

    def tax(self, on: date) -> TaxTable | None:
        """The monthly income tax table: the yearly one divided by twelve (个人所得税法 第三条, 第六条)."""
        for record in self._taxes:
            if record.start <= on and (record.until is None or on <= record.until):
                return _tax_table(record)
        return None

    def home(self, region: str, area: Area | None, on: date, as_of: date) -> DibaoRules:
        """How income is counted and tested where the household is registered."""
        key = region, area, on, as_of
        home = self._homes.get(key)
        if home is None:
            _make_room(self._homes)
            home = self._homes[key] = self._home(region, area, on, as_of)
        return home

    def rule(self, region: str, topic: str, on: date) -> RuleRecord | None:
        """The newest computable rule in force of the nearest level that has one: local, then national."""
        for level in self.divisions.levels(region):
            found = [
                rule
                for rule in self._rules.get((level, topic), ())
                if _in_force(rule, on) and rule.certainty in USABLE and not rule.illustrative
            ]
            if found:
                return max(found, key=lambda rule: rule.start or date.min)
        return None

    def rules_for(self, region: str, on: date) -> list[RuleRecord]:
        """Every rule on record for a region and its wider levels on a day, whatever its certainty, nearest first."""
        return [
            rule
            for level in self.divisions.levels(region)
            if level in self.regions
            for rule in self.regions[level].rules
            if _in_force(rule, on)
        ]

    def has(self, key: str) -> bool:
        """Whether a record of that key exists (one that was merged into another does not)."""
        return key in self._citations

    def citation(self, key: str) -> Citation:
        """The record behind a `source` key of a trace. Raises `KeyError`."""
        return self._citations[key]

    @cached_property
    def statutes(self) -> dict[str, Statute]:
        """Articles of law by id."""
        return {each.key: each for records in self.regions.values() for each in records.statutes}

    @cached_property
    def _taxes(self) -> list[TaxRecord]:
        return [each for records in self.regions.values() for each in records.taxes]

    @cached_property
    def _citations(self) -> dict[str, Citation]:
        found: dict[str, Citation] = {}
        for records in self.regions.values():
            texts = {source.key: source for source in records.sources}
            for value in records.contributions:
                title = f"{self.divisions.name(value.region)}{INSURANCE[value.insurance]}缴费标准"
                basis = Basis(title, value.document, "")
                weaker = min(
                    value.base, value.rate, key=("unknown", "recalled", "single_source", "sourced").index
                )
                found[contribution_key(value)] = _cite(
                    contribution_key(value), basis, value, value.start, weaker, texts
                )
            for line in records.lines:
                basis = Basis(f"{self.divisions.name(line.region)}最低生活保障标准", "", "")
                found[line_key(line)] = _cite(line_key(line), basis, line, line.start, line.certainty, texts)
            cited: tuple[RuleRecord | Statute | TaxRecord, ...] = (
                *records.rules,
                *records.statutes,
                *records.taxes,
            )
            for each in cited:
                found[each.key] = _cite(
                    each.key, each.basis, each, each.start, each.certainty, texts, records.region
                )
        return found

    def _home(self, region: str, area: Area | None, on: date, as_of: date) -> DibaoRules:
        deduction = self.rule(region, "deduct_personal_social_insurance", on)
        local = deduction.value if deduction is not None and deduction.region != NATION else None
        return DibaoRules(
            region=region,
            line=find_line(self.regions, self.divisions, region, area, on, as_of),
            deduction_source=deduction.key if deduction else None,
            local_deduction=local if isinstance(local, bool) else None,
            work_cost=self._work_cost(region, on),
            hardship=self._hardship(region, on),
            new_job=_new_job(self.rule(region, "employment_income_disregard", on)),
            support=_support(self.rule(region, "support_income_formula", on)),
            transitions=_transitions(self.rule(region, "gradual_exit_months", on)),
            single_person=self._single_person(region, on),
        )

    def _work_cost(self, region: str, on: date) -> WorkCost | None:
        rule = self.rule(region, "work_cost_deduction", on)
        if rule is None:
            return None
        if rule.value.get("type") != "share_of_standard":
            return WorkCost(None, flexible=True, source=rule.key)
        flexible = self.rule(region, "work_cost_deduction_flexible", on) is not None
        return WorkCost(parse_rate(rule.value["share"]), flexible, rule.key)

    def _hardship(self, region: str, on: date) -> Hardship | None:
        rule = self.rule(region, "income_reduction_hardship", on)
        if rule is None:
            rule = self.rule(region, "rigid_expenditure_deduction", on)
            return Hardship(None, None, rule.key) if rule else None
        return Hardship(
            _ppm(rule.value["serious_illness_or_severe_disability"]),
            _ppm(rule.value["single_parent_of_child_to_16_or_full_time_student"]),
            rule.key,
        )

    def _single_person(self, region: str, on: date) -> SinglePerson | None:
        rule = self.rule(region, "single_person_dibao", on)
        if rule is None:
            return None
        margin = self.rule(region, "low_income_margin_line_multiple", on)
        other_margin = self.rule(region, "low_income_family_line", on) is not None
        if margin is None or margin.value is None or other_margin:
            return SinglePerson(None, inclusive=False, source=rule.key)
        return SinglePerson(_ppm(margin.value["multiple"]), margin.value["inclusive"], margin.key)


def contribution_key(value: Contribution) -> str:
    """The `source` key of a contribution record; a correction of the same day carries its own publication date."""
    key = f"{value.region}:{value.insurance}:{value.start.isoformat()}"
    return f"{key}:{value.known.isoformat()}" if value.known and value.known > value.start else key


def _make_room(cache: dict[Any, Any]) -> None:
    # Rules of a region and day are made once; a public page may ask for any day, so a full cache is emptied. Threads
    # share it: what they return they hold themselves.
    if len(cache) >= 4096:
        cache.clear()


def _terms(value: Contribution, on: date) -> InsuranceTerms:
    ended = last_day(value)
    key = contribution_key(value)
    terms = InsuranceTerms(
        insurance=value.insurance,
        region=value.region,
        source=key,
        base_floor=value.floor,
        base_ceiling=value.ceiling,
        employee_rate=value.employee_rate,
        employer_rate=value.employer_rate,
        employee_rate_max=value.employee_rate_max,
        employer_rate_max=value.employer_rate_max,
        employer_rate_by_class=value.rate_classes,
        employee_fixed=value.employee_fixed,
        employer_fixed=value.employer_fixed,
        employee_annual=value.employee_annual,
        employee_rounding=value.employee_rounding,
        employer_rounding=value.employer_rounding,
        base_status=value.base,
        rate_status=value.rate,
        period_status=value.period,
        effective_from=value.start,
        outdated_since=ended if ended is not None and on > ended else None,
        awaited=awaited_month(ended) if ended is not None else None,
        includes_maternity=value.maternity == "included",
        employee_unmodelled="employee" in value.unmodelled,
        employer_unmodelled="employer" in value.unmodelled,
        notes=(value.note,) if value.note else (),
    )
    return replace(terms, steps=_parameter_steps(terms))


def _parameter_steps(terms: InsuranceTerms) -> dict[str, Step]:
    at = f"{terms.insurance}@{terms.region}"
    steps = [
        Step(f"base_floor.{at}", terms.base_floor, rule="looked_up", source=terms.source),
        Step(f"base_ceiling.{at}", terms.base_ceiling, rule="looked_up", source=terms.source),
    ]
    if terms.insurance != "housing_fund":  # its rate is the company's choice, not the record's
        steps += [
            Step(
                f"employee_rate.{at}", terms.employee_rate, rule="looked_up", source=terms.source, unit="ppm"
            ),
            Step(
                f"employer_rate.{at}", terms.employer_rate, rule="looked_up", source=terms.source, unit="ppm"
            ),
        ]
    for side, fixed in (("employee", terms.employee_fixed), ("employer", terms.employer_fixed)):
        if fixed:
            steps.append(Step(f"{side}_fixed.{at}", fixed, rule="looked_up", source=terms.source))
    return {step.key: step for step in steps}


def _tax_table(record: TaxRecord) -> TaxTable:
    ends = [0, *(end // 12 for end, _, _ in record.brackets if end is not None)]
    brackets = tuple(
        TaxBracket(above, rate, quick // 12)
        for above, (_, rate, quick) in zip(ends, record.brackets, strict=True)
    )
    return TaxTable(record.basic_deduction_annual // 12, brackets, record.key)


def _in_force(rule: RuleRecord, on: date) -> bool:
    return (rule.start is None or rule.start <= on) and (rule.until is None or on <= rule.until)


def _new_job(rule: RuleRecord | None) -> NewJob | None:
    if rule is None:
        return None
    value = rule.value
    cap = _ppm(value["cap_multiple_of_standard_per_month"])
    return NewJob(int(value["months_min"]), int(value["months_max"]), cap, rule.key)


def _support(rule: RuleRecord | None) -> Support | None:
    if rule is None:
        return None
    return Support(_ppm(rule.value["line_multiple"]), _ppm(rule.value["share"]), rule.key)


def _transitions(rule: RuleRecord | None) -> tuple[Transition, ...]:
    if rule is None:
        return ()
    value, discretionary = rule.value, bool(rule.value["discretionary"])
    if "schedule" not in value:
        months = value.get("max", value.get("months"))
        return (Transition(None if months is None else int(months), None, discretionary, rule.key),)
    return tuple(
        Transition(
            _month_count(part["months"]), _ppm(part["share_of_former_benefit"]), discretionary, rule.key
        )
        for part in value["schedule"]
    )


def _month_count(months: str) -> int:
    first, last = months.split("-")
    return int(last) - int(first) + 1


def _ppm(text: str) -> Ppm:
    return MILLION * int(text) if text.isdigit() else parse_rate(text)


def _cite(
    key: str,
    basis: Basis,
    record: Any,
    start: date | None,
    certainty: str,
    texts: dict[str, Source],
    region: str = "",
) -> Citation:
    return Citation(
        key=key,
        title=basis.title,
        number=basis.number,
        article=basis.article,
        region=region or record.region,
        effective_from=start,
        certainty=certainty,
        text=getattr(record, "text", ""),
        text_en=getattr(record, "text_en", ""),
        note=getattr(record, "note", ""),
        note_en=getattr(record, "note_en", ""),
        texts=tuple(texts[each] for each in record.sources),
    )
