"""What those who run the program look at: `/readyz`, whether it can do its work, and `/metrics`, how it stands.

What is everybody's is read from the database when it is asked for, so that it is the same from every process; answers are
counted in each process. Labels are routes, channels, systems and states: there are few of each, and none names anybody.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Lock
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from storage.gauges import Gauges

log = logging.getLogger("shebao.watching")

#: Seconds for all checks together: who asks has a time-out of its own.
PATIENCE: Final = 3.0
#: Without a sweep for so long, no worker is alive: there is one every minute.
SILENT: Final = timedelta(minutes=4)

#: Raises where something is not as it should be.
Check = Callable[[], None]


class NotReady(Exception):
    """A check found that the program cannot do its work."""


class Checks:
    """The checks by name, one after the other in a thread of its own: a database that hangs is told as one that fails."""

    def __init__(self, checks: Mapping[str, Check], patience: float = PATIENCE) -> None:
        self._checks = checks
        self._patience = patience
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="readiness")
        self._running: Future[list[str]] | None = None
        self._at = ""

    def failed(self) -> list[str]:
        """The names of the checks that fail; the one that does not end is among them."""
        if self._running is None or self._running.done():
            self._running = self._thread.submit(self._run)
        try:
            return self._running.result(self._patience)
        except TimeoutError:
            return [self._at]

    def _run(self) -> list[str]:
        return [name for name, check in self._checks.items() if not self._passes(name, check)]

    def _passes(self, name: str, check: Check) -> bool:
        self._at = name
        try:
            check()
        except Exception as error:
            log.warning("not ready: %s (%s)", name, type(error).__name__)
            return False
        return True


def check_worker(
    embedded: Callable[[], bool] | None, swept_at: Callable[[], datetime | None], now: Callable[[], datetime]
) -> None:
    """Whether anybody does the work that nobody waits for: threads of this process, or a worker that was seen lately.

    Raises `NotReady`.
    """
    if embedded is not None:
        alive = embedded()
    else:
        seen = swept_at()
        alive = seen is not None and now() - seen < SILENT
    if not alive:
        raise NotReady


def may_read_metrics(token: str, authorization: str, address: str | None) -> bool:
    """Whether a request may see the numbers: with the token of the settings, or from this computer where there is none.

    >>> may_read_metrics("", "", "127.0.0.1"), may_read_metrics("", "", "203.0.113.9")
    (True, False)
    >>> may_read_metrics("of-the-scraper", "Bearer of-the-scraper", "203.0.113.9")
    True
    """
    if token:
        return hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode())
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


class Responses(Collector):
    """The answers of one process by route and status. Threads share it."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    def count(self, route: str, status: int) -> None:
        """One more."""
        with self._lock:
            self._counts[route, str(status)] += 1

    def collect(self) -> Iterable[Metric]:
        family = CounterMetricFamily(
            "shebao_responses", "Answers of this process by route and status.", labels=("route", "status")
        )
        with self._lock:
            for labels, number in sorted(self._counts.items()):
                family.add_metric(labels, number)
        return (family,)


class Reads(Protocol):
    """Where the numbers of the database come from."""

    def read(self) -> Gauges:
        """How it stands now."""


class Standing(Collector):
    """The numbers of the database. Where it cannot be read, that is the one number: `shebao_database_up` 0."""

    def __init__(self, gauges: Reads, library_current: Callable[[], bool]) -> None:
        self._gauges = gauges
        self._library_current = library_current

    def collect(self) -> Iterable[Metric]:
        yield _one(
            "shebao_library_current", "1: what the library's folders hold is in use.", self._library_current()
        )
        try:
            found = self._gauges.read()
        except Exception as error:
            log.warning("the numbers were not read (%s)", type(error).__name__)
            yield _one("shebao_database_up", "1: the database could be read.", False)
            return
        yield _one("shebao_database_up", "1: the database could be read.", True)
        yield from _families(found)


def exposition(*collectors: Collector) -> bytes:
    """What `/metrics` answers."""
    registry = CollectorRegistry(auto_describe=False)
    for each in collectors:
        registry.register(each)
    return generate_latest(registry)


def _families(found: Gauges) -> Iterable[Metric]:
    yield _one("shebao_inbox_waiting", "Events that wait for the assistant.", found.events)
    yield _one("shebao_inbox_oldest_seconds", "For how long the oldest event waits.", found.events_age)
    yield _one("shebao_inbox_failed", "Events that were given up.", found.events_failed)
    yield _many(
        "shebao_outbox_messages",
        "Messages that wait (queued, leased) or did not surely arrive (failed, unsure).",
        ("channel", "state"),
        found.messages.items(),
    )
    yield _many(
        "shebao_outbox_oldest_seconds",
        "For how long the oldest message that is due waits; on web, until its page fetches it.",
        ("channel",),
        [((channel,), age) for channel, age in found.messages_age.items()],
    )
    yield _one(
        "shebao_dead_letters",
        "Messages that did not arrive, or perhaps not.",
        sum(number for (_, state), number in found.messages.items() if state in ("failed", "unsure")),
    )
    yield _many(
        "shebao_cases",
        "Cases of HR that are not done.",
        ("state",),
        [((state,), number) for state, number in found.cases.items()],
    )
    yield _one("shebao_cases_overdue", "Cases in which an answer is overdue.", found.overdue)
    yield _one("shebao_turns_lately", "Events of the last five minutes that were answered.", found.turns)
    yield _many(
        "shebao_platform_token_seconds",
        "For how long a platform's access token is still good.",
        ("channel",),
        [((channel,), left) for channel, left in found.tokens.items()],
    )
    yield from _contacts(found)
    yield _one(
        "shebao_profiles_waiting", "Profiles with changes that nobody has looked at yet.", found.profiles
    )
    yield _one(
        "shebao_profiles_oldest_seconds",
        "For how long the oldest of these changes waits.",
        found.profiles_age,
    )
    if found.swept_at is not None:
        yield _one(
            "shebao_last_sweep_timestamp_seconds", "When the last sweep ended.", found.swept_at.timestamp()
        )
    if found.log_whole is not None:
        yield _one("shebao_log_whole", "1: the last check of HR's log found it whole.", found.log_whole)


def _contacts(found: Gauges) -> Iterable[Metric]:
    """The systems outside; what nobody knows of one has no line."""
    known = found.contacts.items()
    system = ("system",)
    yield _many(
        "shebao_outside_answered_seconds",
        "Since when a system outside gave no answer that could be used; of mails, text messages and the feed, to the minute.",
        system,
        [((name,), it.answered) for name, it in known if it.answered is not None],
    )
    yield _many(
        "shebao_outside_delay_seconds",
        "How long the last change was on its way into the profile.",
        system,
        [((name,), it.delay) for name, it in known if it.delay is not None],
    )
    yield _many(
        "shebao_outside_alarm",
        "1: there is an alarm about it.",
        system,
        [((name,), float(it.alarm)) for name, it in known if it.alarm is not None],
    )
    yield _many(
        "shebao_outside_waiting",
        "Approved acts, steps of declarations and messages that wait for it.",
        system,
        [((name,), it.waiting) for name, it in known],
    )
    calls = CounterMetricFamily(
        "shebao_outside_calls",
        "How often it was asked: done with an answer that could be used, failed without.",
        labels=("system", "outcome"),
    )
    for name, it in sorted(known):
        calls.add_metric((name, "done"), it.done)
        calls.add_metric((name, "failed"), it.failed)
    yield calls


def _one(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))


def _many(
    name: str, text: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]
) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for each, value in sorted(values):
        family.add_metric(each, value)
    return family
