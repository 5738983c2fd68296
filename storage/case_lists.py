"""Lists of cases: by box and urgency, searched over all time, counted, and what of them changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any, Final, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from hr_inbox.cases import Box, CaseLine, Page, Search, Viewer
from hr_inbox.task import COMPLAINTS, DIBAO_ONLY, NEEDED, TELLING, Audience, TaskKind, TaskState
from storage.audiences import audience_token, visible, ways_to_see
from storage.counters import current
from storage.database import Database
from storage.keys import Keys
from storage.tables import Moment, mentions, notes, tasks
from storage.tasks import CHANGES, read_task, task_number

_CHINA: Final = timezone(timedelta(hours=8))
#: Later than any day by which something is due: what has none comes last.
_NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: Rows that are looked through at a time where sealed bodies must be opened; each time four times as many.
_FIRST_BATCH: Final = 1000
#: Kinds and topics that are remembered. A task never changes them, so each body is opened once.
_MOST_REMEMBERED: Final = 100_000

#: What a line is made of: everything but the body, which is large.
SHOWN: Final = tuple(column for column in tasks.columns if column.name not in ("body", "key_id", "audience"))


class CaseLists:
    """The lists, over one database."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._now = now
        self._remembered: dict[int, tuple[TaskKind, str]] = {}

    def find(self, search: Search, viewer: Viewer, after: str, limit: int) -> Page:
        """A page of a list."""
        now, order = self._now(), _order(search.box)
        position = order.read(after)
        with self._database.read() as connection:
            seen = and_(visible(connection, self._keys, viewer), *_narrowed(search, viewer, now))
            query = select(*SHOWN).where(seen, *_told(search))
            rows = connection.execute(order.page(query, position).limit(limit + 1)).all()
            if search.kind is not None or search.topic:
                sealed = self._sealed(connection, order, seen, search, position, limit + 1)
                rows = sorted((*rows, *sealed), key=order.key, reverse=order.newest_first)
        more = len(rows) > limit
        rows = rows[:limit]
        return Page(tuple(line_of(row, now) for row in rows), order.written(rows[-1]) if more else "")

    def counts(self, viewer: Viewer) -> dict[Box, int]:
        """How many there are in each list."""
        counts: dict[Box, int] = {"waiting": 0, "mine": 0, "taken": 0, "snoozed": 0, "done": 0}
        box, done = _box_of(viewer, self._now()), tasks.c.state == "done"
        with self._database.read() as connection:
            for way in ways_to_see(connection, self._keys, viewer):
                # What is done is almost everything: it is counted from the index alone.
                closed = connection.execute(select(func.count()).where(done, way)).scalar_one()
                counts["done"] += closed
                open_ones = tasks.c.state.in_(("waiting", "taken", "snoozed"))
                for name, count in connection.execute(
                    select(box, func.count()).where(open_ones, way).group_by(box)
                ):
                    counts[cast("Box", name)] += count
        return counts

    def mentioned(self, viewer: Viewer) -> tuple[CaseLine, ...]:
        """The cases with a note for the viewer that they have not read."""
        now = self._now()
        unread = (
            select(notes.c.task)
            .join(mentions, mentions.c.note == notes.c.id)
            .where(mentions.c.account == viewer.account, mentions.c.seen_at.is_(None))
        )
        with self._database.read() as connection:
            query = select(*SHOWN).where(tasks.c.number.in_(unread), visible(connection, self._keys, viewer))
            rows = connection.execute(query.order_by(tasks.c.number.desc())).all()
        return tuple(line_of(row, now) for row in rows)

    def changed(self, viewer: Viewer, after: int, limit: int) -> tuple[Sequence[CaseLine], int]:
        """The cases that changed after a change."""
        now = self._now()
        with self._database.read() as connection:
            # Before the rows: whoever commits between the two changes what a later call finds. A change is given out
            # under a lock that its transaction keeps, so every change up to the last committed one can be seen.
            last = current(connection, CHANGES)
            query = select(*SHOWN).where(
                tasks.c.change > after, tasks.c.change <= last, visible(connection, self._keys, viewer)
            )
            rows = connection.execute(query.order_by(tasks.c.change).limit(limit)).all()
        return tuple(line_of(row, now) for row in rows), rows[-1].change if len(rows) == limit else last

    def _sealed(
        self,
        connection: Connection,
        order: _Order,
        seen: ColumnElement[bool],
        search: Search,
        position: _Position,
        most: int,
    ) -> list[Row[Any]]:
        """The cases whose kind and topic are sealed, of those that the viewer may see; each body is opened once."""
        candidates = select(*order.columns).where(seen, _may_match(self._keys, search))
        found: list[int] = []
        for keys in _batches(connection, order, candidates, position):
            numbers = [key[-1] for key in keys]
            self._remember(connection, numbers)
            found += [number for number in numbers if self._matches(number, search)]
            if len(found) >= most:
                break
        query = select(*SHOWN).where(tasks.c.number.in_(found[:most]))
        return list(connection.execute(query)) if found else []

    def _matches(self, number: int, search: Search) -> bool:
        kind, topic = self._remembered[number]
        return search.kind in (None, kind) and search.topic in ("", topic)

    def _remember(self, connection: Connection, numbers: Sequence[int]) -> None:
        if len(self._remembered) > _MOST_REMEMBERED:
            self._remembered.clear()
        unknown = [number for number in numbers if number not in self._remembered]
        bodies: Select[Any] = select(tasks.c.number, tasks.c.key_id, tasks.c.body)
        for row in connection.execute(bodies.where(tasks.c.number.in_(unknown))) if unknown else ():
            task = read_task(self._keys, row)
            self._remembered[row.number] = (task.kind, task.topic)


def line_of(row: Row[Any], now: datetime) -> CaseLine:
    """A case as it stands in a list."""
    return CaseLine(
        number=task_number(row.number),
        state=state_of(row, now),
        kind=None if row.restricted else row.kind,
        topic="" if row.restricted else row.topic,
        region=row.region,
        language=row.language,
        priority=row.priority,
        opened_at=row.opened_at,
        due_at=row.due_at,
        snoozed_until=row.snoozed_until,
        assignee=row.assignee,
        employee=row.employee,
        wrote_at=row.wrote_at,
        change=row.change,
        answered_at=row.answered_at,
    )


def state_of(row: Row[Any], now: datetime) -> TaskState:
    """The state now: what was laid aside until a moment that is over has come back."""
    state: TaskState = row.state
    if state == "snoozed" and row.snoozed_until <= now:
        return "waiting" if row.assignee is None else "taken"
    return state


# -- Boxes -----------------------------------------------------------------------------------------------------------


def _asleep(now: datetime) -> ColumnElement[bool]:
    return and_(tasks.c.state == "snoozed", tasks.c.snoozed_until > now)


def _back(now: datetime) -> ColumnElement[bool]:
    return and_(tasks.c.state == "snoozed", tasks.c.snoozed_until <= now)


def _in(box: Box, viewer: Viewer, now: datetime) -> ColumnElement[bool]:
    if box == "done":
        return tasks.c.state == "done"
    if box == "snoozed":
        return _asleep(now)
    if box == "waiting":
        return or_(tasks.c.state == "waiting", and_(_back(now), tasks.c.assignee.is_(None)))
    somebodys = or_(tasks.c.state == "taken", _back(now))
    return and_(
        somebodys,
        tasks.c.assignee == viewer.account if box == "mine" else tasks.c.assignee != viewer.account,
    )


def _box_of(viewer: Viewer, now: datetime) -> ColumnElement[str]:
    return case(
        (tasks.c.state == "done", "done"),
        (_asleep(now), "snoozed"),
        (tasks.c.assignee.is_(None), "waiting"),
        (tasks.c.assignee == viewer.account, "mine"),
        else_="taken",
    )


# -- Searching -------------------------------------------------------------------------------------------------------


def _narrowed(search: Search, viewer: Viewer, now: datetime) -> Iterator[ColumnElement[bool]]:
    if search.box is not None:
        yield _in(search.box, viewer, now)
    if search.region:
        yield tasks.c.region == search.region
    if search.employees is not None:
        yield tasks.c.employee.in_(search.employees)
    if search.opened_from is not None:
        yield tasks.c.opened_at >= _start_of(search.opened_from)
    if search.opened_until is not None:
        yield tasks.c.opened_at < _start_of(search.opened_until) + timedelta(days=1)


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), _CHINA)


def _told(search: Search) -> Iterator[ColumnElement[bool]]:
    """Kind and topic, of the cases that do not seal them."""
    if search.kind is not None:
        yield tasks.c.kind == search.kind
    if search.topic:
        yield tasks.c.topic == search.topic


def _may_match(keys: Keys, search: Search) -> ColumnElement[bool]:
    audiences = [audience_token(keys, each) for each in NEEDED if _may_hold(each, search.kind)]
    return and_(tasks.c.restricted, tasks.c.audience.in_(audiences))


def _may_hold(audience: Audience, kind: TaskKind | None) -> bool:
    """Whether there are sealed cases of that kind for that audience."""
    if kind is None:
        return True
    if audience == "dibao":
        return kind != "complaint"
    return kind in TELLING - DIBAO_ONLY and (kind == "complaint") == (audience in COMPLAINTS)


# -- Order and pages -------------------------------------------------------------------------------------------------

#: The sort key of the last row that was shown; None at the beginning.
_Position = tuple[Any, ...] | None


class _Order:
    """One way to sort, and to go on after a row. `key` gives a row's values of the columns, the number last."""

    def __init__(
        self,
        columns: tuple[ColumnElement[Any], ...],
        key: Callable[[Row[Any]], tuple[Any, ...]],
        *,
        newest_first: bool,
    ) -> None:
        self.columns = columns
        self.key = key
        self.newest_first = newest_first

    def page(self, query: Select[Any], position: _Position) -> Select[Any]:
        """The rows after a position, in order."""
        if position is not None:
            here = tuple_(*self.columns)
            there = tuple_(
                *(literal(value, each.type) for value, each in zip(position, self.columns, strict=True))
            )
            query = query.where(here < there if self.newest_first else here > there)
        return query.order_by(*(each.desc() if self.newest_first else each for each in self.columns))

    def written(self, row: Row[Any]) -> str:
        """The position of a row as text: numbers, moments in microseconds."""
        return ".".join(str(_number(value)) for value in self.key(row))

    def read(self, text: str) -> _Position:
        """The position that `written` gave; the beginning where it is none."""
        try:
            numbers = [int(part) for part in text.split(".")] if len(text) < 80 else []
            return tuple(
                _EPOCH + timedelta(microseconds=number) if isinstance(each.type, Moment) else _small(number)
                for number, each in zip(numbers, self.columns, strict=True)
            )
        except (ValueError, OverflowError):
            return None


_BY_URGENCY: Final = _Order(
    (tasks.c.priority, func.coalesce(tasks.c.due_at, literal(_NEVER, Moment)), tasks.c.number),
    lambda row: (row.priority, row.due_at or _NEVER, row.number),
    newest_first=False,
)
_BY_CLOSING: Final = _Order(
    (tasks.c.closed_at, tasks.c.number), lambda row: (row.closed_at, row.number), newest_first=True
)
_BY_OPENING: Final = _Order(
    (tasks.c.opened_at, tasks.c.number), lambda row: (row.opened_at, row.number), newest_first=True
)


def _order(box: Box | None) -> _Order:
    if box is None:
        return _BY_OPENING
    return _BY_CLOSING if box == "done" else _BY_URGENCY


def _batches(
    connection: Connection, order: _Order, query: Select[Any], position: _Position
) -> Iterator[Sequence[Row[Any]]]:
    """The sort keys of what a query finds, in order."""
    size = _FIRST_BATCH
    while keys := connection.execute(order.page(query, position).limit(size)).all():
        yield keys
        if len(keys) < size:
            return
        position, size = tuple(keys[-1]), size * 4


def _number(value: int | datetime) -> int:
    if isinstance(value, datetime):
        return (value - _EPOCH) // timedelta(microseconds=1)
    return value


def _small(number: int) -> int:
    if abs(number) >= 1 << 31:
        raise OverflowError
    return number
