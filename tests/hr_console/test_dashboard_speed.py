"""How long the dashboard's pages take with two thousand employees and a hundred thousand cases: printed, not asserted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from databases import Open
from desk import Colleague

from app.console import make_console
from app.settings import Settings
from app.web import create_app
from bench.dashboard import fill, measure
from policy_kb.library import Library

pytest_plugins = ["databases", "desk"]


@pytest.mark.soak
def test_the_pages_of_a_large_company(
    url: str, open_one: Open, library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = open_one(url)
    fill(storage)
    app = create_app(Settings(), library, console=make_console(Settings(), storage, library))
    somebody = storage.accounts.add("lin", "林敏", frozenset({"dibao_officer"}), state="active")
    officer = Colleague(app, storage, somebody)

    def opens(path: str) -> Callable[[], object]:
        return lambda: officer.opens(path)

    with capsys.disabled():
        print(f"\n{storage.database.dialect}")
        for path in ("", "?period=month", "?period=year", "/uninsured", "/dibao", "/bases", "/file"):
            measure(f"/hr/dashboard{path}", opens(f"/hr/dashboard{path}"))
