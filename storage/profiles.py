"""Profiles and strategies over the tables: changes are followed one employee at a time, each in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Row, Select, func, or_, select, update

from audit.events import SYSTEM, Event
from audit.events import employee as subject
from hr_inbox.service_clock import CHINA
from hr_inbox.task import Due, HrTask
from profiles.book import (
    OPEN,
    Choose,
    Decision,
    KeptStrategy,
    Overtaken,
    ProfileBook,
    SamePerson,
    State,
    StrategyPage,
    StrategyRules,
    StrategySearch,
)
from profiles.changes import Change, read_value
from profiles.profile import Profile, profile_on
from profiles.strategy import Strategy
from profiles.strategy_data import strategy_data
from profiles.strategy_words import ACTS, KINDS, Kind
from storage.audit import append
from storage.company_settings import get_setting, put_setting
from storage.database import DIALECTS, Database, upsert
from storage.employee_rows import lock_employee
from storage.employees import correct
from storage.keys import Keys
from storage.profile_changes import (
    PROFILE,
    STRATEGY,
    changes_by_employee,
    changes_of,
    note,
    profile_json,
    strategy_body,
)
from storage.strategy_kinds import kind_token, kind_tokens
from storage.tables import employees, pass_news, profile_changes, profiles, strategies
from storage.tasks import count_of, finish_task, open_task_of, reopen_task, task_number

BODY: Final = PROFILE
KEY: Final = "strategies.key"
RULES: Final = "profiles.rules"
#: Profiles that are opened at a time.
SOME: Final = 5_000
#: States from which a newer strategy of the same kind takes the place of an older one.
_REPLACED: Final[frozenset[State]] = frozenset(("proposed", "prepared", "rejected"))
_NEWEST_FIRST: Final = select(strategies).order_by(strategies.c.opened_at.desc(), strategies.c.id)
_KEEP: Final = {
    dialect: upsert(dialect, strategies)
    .on_conflict_do_nothing(index_elements=["key"])
    .returning(strategies.c.id)
    for dialect in DIALECTS
}


class StoredProfiles(ProfileBook):
    """The profiles."""

    def __init__(self, database: Database, keys: Keys, now: Callable[[], datetime], due: Due) -> None:
        self._database = database
        self._keys = keys
        self._now = now
        self._due = due

    def changes_of(self, employee: str) -> tuple[Change, ...]:
        """Every change that is kept of an employee."""
        with self._database.read() as connection:
            return changes_of(connection, self._keys, employee)

    def profile_of(
        self, employee: str, day: date | None = None, known_by: datetime | None = None
    ) -> Profile | None:
        """The profile on a day, as known at a moment; None where there is no such employee."""
        now = self._now()
        with self._database.read() as connection:
            if connection.execute(select(employees.c.id).where(employees.c.id == employee)).first() is None:
                return None
            changes = changes_of(connection, self._keys, employee)
        # What may not be kept is not there, so nothing is left to hide.
        return profile_on(changes, day or _day(now), known_by or now, employee=employee, consent=True)

    def note(self, changes: Iterable[Change], by: str) -> int:
        """Writes changes down; how many are new."""
        with self._database.work() as connection:
            count, events = self._noted(connection, list(changes), by)
            for event in events:
                append(connection, event, self._now())
        return count

    def pending(self, limit: int) -> Sequence[str]:
        """Employees whose changes nobody has followed yet, or of whom another change holds from today on."""
        due = or_(profiles.c.pending_since.is_not(None), profiles.c.until <= _day(self._now()))
        since = func.coalesce(profiles.c.pending_since, profiles.c.until)
        query = select(profiles.c.employee).where(due).order_by(since, profiles.c.employee)
        with self._database.read() as connection:
            return connection.execute(query.limit(limit)).scalars().all()

    def follow(self, employee: str, choose: Choose) -> KeptStrategy | None:
        """Folds an employee's changes, and keeps what follows with its task, in one transaction."""
        now = self._now()
        today = _day(now)
        with self._database.work() as connection:
            row = connection.execute(
                select(profiles).where(profiles.c.employee == employee).with_for_update()
            ).one_or_none()
            if row is None or (row.pending_since is None and (row.until is None or row.until > today)):
                return None
            found = changes_by_employee(connection, self._keys, [employee]).get(employee, [])
            changes = [change for change, _ in found]
            seen = [change for change, followed in found if followed]
            after = profile_on(changes, today, now, employee=employee, consent=True)
            before = (
                None if row.day is None else profile_on(seen, row.day, now, employee=employee, consent=True)
            )
            self._keep_profile(
                connection, after, [each.holds_from for each in changes if each.holds_from > today]
            )
            open_ones = self._open_ones_of(connection, employee)
            chosen = choose(before, after, {each.data["key"] for each in open_ones})
            kept = None if chosen is None else self._propose(connection, chosen, now)
            self._settle(connection, open_ones, after, kept, now)
            if kept is not None:
                append(connection, _event("strategy_found", SYSTEM, kept), now)
        return kept

    def propose(self, employee: str, choose: Choose) -> KeptStrategy | None:
        """Keeps what follows from an occasion that is no change of the profile, such as new bounds, without a task of its own.

        `choose` gets the profile as it is, twice, and no keys: what was kept before is given again. None where nothing
        follows, or it is private.
        """
        profile, now = self.profile_of(employee), self._now()
        chosen = None if profile is None else choose(profile, profile, ())
        if chosen is None or chosen.private:
            return None
        with self._database.work() as connection:
            kept = self._keep(connection, chosen, now)
            if kept is not None:
                append(connection, _event("strategy_found", SYSTEM, kept), now)
                return kept
            same = strategies.c.key == self._keys.index(KEY, chosen.key)
            there = connection.execute(select(strategies).where(same)).one()
        return self._read(there)

    def current(self, employees_: Collection[str] | None = None) -> Iterator[Profile]:
        """The profiles as they are now, without the changes behind them."""
        after = ""
        while True:
            query = active_profiles(after, SOME)
            if employees_ is not None:
                query = query.where(profiles.c.employee.in_(employees_))
            with self._database.read() as connection:
                rows = connection.execute(query).all()
            yield from (read_current(self._keys, row) for row in rows)
            if len(rows) < SOME:
                return
            after = rows[-1].employee

    def find(self, search: StrategySearch) -> tuple[KeptStrategy, ...]:
        """Strategies, the newest first, without private ones."""
        with self._database.read() as connection:
            rows = connection.execute(_NEWEST_FIRST.where(*self._narrowed(search))).all()
        return tuple(self._read(row) for row in rows)

    def page(self, search: StrategySearch, number: int, size: int) -> StrategyPage:
        """What `find` finds, one page of it: the database counts and orders, and the rows of the page alone are opened."""
        narrowed = tuple(self._narrowed(search))
        with self._database.snapshot() as connection:
            total = connection.execute(
                select(func.count()).select_from(strategies).where(*narrowed)
            ).scalar_one()
            pages = max(1, -(-total // size))
            number = min(number, pages)
            # An index holds all that is searched for; sorted with their bodies the rows would be read twice.
            places = _NEWEST_FIRST.with_only_columns(strategies.c.id).where(*narrowed)
            shown = connection.execute(places.limit(size).offset((number - 1) * size)).scalars().all()
            rows = connection.execute(_NEWEST_FIRST.where(strategies.c.id.in_(shown))).all()
        return StrategyPage(tuple(self._read(row) for row in rows), number, pages, total)

    def counts(self, search: StrategySearch) -> dict[Kind, int]:
        """How many of each kind `find` finds."""
        query = select(strategies.c.kind, func.count()).where(*self._narrowed(search))
        kinds, found = kind_tokens(self._keys), Counter[Kind]()
        with self._database.read() as connection:
            for token, count in connection.execute(query.group_by(strategies.c.kind)):
                found[kinds[token]] += count
        return dict(found)

    def get(self, strategy: str) -> KeptStrategy | None:
        """One strategy."""
        with self._database.read() as connection:
            row = connection.execute(select(strategies).where(strategies.c.id == strategy)).one_or_none()
        return None if row is None else self._read(row)

    def decide(
        self, strategy: str, expected: Collection[State], decision: Decision, changes: Sequence[Change] = ()
    ) -> KeptStrategy:
        """Goes a step, with what it says of the employee in the same transaction."""
        with self._database.work() as connection:
            # The profile is locked first, as by whoever follows the employee's changes.
            _, noted = self._noted(connection, changes, decision.by)
            it = self._lock(connection, strategy)
            if it.state not in expected:
                raise Overtaken(strategy)
            prepared = next((each.by for each in reversed(it.history) if each.state == "prepared"), None)
            if decision.state == "approved" and decision.by != SYSTEM and decision.by == prepared:
                raise SamePerson(strategy)
            gone = self._step(connection, it, decision)
            for event in noted:
                append(connection, event, self._now())
            append(connection, _event("strategy_decided", decision.by, gone), self._now(), self._keys)
        return gone

    def carried_out(
        self,
        strategy: KeptStrategy,
        decision: Decision,
        changes: Sequence[Change],
        kept: Mapping[str, Any],
    ) -> bool:
        """What an act came to: in the profile, on the roster (`kept`), and as the end of its strategy. All of it or nothing: a
        profile that is insured settles a strategy by itself. False where somebody went another step before; what was accepted
        is kept all the same. Raises `KeyError`."""
        by, now, who = decision.by, self._now(), (subject(strategy.employee),)
        with self._database.work() as connection:
            lock_employee(connection, self._keys, strategy.employee)
            count = note(connection, self._keys, changes, now)
            events = [Event("profile_changed", by, who, {"changes": count})] if count else []
            events += correct(connection, self._keys, strategy.employee, kept, by, now)[1]
            it = self._lock(connection, strategy.id)
            ends = it.state == strategy.state
            if ends:
                events.append(_event("strategy_decided", by, self._step(connection, it, decision)))
            for event in events:
                append(connection, event, now, self._keys)
        return ends

    def told(self, strategy: str, by: str) -> bool:
        """Notes that the explanation goes out now; False where it went out before."""
        with self._database.work() as connection:
            return self.tell(connection, strategy, by, lambda: None)

    def tell(self, connection: Connection, strategy: str, by: str, say: Callable[[], object]) -> bool:
        """Has the explanation said in a transaction and notes it; where it went out before, neither, and False."""
        it, now = self._lock(connection, strategy), self._now()
        if it.told_at is not None:
            return False
        say()
        connection.execute(update(strategies).where(strategies.c.id == strategy).values(told_at=now))
        connection.execute(
            update(pass_news)
            .where(pass_news.c.strategy == strategy, pass_news.c.state == "no_chat")
            .values(state="told")
        )
        append(connection, _event("strategy_told", by, it), now)
        return True

    def rules(self) -> StrategyRules:
        """What HR has settled."""
        with self._database.read() as connection:
            kept = get_setting(connection, RULES)
        if kept is None:
            return StrategyRules()
        catch_up = {region: date.fromisoformat(day) for region, day in kept["catch_up"].items()}
        return StrategyRules(kept["enrols_restored"], kept["declares"], catch_up, kept["catch_up_source"])

    def set_rules(self, rules: StrategyRules, by: str) -> None:
        """Settles other rules."""
        days = {region: day.isoformat() for region, day in rules.catch_up.items()}
        data = asdict(rules) | {"catch_up": days, "catch_up_source": dict(rules.catch_up_source)}
        with self._database.work() as connection:
            put_setting(connection, RULES, data, self._now())
            append(connection, Event("strategy_rules_changed", by), self._now())

    def _noted(
        self, connection: Connection, told: Sequence[Change], by: str
    ) -> tuple[int, tuple[Event, ...]]:
        """Writes changes down in a transaction: how many are new, and what to log of it last."""
        count = note(connection, self._keys, told, self._now())
        who = tuple(dict.fromkeys(subject(each.employee) for each in told))
        return count, (Event("profile_changed", by, who, {"changes": count}),) if count else ()

    def _narrowed(self, search: StrategySearch) -> Iterator[ColumnElement[bool]]:
        yield strategies.c.private.is_(False)
        yield strategies.c.state.in_(search.states)
        if search.employee:
            yield strategies.c.employee == search.employee
        if search.kind is not None:
            yield strategies.c.kind.in_(kind_tokens(self._keys, [search.kind]))
        if not search.dibao:
            yield strategies.c.restricted.is_(False)

    def _keep_profile(self, connection: Connection, profile: Profile, later: Iterable[date]) -> None:
        box = self._keys.box(BODY)
        connection.execute(
            update(profiles)
            .where(profiles.c.employee == profile.employee)
            .values(
                pending_since=None,
                day=profile.day,
                until=min(later, default=None),
                key_id=box.key_id,
                body=box.seal_json(f"{BODY}:{profile.employee}", profile_json(profile)),
            )
        )
        connection.execute(
            update(profile_changes)
            .where(profile_changes.c.employee == profile.employee, profile_changes.c.followed.is_(False))
            .values(followed=True)
        )

    def _open_ones_of(self, connection: Connection, employee: str) -> list[KeptStrategy]:
        query = select(strategies).where(
            strategies.c.employee == employee, strategies.c.state.in_(sorted(OPEN))
        )
        rows = connection.execute(query.order_by(strategies.c.opened_at).with_for_update())
        return [self._read(row) for row in rows]

    def _propose(self, connection: Connection, chosen: Strategy, now: datetime) -> KeptStrategy | None:
        """Keeps a strategy, and opens its task unless it is private; None where it was kept before."""
        kept = self._keep(connection, chosen, now)
        if kept is None or kept.private:
            return kept
        region = chosen.base.job.region if chosen.base is not None else ""
        task = HrTask(
            "strategy",
            (ACTS[chosen.main],) if chosen.tells_dibao else (KINDS[chosen.kind], ACTS[chosen.main]),
            region,
            topic="" if chosen.tells_dibao else chosen.kind,
            dibao=chosen.tells_dibao,
            strategy=kept.id,
        )
        number = open_task_of(connection, self._keys, chosen.employee, None, task, now, self._due)
        connection.execute(update(strategies).where(strategies.c.id == kept.id).values(task=count_of(number)))
        return replace(kept, task=number)

    def _keep(self, connection: Connection, chosen: Strategy, now: datetime) -> KeptStrategy | None:
        id = str(uuid4())
        data = strategy_data(chosen) | {"key": chosen.key}
        kept = KeptStrategy(
            id=id,
            employee=chosen.employee,
            kind=chosen.kind,
            acts=chosen.acts,
            state="proposed",
            month=chosen.month,
            tells_dibao=chosen.tells_dibao,
            private=chosen.private,
            automatic=chosen.automatic,
            opened_at=now,
            data=data,
        )
        row = {
            "id": id,
            "employee": chosen.employee,
            "key": self._keys.index(KEY, chosen.key),
            "state": kept.state,
            "restricted": chosen.tells_dibao,
            "private": chosen.private,
            "automatic": chosen.automatic,
            "kind": kind_token(self._keys, chosen.kind, restricted=chosen.tells_dibao),
            "month": chosen.month,
            "opened_at": now,
            "changed_at": now,
            **self._sealed(kept),
        }
        new = connection.execute(_KEEP[connection.dialect.name], row).one_or_none()
        return None if new is None else kept

    def _settle(
        self,
        connection: Connection,
        earlier: Iterable[KeptStrategy],
        after: Profile,
        newer: KeptStrategy | None,
        now: datetime,
    ) -> None:
        """Ends what is proposed no longer: a newer one of the same kind stands in its place, or somebody is insured now."""
        for each in earlier:
            # Whoever approved it may have done it over the portal meanwhile.
            settled = _is_settled(each, after)
            if each.state not in _REPLACED and not (settled and each.state == "approved"):
                continue
            if settled:
                self._step(
                    connection, each, Decision("done", SYSTEM, now, each.acts[0], details={"via": "own"})
                )
            elif newer is not None and newer.kind == each.kind and _may_replace(newer, each):
                self._step(connection, each, Decision("dropped", SYSTEM, now, details={"newer": newer.id}))

    def _lock(self, connection: Connection, strategy: str) -> KeptStrategy:
        row = connection.execute(
            select(strategies).where(strategies.c.id == strategy).with_for_update()
        ).one_or_none()
        if row is None:
            raise KeyError(strategy)
        return self._read(row)

    def _step(self, connection: Connection, it: KeptStrategy, decision: Decision) -> KeptStrategy:
        gone = replace(it, state=decision.state, history=(*it.history, decision))
        connection.execute(
            update(strategies)
            .where(strategies.c.id == it.id)
            .values(state=gone.state, changed_at=decision.at, **self._sealed(gone))
        )
        if it.task is not None and gone.state not in OPEN:
            finish_task(connection, it.task, decision.at)
        elif it.task is not None and it.state not in OPEN:
            reopen_task(connection, it.task)
        return gone

    def _sealed(self, it: KeptStrategy) -> dict[str, Any]:
        box = self._keys.box(STRATEGY)
        history = [asdict(each) | {"at": each.at.isoformat()} for each in it.history]
        body = {"data": dict(it.data), "history": history}
        return {"key_id": box.key_id, "body": box.seal_json(f"{STRATEGY}:{it.id}", body)}

    def _read(self, row: Row[Any]) -> KeptStrategy:
        body = strategy_body(self._keys, row)
        data = body["data"]
        return KeptStrategy(
            id=row.id,
            employee=row.employee,
            kind=data["kind"],
            acts=tuple(data["acts"]),
            state=row.state,
            month=row.month,
            tells_dibao=row.restricted,
            private=row.private,
            automatic=row.automatic,
            opened_at=row.opened_at,
            data=data,
            history=tuple(
                Decision(**each | {"at": datetime.fromisoformat(each["at"])}) for each in body["history"]
            ),
            task=None if row.task is None else task_number(row.task),
            told_at=row.told_at,
        )


def active_profiles(after: str, most: int) -> Select[Any]:
    """The rows of active employees' profiles after one, in the order of their ids."""
    query = select(profiles).join(employees).where(employees.c.state == "active", profiles.c.day.is_not(None))
    if after:
        query = query.where(profiles.c.employee > after)
    return query.order_by(profiles.c.employee).limit(most)


def read_current(keys: Keys, row: Row[Any]) -> Profile:
    """A profile from its row, without the changes behind it. Raises `Unreadable`."""
    data = keys.box(BODY, row.key_id).open_json(f"{BODY}:{row.employee}", row.body)
    values = {what: read_value(what, value) for what, value in data.items()}
    return Profile(row.employee, row.day, datetime.max.replace(tzinfo=UTC), **values)  # type: ignore[arg-type]


def _is_settled(it: KeptStrategy, after: Profile) -> bool:
    """Whether what was proposed is so by now, whoever did it: somebody is insured, a base is no longer too low."""
    if it.kind == "not_insured":
        return after.insured
    lowest: int | None = (it.data["base"] or {}).get("lowest")
    if it.acts[0] != "correct_base" or it.kind not in ("wage", "base") or lowest is None:
        return False
    return after.base is not None and after.base >= lowest


def _may_replace(newer: KeptStrategy, older: KeptStrategy) -> bool:
    """Whether an older one may go for a newer one: what everybody sees does not vanish for what the dibao officer alone does,
    which would tell everybody that there is something about dibao."""
    return older.tells_dibao or not newer.tells_dibao


def _event(act: str, by: str, it: KeptStrategy) -> Event:
    """What becomes of a strategy; one that tells of dibao is an act that only those who may know of it are shown."""
    name = f"dibao_{act}" if it.tells_dibao else act
    return Event(name, by, (subject(it.employee),), {"state": it.state})


def _day(now: datetime) -> date:
    return now.astimezone(CHINA).date()
