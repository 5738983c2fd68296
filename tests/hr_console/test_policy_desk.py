"""The policy desk: looked up, entered, tried, approved by a second person, published, taken back, told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from desk import Colleague

from app.publishing import Publisher
from app.running import Program, assemble
from app.settings import Policy, Settings
from storage.opening import Storage

pytest_plugins = ["databases", "desk"]

FUYANG = "341202"
LINE = {
    "what": "line", "region": FUYANG, "rural": "830", "from": "2026-10-01",
    "title": "关于调整低保标准的通知", "document": "州民〔2026〕12号", "known": "2026-09-20",
    "where": "https://mz.fy.gov.cn/12",
}  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(policy=Policy(overlay=str(tmp_path / "policy"), company=str(tmp_path / "company")))


@pytest.fixture
def program(settings: Settings, desk_storage: Storage) -> Iterator[Program]:
    """The whole program; it looks at its folders only when it is told to."""
    program = Program((*settings.policy.overlays, settings.policy.company_folder), every=3600)
    publisher = Publisher(settings.policy, desk_storage, program)
    program.start(lambda: assemble(settings, desk_storage, publisher))
    yield program
    program.stop()


class Running:
    """Opens browsers on whatever the program serves now."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def test_client(self) -> Any:
        return self._program._serving.app.test_client()


@pytest.fixture
def publisher(settings: Settings, desk_storage: Storage, program: Program) -> Publisher:
    return Publisher(settings.policy, desk_storage, program)


@pytest.fixture
def zhao(program: Program, desk_storage: Storage) -> Colleague:
    return signed_in(program, desk_storage, "赵静", "policy_editor")


@pytest.fixture
def qian(program: Program, desk_storage: Storage) -> Colleague:
    return signed_in(program, desk_storage, "钱明", "policy_reviewer")


@pytest.fixture
def sun(program: Program, desk_storage: Storage) -> Colleague:
    return signed_in(program, desk_storage, "孙兰", "dibao_officer", "policy_editor")


def signed_in(program: Program, storage: Storage, name: str, *roles: Any) -> Colleague:
    account = storage.accounts.add(f"{name}@example.test", name, frozenset(roles), state="active")
    colleague = Colleague(program._serving.app, storage, account)
    colleague.client.application = program._serving.app
    return colleague


def text(response: Any) -> str:
    return str(response.get_data(as_text=True))


def test_pages(zhao: Colleague, qian: Colleague, desk_storage: Storage) -> None:
    for path in (
        "/hr/policy",
        "/hr/policy?region=苏州",
        "/hr/policy?region=朝阳",
        "/hr/policy?words=渐退",
        "/hr/policy/due",
        "/hr/policy/changes",
        "/hr/policy/rules",
        "/hr/policy/figure",
        "/hr/policy/import",
        "/hr/policy/rules/new",
    ):
        zhao.opens(path)
    print(text(zhao.sends("/hr/policy/figure", 200, do="look", **LINE))[:20])
    zhao.sends("/hr/policy/figure", 303, do="keep", **LINE)
    print(text(zhao.opens("/hr/policy/changes/1")))
