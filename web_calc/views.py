"""The public addresses: the calculator, the report, the note and `/api/v1`. Each is open to all; none sets a cookie."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from calculator.fields import InputError
from delivery.browsers import HEADERS
from documents.report import note_pdf, note_png, report_pdf, report_png
from locales import Locale, Say, speak
from policy_kb.calculation import calculate
from policy_kb.company import NO_RULES, Company, assess_with
from policy_kb.exposures import expose
from policy_kb.library import Library
from policy_kb.wording import problem_text
from web_calc import api, sentences
from web_calc.changes import Change, changes
from web_calc.form import Filled, Trouble, blank, read_form
from web_calc.languages import LANGUAGES, catalogue, choose
from web_calc.openapi import description
from web_calc.papers import facts, note_data, phone, report_data
from web_calc.pictures import one_below_another
from web_calc.presenting import Result, present

#: A form or a JSON body longer than this is no question about a household.
LARGEST_BODY: Final = 64 * 1024
STATIC: Final = Path(__file__).with_name("static")


def create_blueprint(library: Library, today: Callable[[], date], company: Company = NO_RULES) -> Blueprint:
    """The pages and the API over one library and a company's own rules.

    `today` is the day that a question without a date is about.
    """
    blueprint = Blueprint(
        "web_calc",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/assets/web_calc",
    )
    page = _Pages(library, today, company)
    blueprint.before_request(_limit_body)
    blueprint.after_request(_protect)
    blueprint.register_error_handler(RequestEntityTooLarge, _too_large)
    blueprint.app_errorhandler(404)(_api_error)
    blueprint.app_errorhandler(405)(_api_error)
    for path, methods, view in (
        ("/", ["GET", "POST"], page.calculator),
        ("/result", ["POST"], page.live_result),
        ("/report", ["GET", "POST"], page.report),
        ("/report.pdf", ["GET", "POST"], page.report_pdf),
        ("/report.png", ["GET", "POST"], page.report_png),
        ("/note.pdf", ["GET", "POST"], page.note_pdf),
        ("/note.png", ["GET", "POST"], page.note_png),
        ("/api/v1/calculations", ["POST"], page.calculations),
        ("/api/v1/curves", ["POST"], page.curves),
        ("/api/v1/exposures", ["POST"], page.exposures),
        ("/api/v1/regions", ["GET"], page.regions),
        ("/api/v1/openapi.json", ["GET"], page.openapi),
    ):
        blueprint.add_url_rule(path, view.__name__, view, methods=methods)
    return blueprint


class _Pages:
    """The views, each over the same library and clock."""

    def __init__(self, library: Library, today: Callable[[], date], company: Company) -> None:
        self._library = library
        self._today = today
        self._company = company
        self._assets = _versions()

    def calculator(self) -> ResponseReturnValue:
        """The page; posted without JavaScript it comes back with the result."""
        filled = self._read() if request.method == "POST" else blank()
        only_language = "switch" in request.form
        filled, result = self._answered(filled)
        if only_language and result is None:
            filled = Filled(filled.values, rows=filled.rows)
        status = 400 if filled.troubles else 200
        return self._page("page.html", filled=filled, result=result, **self._old(filled, result)), status

    def live_result(self) -> ResponseReturnValue:
        """The result region alone, for the script that shows it while someone types."""
        filled, result = self._answered(self._read())
        return self._page("live.html", filled=filled, result=result, **self._old(filled, result))

    def report(self) -> ResponseReturnValue:
        """The impact report as a page."""
        return self._of_posted(lambda result: self._report_page(result))

    def report_pdf(self) -> ResponseReturnValue:
        """The impact report as PDF."""
        return self._of_posted(
            lambda result: self._file(report_pdf(self._report(result)), "report", "pdf", result)
        )

    def report_png(self) -> ResponseReturnValue:
        """The impact report as one picture."""
        return self._of_posted(
            lambda result: self._file(
                one_below_another(report_png(self._report(result))), "report", "png", result
            )
        )

    def note_pdf(self) -> ResponseReturnValue:
        """The note for the township as PDF."""
        return self._of_posted(lambda result: self._file(note_pdf(self._note(result)), "note", "pdf", result))

    def note_png(self) -> ResponseReturnValue:
        """The note for the township as a picture."""
        return self._of_posted(lambda result: self._file(note_png(self._note(result)), "note", "png", result))

    def calculations(self) -> ResponseReturnValue:
        """One case as JSON."""
        return self._json(partial(calculate, company=self._company))

    def curves(self) -> ResponseReturnValue:
        """The curve over wages as JSON."""
        return self._json(api.curve)

    def exposures(self) -> ResponseReturnValue:
        """What an employer owes for months not fully insured, as JSON."""
        return self._json(expose)

    def regions(self) -> ResponseReturnValue:
        """Regions by name or pinyin as JSON."""
        return _reply(api.Reply(api.regions(self._library, request.args.get("q", ""), self._today())))

    def openapi(self) -> ResponseReturnValue:
        """What `/api/v1` takes and gives."""
        return _reply(api.Reply(description()))

    def _read(self) -> Filled:
        return read_form(request.form, self._library.divisions, self._today(), _say())

    def _answered(self, filled: Filled) -> tuple[Filled, Result | None]:
        """The result of a form that can be read; a wage that no gross leaves shows only now."""
        if filled.case is None:
            return filled, None
        try:
            assessed = assess_with(self._library, filled.case, self._company, _say())
        except InputError as error:
            trouble = Trouble("wage", problem_text(error.problems[0], _say()))
            return Filled(filled.values, troubles=(trouble,), rows=filled.rows), None
        result = present(assessed.assessment, self._library, _locale(), _say())
        return filled, replace(result, warnings=(*assessed.warnings, *result.warnings))

    def _old(self, filled: Filled, result: Result | None) -> dict[str, Any]:
        """For a result of an earlier day: what is different today."""
        if result is None or not filled["as_of"]:
            return {"changed": None}
        now = {name: text for name, text in filled.values.items() if name not in ("as_of", "was_on", "sha")}
        new = read_form(now, self._library.divisions, self._today(), _say())
        _, today = self._answered(new)
        found: list[Change] = [] if today is None else changes(result.answer, today.answer, _say())
        return {"changed": found, "ruleset_changed": filled["sha"] not in ("", self._library.sha256)}

    def _of_posted(self, make: Callable[[Result], ResponseReturnValue]) -> ResponseReturnValue:
        """A document of the posted form; a form with faults comes back as the page, an address typed in leads there."""
        if request.method != "POST":
            return redirect(url_for(".calculator", lang=request.args.get("lang")))
        filled, result = self._answered(self._read())
        if result is None:
            return self._page("page.html", filled=filled, result=None, changed=None), 400
        return make(result)

    def _report_page(self, result: Result) -> ResponseReturnValue:
        filled = self._read()
        told = list(facts(result.assessment, self._library, _say()))
        return self._page("report.html", filled=filled, result=result, facts=told, changed=None)

    def _report(self, result: Result) -> Any:
        return report_data(result, self._library, _locale(), _say())

    def _note(self, result: Result) -> Any:
        return note_data(result, self._library, self._today(), _locale(), _say())

    def _file(self, content: bytes, name: str, kind: str, result: Result) -> ResponseReturnValue:
        media = {"pdf": "application/pdf", "png": "image/png"}[kind]
        day = result.assessment.case.on.isoformat()
        return Response(
            content,
            mimetype=media,
            headers={"Content-Disposition": f'attachment; filename="shebao-{name}-{day}.{kind}"'},
        )

    def _json(self, handler: api.Handler) -> ResponseReturnValue:
        return _reply(api.answer_json(handler, request.get_data(), self._library, self._today(), _say()))

    def _page(self, template: str, **context: Any) -> str:
        locale = _locale()
        result: Result | None = context["result"]
        return render_template(
            f"web_calc/{template}",
            _=_say(),
            locale=locale,
            languages=LANGUAGES,
            lang_query=f"?lang={locale}",
            # The chat is not there in every installation, and with it the page on who sees what.
            who_sees_what="me.who_sees_what" in current_app.view_functions,
            assets=self._assets,
            words=sentences,
            division=self._library.divisions.name,
            phone="" if result is None else phone(result.home, _say()),
            line_state=self._line_state(context["filled"]),
            today=self._today(),
            **context,
        )

    def _line_state(self, filled: Filled) -> str:
        """What is on record for the home named in the form: decides which questions stand open."""
        name = "region" if filled["same_place"] else "dibao_region"
        picked = filled[f"{name}_pick"] if filled[f"{name}_for"] == filled[name] else ""
        try:
            region = self._library.divisions.find(picked or filled[name])
        except InputError:
            return ""
        return api.line_state(self._library, region, self._today())


def _locale() -> Locale:
    return choose(request.args.get("lang", ""), (tag for tag, _ in request.accept_languages))


def _say() -> Say:
    return speak(catalogue(_locale()))


def _reply(reply: api.Reply) -> Response:
    # A lone surrogate in what was asked must not stop the answer that quotes it.
    text = json.dumps(reply.body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(text, reply.status, mimetype="application/json")


def _limit_body() -> None:
    request.max_content_length = LARGEST_BODY


def _protect(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint == "web_calc.static":
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    elif request.endpoint == "web_calc.calculator" and request.method == "GET":
        response.headers["Cache-Control"] = (
            "no-cache"  # empty, so that Back finds what the browser kept of it
        )
    else:
        response.headers["Cache-Control"] = "no-store"
        response.headers["Vary"] = "Accept-Language"
    return response


def _too_large(error: RequestEntityTooLarge) -> ResponseReturnValue:
    if request.path.startswith("/api/v1/"):
        return _reply(api.failure("too_large", _say()))
    return Response(_say()(sentences.FORM_PROBLEMS["too_large"]), 413, mimetype="text/plain")


def _api_error(error: HTTPException) -> ResponseReturnValue:
    """Under /api/v1 a wrong address or method is told in JSON like everything else."""
    if not request.path.startswith("/api/v1/"):
        return error
    code = "method_not_allowed" if error.code == 405 else "not_found"
    response = _reply(api.failure(code, _say()))
    if error.code == 405 and error.valid_methods:  # type: ignore[attr-defined]
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))  # type: ignore[attr-defined]
    return response


def _versions() -> dict[str, str]:
    """Each asset's content hash, so that browsers may keep it for good."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in STATIC.iterdir()}
