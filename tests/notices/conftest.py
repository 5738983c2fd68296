"""Desks and phones of the notices' tests. Not a plugin's, which would take the place of every other room's desk."""

from __future__ import annotations

import pytest
from answer_desks import Given, Phone, Small, Stored, make_app

from policy_kb.library import Library


@pytest.fixture
def small(library: Library) -> Small:
    return Small(library)


@pytest.fixture(params=["small", "stored"])
def desk(request: pytest.FixtureRequest, library: Library) -> Given:
    """Both desks keep the same rules."""
    if request.param == "small":
        return Small(library)
    clock = request.getfixturevalue("clock")
    return Stored(request.getfixturevalue("storage"), library, clock)


@pytest.fixture
def phone(desk: Given) -> Phone:
    """阿丽's phone."""
    return Phone(make_app(desk), desk)
