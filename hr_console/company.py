"""The company: its legal entities, where they are insured and at what rates, and their seals. An empty one is led through
in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from calculator.fields import InputError, Problem
from calculator.money import Ppm, format_percent, parse_rate
from hr_console.console import Entry, actor, done
from hr_console.personnel import Personnel
from locales import N_
from people.employees import RosterSearch
from people.entities import (
    CLASSES,
    FUND_RATES,
    INJURY_RATES,
    LARGEST_SEAL,
    SEAL_SIDES,
    InsuredAccount,
    LegalEntity,
    is_credit_code,
    read_png,
)
from policy_kb.sheets import rate_text
from policy_kb.wording import problem_text

LONGEST_NAME: Final = 100
LONGEST_NUMBER: Final = 40
ENTITY: Final = ("name", "credit_code")
ACCOUNT: Final = (
    *("entity", "region", "account_number", "injury_class", "injury_rate", "injury_source", "fund_rate"),
    *("pay_day", "declaration_day", "declared_next_month"),
)

SAVED: Final = N_("保存了。")
REMOVED: Final = N_("删掉了。")
NEEDED: Final = N_("这一项要填")
NO_CODE: Final = N_("统一社会信用代码是 18 位，照营业执照再核对一遍：最后一位对不上前面的")
NO_RATE: Final = N_("请填 {low} 到 {high}，写成“0.48%”或“0.0048”")
NO_SOURCE: Final = N_("写上是哪份核定单定的")
NO_DAY: Final = N_("请填 1 到 31")
NO_CLASS: Final = N_("请选 1 到 8 类")
NO_ENTITY: Final = N_("请选一个单位")
NO_PICTURE: Final = N_("请选一张 PNG 图片，边长 {low} 到 {high} 像素，不超过 {size} KB")


class CompanyPages:
    """The pages of the company."""

    def __init__(self, personnel: Personnel) -> None:
        self._staff = personnel

    @property
    def entries(self) -> Sequence[Entry]:
        """The page of the company."""
        return (Entry("company", N_("单位")),)

    def add_to(self, blueprint: Blueprint) -> None:
        add = blueprint.add_url_rule
        add("/company", "company", self.page)
        add("/company/entity", "company_entity", self.entity, methods=["POST"])
        add("/company/account", "company_account", self.account, methods=["POST"])
        add("/company/account/remove", "company_account_remove", self.remove, methods=["POST"])
        add("/company/<uuid:entity>/seal", "company_seal", self.seal, methods=["POST"])
        add("/company/<uuid:entity>/seal.png", "company_seal_picture", self.picture)

    def page(self) -> ResponseReturnValue:
        """What is set up, what comes next, and forms for it."""
        texts: dict[str, str] = {}
        if entity := self._entity(request.args.get("entity", "")):
            texts |= {"entity_id": entity.id, "name": entity.name, "credit_code": entity.credit_code}
        if account := self._account(request.args.get("account", "")):
            texts |= _account_texts(account, self._staff.place)
        return self._page(texts, {})

    def entity(self) -> ResponseReturnValue:
        """Adds or changes a legal entity."""
        texts = _typed("entity_id", *ENTITY)
        code = re.sub(r"\s", "", texts["credit_code"]).upper()
        problems = {}
        if not texts["name"] or len(texts["name"]) > LONGEST_NAME:
            problems["name"] = self._staff.say(NEEDED)
        if not is_credit_code(code):
            problems["credit_code"] = self._staff.say(NO_CODE)
        if problems:
            return self._page(texts, problems), 400
        before = self._entity(texts["entity_id"])
        saved = LegalEntity("" if before is None else before.id, texts["name"], code)
        self._staff.companies.save_entity(saved, actor())
        return done("company", self._staff.say(SAVED))

    def account(self) -> ResponseReturnValue:
        """Adds or changes an insured account."""
        texts = _typed("account_id", *ACCOUNT)
        problems: dict[str, str] = {}
        account = self._read_account(texts, problems)
        if problems:
            return self._page(texts, problems), 400
        self._staff.companies.save_account(account, actor())
        return done("company", self._staff.say(SAVED))

    def remove(self) -> ResponseReturnValue:
        """Takes an insured account away."""
        account = self._account(request.form.get("account", ""))
        if account is None:
            abort(404)
        self._staff.companies.remove_account(account.id, actor())
        return done("company", self._staff.say(REMOVED))

    def seal(self, entity: UUID) -> ResponseReturnValue:
        """Keeps the picture of a seal; what the file is, its content decides."""
        if self._entity(str(entity)) is None:
            abort(404)
        file = request.files.get("seal")
        data = b""
        if file is not None:
            with file.stream as stream:
                data = stream.read(LARGEST_SEAL + 1)
        if not _is_seal(data):
            low, high = map(str, SEAL_SIDES)
            told = self._staff.say(NO_PICTURE, low=low, high=high, size=str(LARGEST_SEAL // 1024))
            return self._page({}, {f"seal-{entity}": told}), 400
        self._staff.companies.put_seal(str(entity), data, actor())
        return done("company", self._staff.say(SAVED))

    def picture(self, entity: UUID) -> ResponseReturnValue:
        """The picture of a seal."""
        found = self._staff.companies.seal(str(entity))
        if found is None:
            abort(404)
        return Response(found, mimetype="image/png")

    def _page(self, texts: Mapping[str, str], problems: Mapping[str, str]) -> str:
        entities, accounts = self._staff.companies.entities(), self._staff.companies.accounts()
        people = self._staff.roster.find(RosterSearch()).total
        steps = (bool(entities), bool(accounts), any(each.has_seal for each in entities), bool(people))
        return render_template(
            "hr_console/company.html",
            entities=entities,
            accounts=accounts,
            names={each.id: each.name for each in entities},
            steps=steps,
            next=next((count for count, taken in enumerate(steps) if not taken), None),
            texts=texts,
            problems=problems,
            classes={str(each): str(each) for each in CLASSES},
            place=self._staff.place,
            percent=format_percent,
        )

    def _entity(self, id: str) -> LegalEntity | None:
        return next((each for each in self._staff.companies.entities() if each.id == id), None)

    def _account(self, id: str) -> InsuredAccount | None:
        return next((each for each in self._staff.companies.accounts() if each.id == id), None)

    def _read_account(self, texts: Mapping[str, str], problems: dict[str, str]) -> InsuredAccount:
        """The account of the form; what is wrong goes to `problems`."""
        say = self._staff.say
        if self._entity(texts["entity"]) is None:
            problems["entity"] = say(NO_ENTITY)
        number = texts["account_number"]
        if not number or len(number) > LONGEST_NUMBER:
            problems["account_number"] = say(NEEDED)
        injury_rate = self._rate(texts, "injury_rate", INJURY_RATES, problems)
        if injury_rate is not None and not texts["injury_source"]:
            problems["injury_source"] = say(NO_SOURCE)
        before = self._account(texts["account_id"])
        return InsuredAccount(
            id="" if before is None else before.id,
            entity=texts["entity"],
            region=self._region(texts, problems),
            number=number,
            injury_class=self._count(texts, "injury_class", len(CLASSES), NO_CLASS, problems),
            injury_rate=injury_rate,
            injury_source=texts["injury_source"][:LONGEST_NAME],
            fund_rate=self._rate(texts, "fund_rate", FUND_RATES, problems),
            pay_day=self._count(texts, "pay_day", 31, NO_DAY, problems),
            declaration_day=self._count(texts, "declaration_day", 31, NO_DAY, problems),
            declared_next_month=texts["declared_next_month"] == "1",
        )

    def _region(self, texts: Mapping[str, str], problems: dict[str, str]) -> str:
        try:
            if not texts["region"]:
                raise InputError(Problem("missing_field", "region", "field"))
            return self._staff.library.divisions.find(texts["region"])
        except InputError as error:
            problems["region"] = problem_text(error.problems[0], self._staff.say)
            return ""

    def _count(
        self, texts: Mapping[str, str], name: str, most: int, told: str, problems: dict[str, str]
    ) -> int | None:
        text = texts[name]
        if not text:
            return None
        if not (text.isascii() and text.isdecimal() and len(text) < 3 and 1 <= int(text) <= most):
            problems[name] = self._staff.say(told)
            return None
        return int(text)

    def _rate(
        self, texts: Mapping[str, str], name: str, bounds: tuple[Ppm, Ppm], problems: dict[str, str]
    ) -> Ppm | None:
        """0.0048 or 0.48 %; for the fund, whose rates are all above 1 %, 8 too."""
        if not texts[name]:
            return None
        text = rate_text(texts[name])
        if name == "fund_rate" and re.fullmatch(r"\d{1,2}", text, re.ASCII):
            text = rate_text(f"{text}%")
        try:
            rate = parse_rate(text)
        except ValueError:
            rate = -1
        if not bounds[0] <= rate <= bounds[1]:
            low, high = map(format_percent, bounds)
            problems[name] = self._staff.say(NO_RATE, low=low, high=high)
        return rate


def _typed(*names: str) -> dict[str, str]:
    return {name: request.form.get(name, "").strip() for name in names}


def _account_texts(account: InsuredAccount, place: Callable[[str], str]) -> dict[str, str]:
    """An account as the form starts with it."""
    shown: Mapping[str, Any] = {
        "account_id": account.id,
        "entity": account.entity,
        "region": place(account.region),
        "account_number": account.number,
        "injury_class": account.injury_class,
        "injury_rate": None if account.injury_rate is None else format_percent(account.injury_rate),
        "injury_source": account.injury_source,
        "fund_rate": None if account.fund_rate is None else format_percent(account.fund_rate),
        "pay_day": account.pay_day,
        "declaration_day": account.declaration_day,
        "declared_next_month": "1" if account.declared_next_month else None,
    }
    return {name: "" if value is None else str(value) for name, value in shown.items()}


def _is_seal(data: bytes) -> bool:
    if len(data) > LARGEST_SEAL:
        return False
    try:
        picture = read_png(data)
    except ValueError:
        return False
    low, high = SEAL_SIDES
    return low <= picture.width <= high and low <= picture.height <= high
