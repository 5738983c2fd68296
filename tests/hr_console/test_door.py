"""Who gets in at all: nobody without a session, nobody past their roles, no form from elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from desk import Colleague
from flask import Flask

pytest_plugins = ["databases", "desk"]


def test_whoever_is_not_signed_in_is_sent_to_the_door(desk: Flask) -> None:
    response = desk.test_client().get("/hr/")
    assert response.status_code == 303
    assert response.headers["Location"].startswith("/hr/sign-in")


def test_whoever_has_no_role_is_told_so(colleague: Callable[..., Colleague]) -> None:
    assert "权限" in colleague("赵静").opens("/hr/", 403).get_data(as_text=True)
