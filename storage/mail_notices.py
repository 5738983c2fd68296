"""Who was told by mail of which work: accounts are claimed by one worker at a time, and settled after the mail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import (
    Connection,
    and_,
    bindparam,
    delete,
    exists,
    insert,
    literal,
    not_,
    or_,
    select,
    update,
)

from hr_inbox.cases import Viewer
from hr_inbox.notices import Claim, MailFailure, NoticeBook, Trouble, Waiting, is_time, next_try
from hr_inbox.service_rules import NO_MAIL, ServiceRules
from people.accounts import Account
from storage.account_rows import read_account
from storage.audiences import visible
from storage.company_settings import service_rules
from storage.database import DIALECTS, Database, upsert
from storage.keys import Keys
from storage.tables import accounts, mail_digests, tasks, told_tasks
from storage.tasks import count_of, task_number

_BEGIN: Final = {
    dialect: upsert(dialect, mail_digests).values(attempts=0).on_conflict_do_nothing() for dialect in DIALECTS
}
#: What another worker is just claiming is left to it.
_LOCK: Final = (
    select(mail_digests).where(mail_digests.c.account == bindparam("of")).with_for_update(skip_locked=True)
)
_TOLD: Final = exists().where(told_tasks.c.task == tasks.c.number, told_tasks.c.account == bindparam("of"))
#: What waits for somebody to take it; what was laid aside waits again when its time is over.
_WAITS: Final = or_(
    tasks.c.state == "waiting",
    and_(tasks.c.state == "snoozed", tasks.c.assignee.is_(None), tasks.c.snoozed_until <= bindparam("now")),
)
_UNTOLD: Final = (
    select(tasks.c.number, tasks.c.priority, tasks.c.due_at).where(_WAITS, ~_TOLD).order_by(tasks.c.number)
)
_WAITS_NO_MORE: Final = delete(told_tasks).where(
    told_tasks.c.task.in_(select(tasks.c.number).where(not_(_WAITS)))
)


class StoredNotices(NoticeBook):
    """The book over the tables."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def claim(self, now: datetime, until: datetime) -> Claim | None:
        """Leases the next account that is to be told something now, with all that it was not told of yet."""
        with self._database.work() as connection:
            connection.execute(_WAITS_NO_MORE, {"now": now})
            rules = service_rules(connection)
            for account in self._readers(connection, rules):
                claim = self._claim(connection, account, rules, now, until)
                if claim is not None:
                    return claim
        return None

    def settle(self, claim: Claim, failure: MailFailure | None, now: datetime) -> None:
        """Writes down what became of the mail, unless the lease has passed to someone else."""
        values: dict[str, Any] = {"token": None, "leased_until": None}
        if failure is None:
            values |= {"sent_at": now, "attempts": 0, "retry_at": None, "last_error": None}
        else:
            values |= {"retry_at": next_try(failure, claim.attempts, now), "last_error": str(failure)}
        still_ours = (mail_digests.c.account == claim.account, mail_digests.c.token == claim.token)
        with self._database.work() as connection:
            settled = connection.execute(update(mail_digests).where(*still_ours).values(**values))
            if failure is None and settled.rowcount == 1:
                _note(connection, claim, now)

    def troubles(self) -> tuple[Trouble, ...]:
        """The accounts whose last mail did not go out."""
        failed = select(mail_digests).where(mail_digests.c.retry_at.is_not(None))
        with self._database.read() as connection:
            rows = connection.execute(failed.order_by(mail_digests.c.retry_at)).all()
        return tuple(Trouble(row.account, row.last_error, row.retry_at) for row in rows)

    def try_again(self) -> None:
        """What failed is due at once: a setting has changed."""
        failed = update(mail_digests).where(mail_digests.c.retry_at.is_not(None))
        with self._database.work() as connection:
            connection.execute(failed.values(retry_at=self._now(), attempts=0))

    def _readers(self, connection: Connection, rules: ServiceRules) -> list[Account]:
        """Whoever may see some case, has an address and wants mails."""
        rows = connection.execute(
            select(accounts).where(accounts.c.state == "active").order_by(accounts.c.id)
        )
        found = [read_account(self._keys, row) for row in rows]
        return [
            each for each in found if each.mail and each.may("cases") and rules.mail.of(each.id) != NO_MAIL
        ]

    def _claim(
        self, connection: Connection, account: Account, rules: ServiceRules, now: datetime, until: datetime
    ) -> Claim | None:
        connection.execute(_BEGIN[connection.dialect.name], {"account": account.id})
        row = connection.execute(_LOCK, {"of": account.id}).one_or_none()
        if row is None or (row.token is not None and row.leased_until > now):
            return None
        waiting = self._untold(connection, account, now)
        every = timedelta(minutes=rules.mail.of(account.id))
        is_open = rules.clock.is_open(now)
        if not is_time(waiting, every, row.sent_at, row.retry_at, now, office_is_open=is_open):
            return None
        claim = Claim(account.id, account.mail, str(uuid4()), waiting, row.attempts + 1)
        lease = {"token": claim.token, "leased_until": until, "attempts": claim.attempts}
        connection.execute(update(mail_digests).where(mail_digests.c.account == account.id).values(**lease))
        return claim

    def _untold(self, connection: Connection, account: Account, now: datetime) -> tuple[Waiting, ...]:
        query = _UNTOLD.where(visible(connection, self._keys, _viewer(account)))
        rows = connection.execute(query, {"of": account.id, "now": now}).all()
        return tuple(Waiting(task_number(row.number), row.priority, row.due_at) for row in rows)


def _viewer(account: Account) -> Viewer:
    """An account as the cases know it."""
    seen = {name: account.may(name) for name in ("dibao", "complaints", "inbox", "audit")}
    return Viewer(account.id, account.name, **seen)


def _note(connection: Connection, claim: Claim, now: datetime) -> None:
    """What was told, unless it is gone by now."""
    numbers = [count_of(each.number) for each in claim.waiting]
    told = select(
        literal(claim.account, told_tasks.c.account.type),
        tasks.c.number,
        literal(now, told_tasks.c.told_at.type),
    )
    connection.execute(
        insert(told_tasks).from_select(
            ["account", "task", "told_at"], told.where(tasks.c.number.in_(numbers))
        )
    )
