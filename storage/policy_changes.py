"""Changes of the policy library as rows: each act checked, kept and logged in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from audit import events
from audit.events import Event
from policy_kb.changes import (
    BUSY,
    TAKEN,
    Act,
    Changes,
    Fed,
    Kind,
    News,
    PolicyChange,
    Refused,
    State,
    Step,
    content_hash,
    drafted_from,
    newest_edition,
    refuse_unless,
)
from storage.audit import append
from storage.counters import next_of
from storage.database import Database
from storage.keys import Keys
from storage.tables import bindings, conversations, policy_changes, policy_news

BODY: Final = "policy_changes.body"
NUMBERS: Final = "policy_changes"
#: Longer than writing the folders and reckoning every household takes.
LEASE: Final = timedelta(minutes=10)
_IN_BODY: Final = (
    "title",
    "content",
    "authors",
    "typed",
    "reviewer",
    "published",
    "replaced",
    "tried",
    "effects",
    "fed",
)
_SOME: Final = 500


class PolicyChanges(Changes):
    """Every change there ever was."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now

    def all(self) -> tuple[PolicyChange, ...]:
        """Every change, the newest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(policy_changes).order_by(policy_changes.c.number.desc())).all()
        return tuple(self._read(row) for row in rows)

    def get(self, number: int) -> PolicyChange | None:
        """A change by its number."""
        query = select(policy_changes).where(policy_changes.c.number == number)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else self._read(row)

    def draft(
        self,
        kind: Kind,
        title: str,
        content: Mapping[str, Any],
        by: str,
        typed: Mapping[str, str] | None = None,
        fed: Fed | None = None,
    ) -> PolicyChange:
        """A new one. Raises `Refused` for a bundle of an edition that was taken, or of one before it."""
        with self._database.work() as connection:
            number = next_of(connection, NUMBERS)  # whoever else drafts one waits here
            if fed is not None:
                kept = [self._read(row) for row in connection.execute(select(policy_changes))]
                if fed.edition < newest_edition(kept) or drafted_from(kept, fed.edition) is not None:
                    raise Refused(TAKEN, edition=fed.edition)
            change = PolicyChange(
                number=number,
                kind=kind,
                state="draft",
                title=title,
                content=content,
                hash=content_hash(kind, content),
                authors=(by,),
                typed=typed,
                fed=fed,
            )
            change = self._stepped(change, "draft", by)
            connection.execute(insert(policy_changes), self._row(change))
            self._log(connection, change, "draft", by)
        return change

    def revise(
        self,
        number: int,
        title: str,
        content: Mapping[str, Any],
        by: str,
        typed: Mapping[str, str] | None = None,
    ) -> PolicyChange:
        """Another content, which is a draft again; whoever approved the old one has not approved it."""

        def revised(change: PolicyChange) -> PolicyChange:
            return replace(
                change,
                state="draft",
                title=title,
                content=content,
                hash=content_hash(change.kind, content),
                authors=tuple(dict.fromkeys((*change.authors, by))),
                typed=typed,
                reviewer="",
                approved_hash="",
                publish_on=None,
                tried=None,
            )

        return self._do(number, "revise", by, revised)

    def submit(self, number: int, by: str) -> PolicyChange:
        """Asks for a second person's look."""
        return self._do(number, "submit", by, lambda change: replace(change, state="submitted"))

    def give_back(self, number: int, by: str, note: str) -> PolicyChange:
        """Back to its author, with what is wrong."""
        return self._do(number, "return", by, _unapproved("draft"), note)

    def withdraw(self, number: int, by: str) -> PolicyChange:
        """Given up."""
        return self._do(number, "withdraw", by, _unapproved("withdrawn"))

    def approve(self, number: int, by: str, seen: str, publish_on: date | None) -> PolicyChange:
        """Approved by somebody else than its authors, for exactly the content that was `seen`."""

        def approved(change: PolicyChange) -> PolicyChange:
            return replace(
                change, state="approved", reviewer=by, approved_hash=change.hash, publish_on=publish_on
            )

        return self._do(number, "approve", by, approved, seen=seen)

    def schedule(self, number: int, by: str, publish_on: date | None) -> PolicyChange:
        """Another day, or none."""
        note = "" if publish_on is None else publish_on.isoformat()
        return self._do(number, "schedule", by, lambda change: replace(change, publish_on=publish_on), note)

    def note_trial(self, number: int, by: str, counts: Mapping[str, Any]) -> PolicyChange:
        """The counts of a dry run, with the hash of the content that it was about."""
        return self._do(number, "try", by, lambda change: replace(change, tried=dict(counts)))

    # Publishing

    def due(self, today: date) -> tuple[int, ...]:
        """The changes whose day has come, by number."""
        query = select(policy_changes.c.number).where(
            policy_changes.c.state == "approved", policy_changes.c.publish_on <= today
        )
        with self._database.read() as connection:
            return tuple(connection.execute(query.order_by(policy_changes.c.number)).scalars())

    def claim(self, number: int, by: str, act: Act) -> PolicyChange:
        """Takes the one turn at the folders for publishing a change, or for taking it back. Raises `Refused`."""
        state: State = "publishing" if act == "publish" else "taking_back"

        def claimed(connection: Connection) -> PolicyChange:
            change = self._locked(connection, number)
            refuse_unless(change, act, by)
            change = replace(change, state=state)
            self._keep(connection, change, turn=1, leased_until=self._now() + LEASE)
            return change

        try:
            with self._database.work() as connection:
                return claimed(connection)
        except IntegrityError:
            raise Refused(BUSY) from None

    def reclaim(self) -> PolicyChange | None:
        """The change whose process died while it wrote the folders, if there is one, with its turn."""
        dead = select(policy_changes.c.number).where(
            policy_changes.c.turn == 1, policy_changes.c.leased_until < self._now()
        )
        with self._database.work() as connection:
            number = connection.execute(dead.with_for_update(skip_locked=True)).scalar_one_or_none()
            if number is None:
                return None
            change = self._locked(connection, number)
            self._keep(connection, change, turn=1, leased_until=self._now() + LEASE)
        return change

    def note_written(self, number: int, published: Mapping[str, Any], replaced: str | None) -> PolicyChange:
        """What is going to be written, and what it replaces, before it is."""
        with self._database.work() as connection:
            change = replace(self._locked(connection, number), published=dict(published), replaced=replaced)
            self._keep(connection, change, turn=1, leased_until=self._now() + LEASE)
        return change

    def finish(
        self,
        number: int,
        by: str,
        act: Act,
        counts: Mapping[str, int],
        touched: Sequence[str],
        note: str = "",
    ) -> PolicyChange:
        """The folders are written: the turn is given up, and whom it touched is kept."""
        state: State = "published" if act == "publish" else "taken_back"
        with self._database.work() as connection:
            change = replace(self._locked(connection, number), state=state, effects=dict(counts))
            change = self._stepped(change, act, by, note)
            self._keep(connection, change)
            for start in range(0, len(touched), _SOME):
                some = touched[start : start + _SOME]
                _keep_touched(connection, number, undone=act == "take_back", conversations_of=some)
            self._log(connection, change, act, by, note)
        return change

    def fail(self, number: int, by: str, act: Act, note: str) -> PolicyChange:
        """It could not be written: the change is what it was before, and waits for somebody to look."""
        state: State = "approved" if act == "publish" else "published"
        with self._database.work() as connection:
            change = replace(self._locked(connection, number), state=state, publish_on=None)
            if act == "publish":
                change = replace(change, published=None, replaced=None)
            change = self._stepped(change, "fail", by, note)
            self._keep(connection, change)
            self._log(connection, change, "fail", by, note)
        return change

    # Telling

    def tell(self, number: int, by: str) -> int:
        """Everybody whose result the change touched is to be told; how many have not been before."""
        with self._database.work() as connection:
            change = self._locked(connection, number)
            refuse_unless(change, "tell", by)
            asked = connection.execute(
                update(policy_news)
                .where(*_of(change), policy_news.c.state == "touched")
                .values(state="waiting")
            ).rowcount
            if asked:
                change = self._stepped(change, "tell", by)
                self._keep(connection, change)
                self._log(connection, change, "tell", by)
        return asked

    def news(self, number: int) -> News:
        """How far that is."""
        change = self.get(number)
        if change is None:
            return News()
        query = select(policy_news.c.state, func.count()).where(*_of(change)).group_by(policy_news.c.state)
        with self._database.read() as connection:
            counts = {state: count for state, count in connection.execute(query)}
        return News(sum(counts.values()), counts.get("waiting", 0), counts.get("told", 0))

    def people(self, number: int) -> tuple[tuple[str, str | None], ...]:
        """The conversations that the change touched, each with the employee whose chat it is, where that is known."""
        change = self.get(number)
        if change is None:
            return ()
        bound = (bindings.c.conversation == policy_news.c.conversation) & (bindings.c.state == "active")
        query = (
            select(policy_news.c.conversation, bindings.c.employee)
            .select_from(policy_news.outerjoin(bindings, bound))
            .where(*_of(change))
            .order_by(policy_news.c.conversation)
        )
        with self._database.read() as connection:
            return tuple((conversation, employee) for conversation, employee in connection.execute(query))

    # Rows

    def _do(
        self,
        number: int,
        act: Act,
        by: str,
        change_of: Callable[[PolicyChange], PolicyChange],
        note: str = "",
        seen: str = "",
    ) -> PolicyChange:
        with self._database.work() as connection:
            change = self._locked(connection, number)
            refuse_unless(change, act, by, seen)
            change = self._stepped(change_of(change), act, by, note)
            self._keep(connection, change)
            self._log(connection, change, act, by, note)
        return change

    def _locked(self, connection: Connection, number: int) -> PolicyChange:
        query = select(policy_changes).where(policy_changes.c.number == number).with_for_update()
        return self._read(connection.execute(query).one())

    def _stepped(self, change: PolicyChange, act: Act, by: str, note: str = "") -> PolicyChange:
        return replace(change, steps=(*change.steps, Step(act, by, self._now(), note)))

    def _keep(
        self,
        connection: Connection,
        change: PolicyChange,
        turn: int | None = None,
        leased_until: datetime | None = None,
    ) -> None:
        row = self._row(change) | {"turn": turn, "leased_until": leased_until}
        connection.execute(
            update(policy_changes).where(policy_changes.c.number == change.number).values(**row)
        )

    def _log(self, connection: Connection, change: PolicyChange, act: Act, by: str, note: str = "") -> None:
        actor = events.account(by) if by else events.SYSTEM
        details = {"change": change.label, "hash": change.hash[:16]}
        event = Event(f"policy_{act}", actor, details=details, reason=note)
        append(connection, event, self._now(), self._keys)

    def _row(self, change: PolicyChange) -> dict[str, Any]:
        box = self._keys.box(BODY)
        body = {name: getattr(change, name) for name in _IN_BODY} | {
            "steps": [[each.act, each.by, each.at.isoformat(), each.note] for each in change.steps]
        }
        return {
            "number": change.number,
            "kind": change.kind,
            "state": change.state,
            "hash": change.hash,
            "approved_hash": change.approved_hash,
            "publish_on": change.publish_on,
            "changed_at": self._now(),
            "key_id": box.key_id,
            "body": box.seal_json(f"{BODY}:{change.number}", body),
        }

    def _read(self, row: Row[Any]) -> PolicyChange:
        body = self._keys.box(BODY, row.key_id).open_json(f"{BODY}:{row.number}", row.body)
        steps = tuple(Step(act, by, datetime.fromisoformat(at), note) for act, by, at, note in body["steps"])
        return PolicyChange(
            **{name: body.get(name) for name in _IN_BODY}
            | {"authors": tuple(body["authors"]), "fed": Fed(*body["fed"]) if body.get("fed") else None},
            number=row.number,
            kind=row.kind,
            state=row.state,
            hash=row.hash,
            approved_hash=row.approved_hash,
            publish_on=row.publish_on,
            steps=steps,
        )


def _unapproved(state: State) -> Callable[[PolicyChange], PolicyChange]:
    return lambda change: replace(change, state=state, reviewer="", approved_hash="", publish_on=None)


def _of(change: PolicyChange) -> tuple[Any, ...]:
    """The rows about a change as it now is: about its publication, or about its taking back."""
    return (
        policy_news.c.change == change.number,
        policy_news.c.undone.is_(change.state == "taken_back"),
    )


def _keep_touched(
    connection: Connection, number: int, *, undone: bool, conversations_of: Iterable[str]
) -> None:
    # A conversation that is just being erased is waited for, and then not there any more.
    there = (
        select(literal(number), literal(undone), conversations.c.id, literal("touched"))
        .where(conversations.c.id.in_(tuple(conversations_of)))
        .with_for_update(read=True, key_share=True)
    )
    columns = ["change", "undone", "conversation", "state"]
    connection.execute(insert(policy_news).from_select(columns, there))
