"""Background jobs on Huey: in the web process by default, in `shebao worker` processes over PostgreSQL or Redis.

A job carries an id and nothing else, and may get lost: the rows of inbox and outbox are the record, and every minute
the sweep does what was left lying.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from huey import Huey, MemoryHuey, PostgresHuey, RedisHuey, crontab
from huey.consumer import Consumer
from huey.exceptions import ConfigurationError
from huey.registry import Message

from app import logs
from app.connections import Connections
from app.declaring import Declarer
from app.notices import NoticeWork
from app.profile_work import ProfileWork
from app.settings import Settings, SettingsError
from delivery.inbox import work_off
from delivery.messages import IncomingMessage
from delivery.outbox import deliver_due
from delivery.outbox import sweep as sweep_outbox
from delivery.sending import Sender
from people.importing import Importer
from storage.database import Queued
from storage.errors import StorageError
from storage.notice_erasing import erase_old_notices
from storage.opening import Storage
from storage.retention import keep_to_terms

log = logging.getLogger("shebao.jobs")

#: Seconds that a job has to finish when the program stops; what it leaves behind is swept up later.
PATIENCE: Final = 30
_NAME: Final = "shebao"


class Jobs:
    """What runs beside the requests: what any transaction queues is sent soon after it.

    `receive` answers a stored event; None leaves events to other processes. `publish` brings changes of the library into
    force when their day in China begins; None leaves that to others. `notify` tells HR of new work by mail; None where
    no mails are sent. `tell` tells employees by another way what does not reach them; None leaves that to others.
    `importer` works imports off, `notices` batches of notices, their delivery and their seals, and `declarer` declarations
    that HR has approved; `profiles` follows what became of employees, `connections` asks the systems outside; None leaves
    them to others. `remind` tells HR once a month what is due in the library.
    """

    def __init__(
        self,
        queue: Huey,
        storage: Storage,
        channels: Mapping[str, Sender],
        receive: Callable[[IncomingMessage], object] | None = None,
        publish: Callable[[], None] | None = None,
        notify: Callable[[], object] | None = None,
        tell: Callable[[], object] | None = None,
        importer: Importer | None = None,
        notices: NoticeWork | None = None,
        declarer: Declarer | None = None,
        profiles: ProfileWork | None = None,
        connections: Connections | None = None,
        remind: Callable[[], object] | None = None,
    ) -> None:
        self._queue = queue
        self._storage = storage
        self._channels = channels
        self._receive = receive
        self._importer = importer
        self._notices = notices
        self._declarer = declarer
        self._profiles = profiles
        self._consumer: _Embedded | None = None
        self._deliver = queue.task(name="deliver")(self._send)
        self._answer = queue.task(name="answer")(self._work_off)
        self._answer_together = queue.task(name="answer_together")(self._work_off_each)
        self._import = queue.task(name="import")(self._work_on_import)
        self._batch = queue.task(name="batch")(self._work_on_batch)
        self._seal = queue.task(name="seal")(self._seal_notice)
        self._declare = queue.task(name="declare")(self._work_on_declaration)
        self._follow = queue.task(name="follow")(self._follow_profiles)
        queue.periodic_task(crontab(), name="sweep")(self.sweep)
        storage.database.on_queued = self._deliver_queued
        if profiles is not None:
            storage.database.on_pending = self.follow
            queue.periodic_task(crontab(), name="reassess")(profiles.reassessing.run)
        if publish is not None:
            queue.periodic_task(crontab(), name="publish")(publish)
        if notify is not None:
            queue.periodic_task(crontab(), name="notify")(notify)
        if tell is not None:
            queue.periodic_task(crontab(), name="tell")(tell)
        self._ask = queue.task(name="ask")(self._work_on_connections)
        self._connections = connections
        if connections is not None:
            queue.periodic_task(crontab(), name="connections")(connections.work)
        if remind is not None:  # at nine in the morning in China
            queue.periodic_task(crontab(minute="0", hour="1"), name="remind")(remind)
        # Half past three at night in China; Huey counts in UTC.
        self._retain = queue.periodic_task(crontab(minute="30", hour="19"), name="retain")(self.retain)
        self._check_log = queue.periodic_task(crontab(minute="45", hour="19"), name="check_log")(
            self.check_log
        )
        self._audit_notices = queue.periodic_task(crontab(minute="0", hour="20"), name="audit_notices")(
            self.audit_notices
        )

    def deliver(self, outbox_id: str) -> None:
        """Sends a row of the outbox soon, after the earlier ones of its conversation."""
        self._deliver(outbox_id)

    def answer(self, event_id: str) -> None:
        """Answers a stored event soon, after the earlier ones of its conversation."""
        self._answer(event_id)

    def answer_all(self, event_ids: Sequence[str]) -> None:
        """Answers stored events soon, each after the earlier ones of its conversation: one job for those that came together."""
        self._answer_together(list(event_ids))

    def run_import(self, id: str) -> None:
        """Works on an import soon."""
        self._import(id)

    def run_batch(self, id: str) -> None:
        """Works on a batch of notices soon."""
        self._batch(id)

    def follow(self) -> None:
        """Looks soon at what follows from what became of profiles."""
        self._follow()

    def seal(self, notice: str) -> None:
        """Seals an answered notice soon."""
        self._seal(notice)

    def ask(self) -> None:
        """Asks the systems outside that are due, soon."""
        self._ask()

    def run_declaration(self, id: str) -> None:
        """Works on an approved declaration soon."""
        self._declare(id)

    def sweep(self) -> None:
        """Does what a crash or a lost job left lying."""
        self._storage.inbox.give_up(self._storage.now())
        self._work_off(None)
        sweep_outbox(self._storage.outbox, self._channels, self._storage.now, self._deliver_later)
        if self._importer is not None:
            self._importer.run_all()
        if self._notices is not None:
            self._notices.issuer.run_all()
            self._notices.ladder.work()
            self._notices.sealer.run_all()
        if self._declarer is not None:
            self._declarer.run_all()
        self._follow_profiles()
        if self._storage.chain.is_due():
            self.check_log()
        self._storage.gauges.note_sweep()

    @property
    def alive(self) -> bool:
        """Whether the threads that `start` began are at work."""
        return self._consumer is not None and self._consumer.is_alive

    def retain(self) -> None:
        """Takes away what has been kept long enough."""
        self._storage.journal.catch_up(self._storage.database)
        erased = erase_old_notices(self._storage.database, self._storage.keys, self._storage.now())
        counts = keep_to_terms(self._storage.database, self._storage.now())
        counts["notices"] += erased
        log.info("retention: %s", ", ".join(f"{kind} {count}" for kind, count in counts.items()))

    def check_log(self) -> None:
        """Checks the chain of the log and signs its end; what is broken is shown to auditors and stands in this log."""
        try:
            found = self._storage.chain.check()
        except StorageError as error:
            log.error("audit: not checked (%s)", error)
            return
        if found.broken is None:
            log.info("audit: whole, %d events", found.last)
        else:
            log.error("audit: event %d is broken (%s)", found.broken.seq, found.broken.why)

    def start(self, threads: int) -> None:
        """Works in threads of this process until `stop`."""
        self._retain()  # a computer that is off at night would keep everything
        self._check_log()
        self._audit_notices()
        self._consumer = _Embedded(self._queue, **_options(threads))
        self._consumer.start()

    def stop(self) -> None:
        """Lets the jobs that are running finish."""
        if self._consumer is not None:
            self._consumer.stop(graceful=True)
            self._consumer = None

    def run(self, threads: int) -> None:
        """Works until the process is told to stop (SIGTERM lets the jobs that are running finish)."""
        self._retain()
        self._check_log()
        self._audit_notices()
        Consumer(self._queue, graceful_signal="TERM", **_options(threads)).run()

    def audit_notices(self) -> None:
        """Makes the day's anchor over the cases of notices, and checks them all."""
        if self._notices is not None:
            self._notices.audit()

    def _send(self, outbox_id: str) -> None:
        deliver_due(self._storage.outbox, self._channels, self._storage.now, outbox_id, self._deliver_later)

    def _deliver_queued(self, queued: Sequence[Queued]) -> None:
        """What a transaction queued for channels that are pushed to, once for each conversation."""
        last = {row.conversation: row for row in queued if row.channel in self._channels}
        for row in last.values():
            self._deliver_later(row.id, row.due_at)

    def _deliver_later(self, outbox_id: str, due_at: datetime) -> None:
        wait = (due_at - self._storage.now()).total_seconds()
        if wait > 0:
            self._deliver.schedule(args=(outbox_id,), delay=wait)
        else:
            self._deliver(outbox_id)

    def _work_on_import(self, id: str) -> None:
        if self._importer is not None:
            self._importer.run(id)

    def _work_on_batch(self, id: str) -> None:
        if self._notices is not None:
            self._notices.issuer.run(id)
            self._notices.ladder.work()

    def _work_on_connections(self) -> None:
        if self._connections is not None:
            self._connections.work()

    def _seal_notice(self, notice: str) -> None:
        if self._notices is not None:
            self._notices.sealer.run(notice)

    def _work_on_declaration(self, id: str) -> None:
        if self._declarer is not None:
            self._declarer.run(id)

    def _work_off_each(self, event_ids: Sequence[str]) -> None:
        for each in event_ids:
            self._work_off(each)

    def _follow_profiles(self) -> None:
        if self._profiles is not None:
            self._profiles.following.run()
            self._profiles.acting.run()
            self._profiles.by_file.run()
            self._profiles.telling.run()

    def _work_off(self, event_id: str | None) -> None:
        if self._receive is not None:
            work_off(self._storage.inbox, self._receive, self._storage.now, event_id)


def open_queue(settings: Settings) -> Huey:
    """The queue that the settings name. Raises `SettingsError`."""
    queue = _open_queue(settings)
    queue.pre_execute("log")(lambda task: logs.begin(job=task.name))
    queue.post_execute("log")(lambda task, value, error: logs.end())
    return queue


def _open_queue(settings: Settings) -> Huey:
    options = {"results": False, "serializer": _Json()}
    if settings.jobs.engine == "embedded":
        return MemoryHuey(_NAME, **options)
    try:
        if settings.jobs.engine == "redis":
            return RedisHuey(_NAME, url=settings.jobs.url, **options)
        if settings.database.url.startswith("postgresql:"):
            return PostgresHuey(_NAME, dsn=_without_waiting(settings.database.url), **options)
    except ConfigurationError:
        raise SettingsError(
            f"jobs.engine: {settings.jobs.engine} needs the extra of that name installed"
        ) from None
    raise SettingsError("jobs.engine: postgresql needs a database.url that starts with postgresql:")


def _without_waiting(url: str) -> str:
    """The address for a connection whose commits do not wait for the disk: a job that gets lost is swept up."""
    return f"{url}{'&' if '?' in url else '?'}options=-c%20synchronous_commit%3Doff"


class _Json:
    """Jobs as JSON: Huey's own form is pickle, and whoever can write to the queue could run anything."""

    def serialize(self, message: Message) -> bytes:
        return json.dumps(message, default=datetime.isoformat).encode()

    def deserialize(self, data: bytes) -> Message:
        message = Message(*json.loads(data))
        return message._replace(eta=message.eta and datetime.fromisoformat(message.eta))


class _Embedded(Consumer):  # type: ignore[misc]
    """A consumer in threads of a web process, which has its own way of stopping."""

    @property
    def is_alive(self) -> bool:
        """Whether its threads run: those that work, and the one that starts what is periodic."""
        return all(thread.is_alive() for _, thread in self.worker_threads) and self.scheduler.is_alive()

    def _set_signal_handlers(self) -> None:
        pass


def _options(threads: int) -> dict[str, Any]:
    return {"workers": threads, "max_delay": 0.5, "shutdown_timeout": PATIENCE}
