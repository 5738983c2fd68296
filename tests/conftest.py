"""What tests of every room share."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from jinja2 import FileSystemBytecodeCache
from werkzeug.routing import Rule

from policy_kb import compiled
from policy_kb.library import Library

# A busy machine is no fault: nothing is timed.
settings.register_profile("shebao", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shebao")

#: The day on which the tests stand, so that they do not age with the library.
TODAY = date(2026, 10, 15)


@pytest.fixture(scope="session")
def library() -> Library:
    """The policy library that ships."""
    return compiled.load(compiled=None)


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """A program freezes the library that it loads: after a test it is to go."""
    yield
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every test has an application of its own: its templates and routes are compiled once for all of them."""
    builders: dict[tuple[Any, ...], Any] = {}
    compile_builder = Rule._compile_builder

    def builder(rule: Rule, append_unknown: bool = True) -> Any:
        key = (append_unknown, tuple(rule._trace), tuple(sorted((rule.defaults or {}).items())))
        return builders.get(key) or builders.setdefault(key, compile_builder(rule, append_unknown))

    templates = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": templates})
        patch.setattr(Rule, "_compile_builder", builder)
        yield


CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, started once: each test opens a context of its own in it."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield started
        started.close()
