"""Lists of cases: by box and urgency, searched over all time, counted, and what of them changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any, Final, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    false,
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
        wanted = _Wanted(search, viewer, order, order.read(after), limit + 1)
        with self._database.read() as connection:
            # Places in the order first, which an index holds with all that is searched for; then the rows of one page.
            query = select(*order.columns).where(
                visible(connection, self._keys, viewer), *_narrowed(search, viewer, now)
            )
            places = [*self._shown(connection, query, wanted), *self._sealed(connection, query, wanted)]
            places.sort(reverse=order.newest_first)
            lines = self._lines(connection, [place[-1] for place in places[:limit]], now)
        return Page(lines, order.written(places[limit - 1]) if len(places) > limit else "")

    def counts(self, viewer: Viewer) -> dict[Box, int]:
        """How many there are in each list."""
        counts: dict[Box, int] = {"waiting": 0, "mine": 0, "taken": 0, "snoozed": 0, "done": 0}
        box = _box_of(viewer, self._now())
        with self._database.read() as connection:
            ways = tuple(ways_to_see(connection, self._keys, viewer))
            for way in ways:  # what is done is almost everything: each way is counted from the index alone
                done = select(func.count()).where(tasks.c.state == "done", way)
                counts["done"] += connection.execute(done).scalar_one()
            open_ones = tasks.c.state.in_(("waiting", "taken", "snoozed"))
            query = select(box, func.count()).where(open_ones, or_(false(), *ways)).group_by(box)
            counts.update({cast("Box", name): count for name, count in connection.execute(query)})
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

    def _lines(self, connection: Connection, numbers: Sequence[int], now: datetime) -> tuple[CaseLine, ...]:
        rows = connection.execute(select(*SHOWN).where(tasks.c.number.in_(numbers)))
        lines = {row.number: line_of(row, now) for row in rows}
        return tuple(lines[number] for number in numbers if number in lines)

    def _shown(self, connection: Connection, query: Select[Any], wanted: _Wanted) -> list[_Place]:
        """The cases whose kind and topic stand beside their body; all cases where neither is looked for."""
        search, order = wanted.search, wanted.order
        if search.kind in TELLING:
            return []
        if search.kind is not None:
            query = query.where(tasks.c.kind == search.kind)
        if search.topic:
            query = query.where(tasks.c.topic == search.topic)
        rows = connection.execute(order.page(query, wanted.position).limit(wanted.most))
        return [tuple(each) for each in rows]

    def _sealed(self, connection: Connection, query: Select[Any], wanted: _Wanted) -> list[_Place]:
        """The cases whose kind and topic are sealed, of those that the viewer may see; each body is opened once."""
        search = wanted.search
        audiences = [each for each in NEEDED if _may_hold(each, search.kind) and wanted.may_see(each)]
        if (search.kind is None and not search.topic) or not audiences:
            return []
        tokens = [audience_token(self._keys, each) for each in audiences]
        query = query.where(tasks.c.restricted, tasks.c.audience.in_(tokens))
        found: list[_Place] = []
        for places in _batches(connection, query, wanted):
            self._remember(connection, [place[-1] for place in places])
            found += [place for place in places if self._matches(place[-1], search)]
            if len(found) >= wanted.most:
                break
        return found[: wanted.most]

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


def _may_hold(audience: Audience, kind: TaskKind | None) -> bool:
    """Whether there are sealed cases of that kind for that audience."""
    if kind is None:
        return True
    if audience == "dibao":
        return kind != "complaint"
    return kind in TELLING - DIBAO_ONLY and (kind == "complaint") == (audience in COMPLAINTS)


# -- Order and pages -------------------------------------------------------------------------------------------------

#: Where a case stands in an order: its values of the order's columns, the number last.
_Place = tuple[Any, ...]


class _Order:
    """One way to sort, and to go on after a place. The number comes last, so that no two places are the same."""

    def __init__(self, *columns: ColumnElement[Any], newest_first: bool = False) -> None:
        self.columns = columns
        self.newest_first = newest_first

    def page(self, query: Select[Any], position: _Place | None) -> Select[Any]:
        """What comes after a place, in order; everything where there is none."""
        if position is not None:
            here = tuple_(*self.columns)
            there = tuple_(
                *(literal(value, each.type) for value, each in zip(position, self.columns, strict=True))
            )
            query = query.where(here < there if self.newest_first else here > there)
        return query.order_by(*(each.desc() if self.newest_first else each for each in self.columns))

    def written(self, place: _Place) -> str:
        """A place as text: numbers, moments in microseconds."""
        return ".".join(str(_number(value)) for value in place)

    def read(self, text: str) -> _Place | None:
        """The place that `written` gave; None where it is none."""
        try:
            numbers = [int(part) for part in text.split(".")] if len(text) < 80 else []
            return tuple(
                _EPOCH + timedelta(microseconds=number) if isinstance(each.type, Moment) else _small(number)
                for number, each in zip(numbers, self.columns, strict=True)
            )
        except (ValueError, OverflowError):
            return None


_BY_URGENCY: Final = _Order(
    tasks.c.priority, func.coalesce(tasks.c.due_at, literal(_NEVER, Moment)), tasks.c.number
)
_BY_CLOSING: Final = _Order(tasks.c.closed_at, tasks.c.number, newest_first=True)
_BY_OPENING: Final = _Order(tasks.c.opened_at, tasks.c.number, newest_first=True)


def _order(box: Box | None) -> _Order:
    if box is None:
        return _BY_OPENING
    return _BY_CLOSING if box == "done" else _BY_URGENCY


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is looked for, in which order, after which place, and how many at most."""

    search: Search
    viewer: Viewer
    order: _Order
    position: _Place | None
    most: int

    def may_see(self, audience: Audience) -> bool:
        """Whether there may be cases of that audience for the viewer."""
        return self.viewer.may_see(audience) or (self.viewer.audit and audience in COMPLAINTS)


def _batches(connection: Connection, query: Select[Any], wanted: _Wanted) -> Iterator[list[_Place]]:
    """The places that a query finds, in order."""
    position, size = wanted.position, _FIRST_BATCH
    while rows := connection.execute(wanted.order.page(query, position).limit(size)).all():
        places = [tuple(row) for row in rows]
        yield places
        if len(places) < size:
            return
        position, size = places[-1], size * 4


def _number(value: int | datetime) -> int:
    if isinstance(value, datetime):
        return (value - _EPOCH) // timedelta(microseconds=1)
    return value


def _small(number: int) -> int:
    if abs(number) >= 1 << 31:
        raise OverflowError
    return number
