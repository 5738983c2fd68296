"""The program takes up what its folders hold while it runs: by itself, whole, and without stopping for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from flask import Flask
from werkzeug.test import Client

from app.publishing import Publisher
from app.running import Program, Serving, assemble
from app.settings import Policy, Settings
from bot.assistant import Assistant
from bot.dialogue.talk import House
from policy_kb.files import PolicyError
from storage.opening import Storage, open_storage

LINE = {
    "region": "341202",
    "name": "颍州区",
    "sources": {"s1": {"title": "州民〔2026〕12号", "where": "https://mz.fy.gov.cn/12"}},
    "lines": [
        {
            "kind": "line", "from": "2026-07-01", "known": "2026-07-01", "rural": "830.00",
            "certainty": "single_source", "grade": "official_text_copy", "sources": ["s1"],
        }
    ],
}  # fmt: skip
CASE = {
    "region": "320500", "dibao_region": "341202", "area": "rural", "on": "2026-10-15",
    "household": {"size": 4, "earners": [{"wage": "3500.00"}]},
}  # fmt: skip


def wait_for(happens: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not happens():
        assert time.monotonic() < until, "it did not happen in thirty seconds"
        time.sleep(0.02)


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    url = f"sqlite:///{tmp_path / 'shebao.db'}"
    storage = open_storage(url, tmp_path / "keys", tmp_path / "erasures.log", make=True)
    yield storage
    storage.database.close()


def write(folder: Path, name: str, content: object) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


class Numbered:
    """Assemblies that answer their number, and fail when they are told to."""

    def __init__(self) -> None:
        self.made = 0
        self.failure: Exception | None = None

    def __call__(self, before: House | None) -> Serving:
        if self.failure is not None:
            raise self.failure
        self.made += 1
        app, number = Flask(f"numbered{self.made}"), str(self.made)
        app.add_url_rule("/", "number", lambda: number)
        nothing: Assistant = None  # type: ignore[assignment]
        house: House = None  # type: ignore[assignment]
        return Serving(app, nothing, house)


def number_of(program: Program) -> str:
    return str(Client(program).get("/").get_data(as_text=True))


def test_what_another_process_published_is_noticed(tmp_path: Path, storage: Storage) -> None:
    settings = Settings(policy=Policy(overlay=str(tmp_path / "policy"), company=str(tmp_path / "company")))
    program = Program((*settings.policy.overlays, settings.policy.company_folder), every=0.05)
    publisher = Publisher(settings.policy, storage, program)
    program.start(lambda house: assemble(settings, storage, publisher, house))
    try:

        def line() -> str | None:
            answer = Client(program).post("/api/v1/calculations", json=CASE).get_json()
            amount: str | None = answer["dibao"]["standard"]["amount"]
            return amount

        assert line() is None
        write(tmp_path / "policy", "341202.yaml", LINE)
        wait_for(lambda: line() == "830.00")
        (tmp_path / "policy" / "341202.yaml").unlink()
        wait_for(lambda: line() is None)
    finally:
        program.stop()


def test_files_that_are_still_being_written_are_waited_for(tmp_path: Path) -> None:
    assembling = Numbered()
    program = Program((tmp_path,), every=3600)
    program.start(assembling)
    for name in ("110000.yaml", "310000.yaml", "341202.yaml"):  # each look finds one more
        write(tmp_path, name, name)
        program.look()
        assert number_of(program) == "1"
    program.look()
    assert (number_of(program), assembling.made) == ("2", 2)
    program.stop()


def test_nothing_is_assembled_where_nothing_changed(tmp_path: Path) -> None:
    assembling = Numbered()
    program = Program((tmp_path,), every=3600)
    program.start(assembling)
    program.refresh()
    assert (assembling.made, program.trouble()) == (1, "")
    program.stop()


def test_a_failure_is_told_and_the_old_one_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assembling = Numbered()
    program = Program((tmp_path,), every=3600)
    program.start(assembling)
    assembling.failure = PolicyError("341202.yaml: lines: missing_field")
    write(tmp_path, "341202.yaml", 1)
    with caplog.at_level("ERROR", "shebao.running"):
        program.refresh()
    assert "341202.yaml" in caplog.text and "341202.yaml" in program.trouble()
    assert number_of(program) == "1"
    assembling.failure = None
    write(tmp_path, "341202.yaml", 22)
    program.refresh()
    assert (number_of(program), program.trouble()) == ("2", "")
    program.stop()


def test_a_request_ends_by_the_assembly_that_it_began_with(tmp_path: Path) -> None:
    assembling = Numbered()
    program = Program((tmp_path,), every=3600)
    program.start(assembling)
    app = program.serving.app

    def slow() -> str:
        write(tmp_path, "a.yaml", 1)
        program.refresh()
        return f"{app.name} while {program.serving.app.name}"

    app.add_url_rule("/slow", "slow", slow)
    assert Client(program).get("/slow").get_data(as_text=True) == "numbered1 while numbered2"
    program.stop()
