"""A console over a real storage, and people of HR who are signed in to it.

PYTEST_DONT_REWRITE: the search for doctests imports this module before the tests name it as their plugin.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from databases import Clock
from flask import Flask
from flask.testing import FlaskClient
from notice_book import MemoryBook, MemoryPapers
from werkzeug.test import TestResponse

from app.console import make_console
from app.offices import NO_OFFICES
from app.settings import Settings
from app.web import create_app
from hr_console.console import TOKEN
from people.accounts import Account, Role
from policy_kb.library import Library
from storage.opening import Storage, open_storage

TOKEN_OF_THE_FORM = re.compile(r'<meta name="csrf" content="([^"]+)"')


class Colleague:
    """Somebody of HR at a browser."""

    def __init__(self, app: Flask, storage: Storage, account: Account) -> None:
        self.client: FlaskClient = app.test_client()
        self.account = account
        with self.client.session_transaction(base_url="http://localhost/hr/", path="/hr/") as session:
            session[TOKEN] = storage.sessions.begin(account.id)

    def opens(self, path: str, status: int = 200) -> TestResponse:
        """A page."""
        response = self.client.get(path)
        assert response.status_code == status, (
            path,
            response.status_code,
            response.get_data(as_text=True)[:2000],
        )
        return response

    def sends(self, path: str, status: int = 303, page: str = "/hr/", **fields: object) -> TestResponse:
        """A form, from a page that holds its token; lists are fields that are given several times."""
        response = self.client.post(path, data={**fields, "csrf_token": self.token(page)})
        assert response.status_code == status, (
            path,
            response.status_code,
            response.get_data(as_text=True)[:2000],
        )
        return response

    def asks(self, path: str, data: object = None, status: int = 200) -> TestResponse:
        """What the page's script fetches or posts: JSON in and out."""
        headers = {"Accept": "application/json"}
        if data is None:
            response = self.client.get(path, headers=headers)
        else:
            response = self.client.post(
                path, json=data, headers=headers | {"X-CSRFToken": self.token("/hr/")}
            )
        assert response.status_code == status, (
            path,
            response.status_code,
            response.get_data(as_text=True)[:2000],
        )
        return response

    def token(self, page: str = "/hr/") -> str:
        """The token of the forms, which is the session's."""
        text = self.client.get(page, follow_redirects=True).get_data(as_text=True)
        found = TOKEN_OF_THE_FORM.search(text)
        assert found is not None, text[:2000]
        return found[1]


@pytest.fixture
def desk_storage(tmp_path: Path, sqlite_template: Path, clock: Clock) -> Iterator[Storage]:
    """A storage in a file, with the clock of the test."""
    path = shutil.copy(sqlite_template, tmp_path / "desk.db")
    storage = open_storage(
        f"sqlite:///{path}", tmp_path / "keys", tmp_path / "erased.jsonl", clock, make=True
    )
    yield storage
    storage.database.close()


@pytest.fixture
def book(desk_storage: Storage) -> MemoryBook:
    """The notices. They stand in memory; over a storage the same tests run with one of the same kind."""
    return MemoryBook(desk_storage.roster, desk_storage.now)


@pytest.fixture
def desk(desk_storage: Storage, library: Library, book: MemoryBook) -> Flask:
    """The application with the console."""
    console = make_console(
        Settings(),
        desk_storage,
        library,
        notices=book,
        run_notices=book.run,
        papers=MemoryPapers(),
        offices=NO_OFFICES,
    )
    return create_app(Settings(), library, console=console)


@pytest.fixture
def colleague(desk: Flask, desk_storage: Storage) -> Callable[..., Colleague]:
    """Signs somebody in: `colleague("赵静", "agent", "dibao_officer")`."""

    def sign_in(name: str, *roles: Role) -> Colleague:
        account = desk_storage.accounts.add(f"{name}@example.test", name, frozenset(roles), state="active")
        return Colleague(desk, desk_storage, account)

    return sign_in
