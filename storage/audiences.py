"""Who may see a case, as the database can tell: tokens that say nothing without the keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, exists, false, func, insert, or_, select

from hr_inbox.cases import Viewer
from hr_inbox.complaints import names
from hr_inbox.task import COMPLAINTS, NEEDED, Audience, HrTask
from people.accounts import GRANTS, ROLES
from storage.account_rows import read_account
from storage.keys import Keys
from storage.tables import accounts, exclusions, tasks

AUDIENCE: Final = "tasks.audience"
WHO: Final = "exclusions.who"


def audience_token(keys: Keys, audience: Audience) -> bytes:
    """The token of an audience, for restricted cases.

    A blind index of a value with few others beside it: it hides the word, not that cases belong together, and whoever
    counts the groups may guess. Without it a list could not be had without opening every restricted case.
    """
    return keys.index(AUDIENCE, audience)


def leave_out(connection: Connection, keys: Keys, number: int, task: HrTask) -> None:
    """Notes who is named in a complaint: every account, whatever its state, since it may come back."""
    if task.audience not in COMPLAINTS:
        return
    text = "\n".join(task.lines)
    rows = connection.execute(select(accounts)).all()
    named = [row.id for row in rows if names(text, read_account(keys, row).name)]
    if named:
        connection.execute(
            insert(exclusions), [{"task": number, "who": _who(keys, account)} for account in named]
        )


def visible(connection: Connection, keys: Keys, viewer: Viewer) -> ColumnElement[bool]:
    """Which tasks a viewer may see."""
    return or_(false(), *ways_to_see(connection, keys, viewer))


def ways_to_see(connection: Connection, keys: Keys, viewer: Viewer) -> Iterator[ColumnElement[bool]]:
    """The reasons for which a viewer may see a task; none is seen for two of them."""
    if viewer.may_see("everyone"):
        yield ~tasks.c.restricted
    yield _for(keys, [each for each in NEEDED if each not in COMPLAINTS and viewer.may_see(each)])
    theirs = [each for each in COMPLAINTS if viewer.may_see(each)]
    yield and_(_for(keys, theirs), ~_excludes(keys, viewer.account))
    if viewer.audit:
        for left_over in _left_over(connection, keys, frozenset(theirs)):
            yield and_(left_over, ~_excludes(keys, viewer.account))


def _left_over(connection: Connection, keys: Keys, but: frozenset[Audience]) -> Iterator[ColumnElement[bool]]:
    """Complaints that leave out everybody who handles them now."""
    rows = connection.execute(
        select(accounts.c.id, accounts.c.roles).where(accounts.c.state == "active")
    ).all()
    for audience in sorted(COMPLAINTS - but):
        handle = [row.id for row in rows if NEEDED[audience] <= _granted(row.roles)]
        left_out = (
            select(func.count())
            .where(
                exclusions.c.task == tasks.c.number,
                exclusions.c.who.in_([_who(keys, account) for account in handle]),
            )
            .scalar_subquery()
        )
        yield and_(_for(keys, [audience]), left_out == len(handle))


def _granted(roles: str) -> frozenset[str]:
    held = roles.split(",")
    return frozenset().union(*(GRANTS[role] for role in ROLES if role in held))


def _for(keys: Keys, audiences: Iterable[Audience]) -> ColumnElement[bool]:
    return and_(tasks.c.restricted, tasks.c.audience.in_([audience_token(keys, each) for each in audiences]))


def _excludes(keys: Keys, account: str) -> ColumnElement[bool]:
    return exists().where(exclusions.c.task == tasks.c.number, exclusions.c.who == _who(keys, account))


def _who(keys: Keys, account: str) -> bytes:
    return keys.index(WHO, account)
