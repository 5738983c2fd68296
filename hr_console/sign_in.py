"""Signing in."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from hr_console.console import Console, Entry


class SignIn:
    """The door's own pages."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @property
    def entries(self) -> Sequence[Entry]:
        """Nothing in the navigation."""
        return ()

    def add_to(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/sign-in", "sign_in", self.page)

    def page(self) -> ResponseReturnValue:
        """Name and password."""
        return render_template("hr_console/sign_in.html")
