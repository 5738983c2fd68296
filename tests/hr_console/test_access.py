"""Every route and every role: allowed or refused as `access.tsv` says, asked for with real requests.

A new route needs its line there. The failure prints the line as `hr_console/access.py` would have it: look at it before you
take it over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest
from desk import TOKEN_OF_THE_FORM
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from hr_console.access import allowed
from hr_console.console import HEADERS, NAME, TOKEN
from people.accounts import ROLES, Account, Role
from people.signing_in import Proof
from storage.opening import Storage

pytest_plugins = ["databases", "desk"]

TABLE: Final = Path(__file__).with_name("access.tsv")
#: Who asks: nobody, somebody whose code is still awaited, somebody without a role, and each role by itself.
COLUMNS: Final = ("nobody", "half_way", "no_role", *ROLES)
#: What a parameter of a path is in a request: it looks right, and there is no such thing.
NO_SUCH: Final = {"uuid": "5a1e0000-0000-4000-8000-0000000000ff", "int": "999999", "date": "2026-10-15"}


def rules(app: Flask) -> list[tuple[str, Rule]]:
    """Every method and rule of the console."""
    found = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith(f"{NAME}.")]
    return [
        (method, rule)
        for rule in sorted(found, key=lambda rule: rule.rule)
        for method in sorted(set(rule.methods or ()) - {"HEAD", "OPTIONS"})
    ]


def path_of(rule: Rule) -> str:
    """A path that the rule takes."""
    return re.sub(
        r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>", lambda found: NO_SUCH.get(found[1] or "", "none"), rule.rule
    )


class Somebody:
    """One who asks, with a new session for every request: some requests end it."""

    def __init__(self, app: Flask, storage: Storage, column: str) -> None:
        self.client = app.test_client()
        self._storage = storage
        roles: frozenset[Role] = frozenset(ROLES) & {column}  # type: ignore[arg-type]
        self.account = storage.accounts.add(f"{column}@example.test", "某人", roles, state="active")
        self._proof: Proof | None = {"nobody": None, "half_way": "password"}.get(column, "code")  # type: ignore[assignment]

    def asks(self, method: str, path: str, *, token: bool = True) -> TestResponse:
        with self.client.session_transaction(base_url="http://localhost/hr/", path="/hr/") as session:
            session.clear()
            if self._proof is not None:
                session[TOKEN] = self._storage.sessions.begin(self.account.id, self._proof)
        if method == "GET":
            return self.client.get(path)
        page = "/hr/me" if self._proof == "code" else "/hr/sign-in"
        found = TOKEN_OF_THE_FORM.search(self.client.get(page).get_data(as_text=True))
        assert found is not None
        return self.client.open(path, method=method, data={"csrf_token": found[1]} if token else {})

    def may(self, method: str, rule: Rule) -> bool:
        """Whether the page was reached, whatever it answers then."""
        response = self.asks(method, path_of(rule))
        away = response.status_code == 303 and re.match(
            r"/hr/sign-in(\?next=|$)", response.headers["Location"]
        )
        return not (response.status_code in (401, 403) or away)


@pytest.fixture
def somebody(desk: Flask, desk_storage: Storage) -> Callable[[str], Somebody]:
    desk.testing = True  # an error in a page is an error here
    return lambda column: Somebody(desk, desk_storage, column)


@pytest.fixture
def everybody(somebody: Callable[[str], Somebody], desk_storage: Storage) -> Somebody:
    """Somebody with every role."""
    one = somebody("agent")
    desk_storage.accounts.change_roles(one.account.id, frozenset(ROLES), "system", "")
    return one


def table() -> dict[tuple[str, str], tuple[bool, ...]]:
    """What is written: whether each column may, by method and rule."""
    lines = [line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines()]
    assert tuple(lines[0]) == ("method", "rule", *COLUMNS)
    assert all(len(line) == len(lines[0]) and set(line[2:]) <= {"yes", "-"} for line in lines[1:])
    return {(line[0], line[1]): tuple(cell == "yes" for cell in line[2:]) for line in lines[1:]}


def line_of(method: str, rule: Rule) -> str:
    """A line for the table, as the code has it now."""
    endpoint = rule.endpoint.removeprefix(f"{NAME}.")
    cells = []
    for column in COLUMNS:
        roles: frozenset[Role] = frozenset(ROLES) & {column}  # type: ignore[arg-type]
        who = None if column in ("nobody", "half_way") else Account("1", "x", "x", roles=roles)
        cells.append("yes" if allowed(endpoint, who, half_way=column == "half_way") else "-")
    return "\t".join((method, rule.rule, *cells))


def test_every_route_stands_in_the_table(desk: Flask) -> None:
    written = table()
    missing = [line_of(method, rule) for method, rule in rules(desk) if (method, rule.rule) not in written]
    assert not missing, "add to tests/hr_console/access.tsv, once you have looked at it:\n" + "\n".join(
        missing
    )
    gone = set(written) - {(method, rule.rule) for method, rule in rules(desk)}
    assert not gone, f"take out of tests/hr_console/access.tsv: {sorted(gone)}"


@pytest.mark.parametrize("column", COLUMNS)
def test_each_route_lets_in_whom_the_table_says(
    desk: Flask, somebody: Callable[[str], Somebody], column: str
) -> None:
    one, written, place = somebody(column), table(), COLUMNS.index(column)
    wrong = [
        f"{method} {rule.rule}: {'allowed' if reached else 'refused'}"
        for method, rule in rules(desk)
        if (reached := one.may(method, rule)) != written[method, rule.rule][place]
    ]
    assert not wrong, f"{column}:\n" + "\n".join(wrong)


def test_a_form_without_its_token_is_refused_everywhere(desk: Flask, everybody: Somebody) -> None:
    posts = [rule for method, rule in rules(desk) if method == "POST"]
    assert len(posts) > 10
    assert not [
        rule.rule for rule in posts if everybody.asks("POST", path_of(rule), token=False).status_code != 400
    ]


class Page(HTMLParser):
    """What of a page would run or be shown against the rule that it comes from a file of ours."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or (tag == "script" and not (given.get("src") or "").startswith("/hr/assets/")):
            self.wrong.append(f"<{tag}>")
        self.wrong += [f"{name} of <{tag}>" for name in given if name == "style" or name.startswith("on")]
        for name in ("src", "href", "action", "srcset", "poster", "formaction"):
            if re.match(r"\s*(https?:|//|javascript:)", given.get(name) or "", re.IGNORECASE):
                self.wrong.append(f"{name} of <{tag}>: {given[name]}")


def pages(desk: Flask, *askers: Somebody) -> Iterator[tuple[str, TestResponse]]:
    for method, rule in rules(desk):
        for one in askers:
            if method == "GET":
                yield rule.rule, one.asks(method, path_of(rule))


def test_no_page_holds_scripts_or_styles_of_its_own_nor_anything_from_elsewhere(
    desk: Flask, everybody: Somebody, somebody: Callable[[str], Somebody]
) -> None:
    seen = 0
    for rule, response in pages(desk, everybody, somebody("nobody"), somebody("half_way")):
        policy = response.headers["Content-Security-Policy"]
        assert policy == HEADERS["Content-Security-Policy"], rule
        assert all(response.headers[name] for name in HEADERS), rule
        if response.mimetype == "text/html":
            seen += 1
            assert Page(response.get_data(as_text=True)).wrong == [], rule
    assert seen > 20


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    parts = dict(part.strip().split(" ", 1) for part in HEADERS["Content-Security-Policy"].split(";"))
    assert parts.pop("img-src") == "'self' data:"
    assert parts.pop("default-src") == parts.pop("base-uri") == parts.pop("frame-ancestors") == "'none'"
    assert set(parts.values()) == {"'self'"}


def test_no_template_and_no_asset_names_another_site() -> None:
    room = Path("hr_console")
    files = [*(room / "templates").rglob("*.html"), *(room / "static").rglob("*.*")]
    assert len(files) > 10
    named = {
        f"{path}: {found}"
        for path in files
        for found in re.findall(r"(?:https?:|[\"'(=]\s*)//[^\s\"')]+", path.read_text(encoding="utf-8"))
        if not found.startswith("http://www.w3.org/")
    }
    assert not named


def test_pages_are_kept_by_no_browser_and_no_proxy(desk: Flask, everybody: Somebody) -> None:
    kept = {
        rule: response.headers["Cache-Control"]
        for rule, response in pages(desk, everybody)
        if "/assets/" not in rule
    }
    assert set(kept.values()) == {"no-store"}, [each for each in kept if kept[each] != "no-store"]


def test_cookies_are_strict_on_every_page(
    desk: Flask, everybody: Somebody, somebody: Callable[[str], Somebody]
) -> None:
    cookies = [
        cookie
        for _, response in pages(desk, everybody, somebody("nobody"))
        for cookie in response.headers.getlist("Set-Cookie")
        if not cookie.startswith("hr_journey=")
    ]
    assert cookies and all(
        cookie.startswith("hr=")
        and all(flag in cookie for flag in ("HttpOnly", "Path=/hr", "SameSite=Strict"))
        for cookie in cookies
    )
