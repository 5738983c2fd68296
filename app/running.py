"""The whole program in one process: pages and chat over one storage, with the work that nobody waits for beside them.

What the library's folders hold is taken up while the program runs: everything is assembled anew and swapped in one step,
so that no answer is made of old and new. A request that has begun ends by the old one.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any, Final, NamedTuple

from flask import Blueprint, Flask

from app.assistance import make_house
from app.channels import close_platforms, make_link, open_platforms, pushed
from app.clock import now_in_china, today_in_china
from app.connections import describe, make_connections, make_events
from app.console import make_console, make_importer
from app.counting import CountedMailer
from app.declaring import Declarer
from app.demo import city_of, make_demo
from app.jobs import Jobs, open_queue
from app.mailing import make_mailer, make_notifier
from app.notices import check_seal, make_demo_seal, make_desk, make_office, make_pages, make_papers, make_work
from app.notifying import make_senders
from app.offices import NO_OFFICES, Offices
from app.own_files import KeptFiles
from app.phones import Phones
from app.profile_work import make_profile_work
from app.publishing import Publisher, Reloads
from app.reminding import make_reminder
from app.settings import Settings
from app.telegram import Registration, allow_in_demo, registration
from app.watching import Checks, Standing, check_worker
from app.web import create_app
from bot.assistant import Assistant
from bot.callback_views import create_blueprint as create_callbacks
from bot.channels import Platform
from bot.dialogue.talk import House
from bot.me_views import Me
from bot.mine import Term
from bot.passive import Holding
from bot.receiving import Received
from bot.taking import Taking
from bot.views import Chat
from delivery.messages import IncomingMessage
from hr_console.connections import Systems
from hr_inbox.notices import Mailer
from notices.answering import AnswerDesk
from notices.book import NoticeBook
from policy_kb import compiled
from policy_kb.changes import Publishing
from policy_kb.company import load_company
from policy_kb.divisions import Divisions
from policy_kb.files import PolicyError
from storage.opening import Storage, open_storage
from storage.retention import TERMS
from web_calc import languages
from web_calc.chat_papers import ChatPapers

log = logging.getLogger("shebao.running")

#: What the chat's cookie is signed with is made from the installation's own keys under this name.
COOKIE = "chat cookie"
#: Seconds between two looks at the folders. What changed is taken up once two looks saw the same, so that an import of
#: several files is taken up whole.
EVERY: Final = 2.0


class Serving(NamedTuple):
    """What answers: the pages, the assistant behind every channel, and the house that it talks from."""

    app: Flask
    assistant: Assistant
    house: House


class Hearing(NamedTuple):
    """What hears employees on platforms: a message is stored once, then answered soon."""

    platforms: Mapping[str, Platform]
    store: Callable[[IncomingMessage], str | None]
    wake: Callable[[str], None]
    registering: Registration | None


class Program(Reloads):
    """The application that is serving now, for a WSGI server; assembled anew when the library's folders change."""

    def __init__(self, folders: Sequence[Path], every: float = EVERY) -> None:
        self._folders = folders
        self._every = every
        self._lock = Lock()
        self._stopped = Event()
        self._seen: object = None
        self._found: object = None
        self._trouble = ""
        self._watcher: Thread | None = None
        self._assemble: Callable[[House | None], Serving]
        self._serving: Serving
        #: Set before anything is served.
        self.hearing: Hearing

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """One request, answered by one assembly from its beginning to its end."""
        return self.serving.app(environ, start_response)

    def receive(self, message: IncomingMessage) -> Received:
        """One message, for what is no page of ours."""
        return self.serving.assistant.receive(message)

    @property
    def serving(self) -> Serving:
        """What answers now."""
        return self._serving

    def start(self, assemble: Callable[[House | None], Serving]) -> None:
        """Assembles, and watches the folders from then on. `assemble` is given the house of before, if there is one.

        Raises what it does.
        """
        self._assemble = assemble
        self._seen = _look(self._folders)
        self._serving = assemble(None)
        self._watcher = Thread(target=self._watch, name="library", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """No more looks at the folders."""
        self._stopped.set()
        if self._watcher is not None:
            self._watcher.join()

    def refresh(self) -> None:
        """Takes up what the folders hold now. What cannot be assembled is logged, and the old one goes on."""
        with self._lock:
            seen = _look(self._folders)
            if seen == self._seen:
                return
            self._seen = seen
            gc.unfreeze()  # a library is frozen when it is loaded: the old one is to go
            try:
                self._serving = self._assemble(self._serving.house)
                self._trouble = ""
                log.info("the library was taken up anew")
            except Exception as error:
                self._trouble = str(error) if isinstance(error, PolicyError) else type(error).__name__
                log.error("the library was not taken up, the old one goes on: %s", self._trouble)
            gc.collect()
            gc.freeze()

    def trouble(self) -> str:
        """Why what the folders hold is not in use; empty where it is."""
        return self._trouble

    def look(self) -> None:
        """One look at the folders: what changed is taken up where the look before saw the same."""
        found = _look(self._folders)
        if found == self._found and found != self._seen:
            self.refresh()
        self._found = found

    def _watch(self) -> None:
        while not self._stopped.wait(self._every):
            self.look()


def _look(folders: Iterable[Path]) -> object:
    """What changes when a file of the folders does: cheap enough for every other second."""
    found = []
    for folder in folders:
        for path in sorted(folder.glob("*.yaml")):
            try:
                status = path.stat()
            except FileNotFoundError:  # just replaced or taken away
                continue
            found.append((path, status.st_mtime_ns, status.st_size, status.st_ino))
    return found


@contextmanager
def running(
    settings: Settings, *, demo: bool = False, phones: Phones | None = None, polls: bool = False
) -> Iterator[Program]:
    """The application, with its jobs at work where they are embedded; `polls`: it fetches what a platform holds for it, and has
    that platform not call. The other parameters and the errors are those of `opened`."""
    with opened(settings, demo=demo, phones=phones) as (program, jobs):
        registering = None if polls else program.hearing.registering
        if settings.jobs.engine == "embedded":
            jobs.start(settings.jobs.threads)
        if registering is not None:
            registering.start()
        try:
            yield program
        finally:
            if registering is not None:
                registering.stop()
            jobs.stop()


@contextmanager
def opened(
    settings: Settings, *, demo: bool = False, phones: Phones | None = None
) -> Iterator[tuple[Program, Jobs]]:
    """The application and its jobs, which are not at work yet; `demo` makes tables and keys where there are none, and
    `phones` are those of its employees.

    Raises `StorageError` and `SettingsError` with what to do where something is missing.
    """
    keys, policy = settings.keys, settings.policy
    storage = open_storage(settings.database.address, keys.path, keys.journal, make=demo)
    if demo:
        make_demo_seal(settings)
    check_seal(settings, storage.now())
    program = Program((*policy.overlays, policy.company_folder))
    publisher = Publisher(policy, storage, program)
    try:
        server = make_mailer(settings.mail)
        mailer = None if server is None else CountedMailer(server, storage.calls)
        link = make_link(settings, storage.links)
        platforms = open_platforms(settings, storage, link)
        senders = {**pushed(settings, platforms), **make_senders(settings, storage, mailer)}
        storage.ways.channels = tuple(senders)
        connections = make_connections(settings, storage, mailer)
        work = make_work(settings, storage, lambda: program.serving.house)
        importer = make_importer(storage, Divisions.load())
        jobs = Jobs(
            open_queue(settings),
            storage,
            channels=senders,
            receive=program.receive,
            publish=publisher.work,
            notify=make_notifier(settings, storage, mailer),
            tell=lambda: storage.pushes.work(link),
            importer=importer,
            notices=work,
            declarer=Declarer(storage.declaration_work, connections.offices, storage.now),
            profiles=make_profile_work(
                settings, storage, lambda: program.serving.house.library, connections.offices
            ),
            connections=connections,
            remind=make_reminder(settings, storage).run,
        )
        storage.conversations.address = settings.server.address
        desk = make_desk(settings, storage, lambda: program.serving.house, jobs.seal)
        office = make_office(settings, storage)
        registering = registration(settings, platforms)
        program.hearing = Hearing(platforms, storage.inbox.store, jobs.answer, registering)
        callbacks = create_callbacks(make_taking(settings, storage, platforms, jobs))
        checks = make_checks(settings, storage, jobs)
        standing = Standing(storage.gauges, lambda: not program.trouble())
        program.start(
            lambda house: assemble(
                settings,
                storage,
                publisher,
                mailer,
                house,
                callbacks=callbacks,
                events=make_events(connections, storage),
                systems=describe(connections, storage, jobs.ask),
                checks=checks,
                standing=standing,
                run_import=jobs.run_import,
                run_batch=jobs.run_batch,
                offices=connections.offices,
                run_declaration=jobs.run_declaration,
                follow=jobs.follow,
                desk=desk,
                office=office,
                demo=demo,
                framed_by="" if phones is None else phones.address,
                abroad_changed=_nothing if registering is None else registering.look,
            )
        )
        if demo:
            allow_in_demo(settings, storage)
            library = program.serving.house.library
            new = make_demo(storage, program.receive, importer, library, today_in_china())
            if phones is not None:
                phones.bind(storage, new=new, city=city_of(library, today_in_china()))
        try:
            yield program, jobs
        finally:
            connections.close()
            close_platforms(platforms)
    finally:
        program.stop()
        storage.database.close()


def _nothing() -> None:
    """Nobody needs to hear of it."""


def _nothing_of(id: str) -> None:
    """Nobody works on it here."""


def make_taking(
    settings: Settings, storage: Storage, platforms: Mapping[str, Platform], jobs: Jobs
) -> Taking:
    """The callbacks of the platforms. Some may be held, but never all of the server's threads."""
    holding = Holding(storage.passive, jobs.deliver, storage.now)
    held = max(1, settings.server.threads // 2)
    return Taking(platforms, storage.inbox.store_all, jobs.answer_all, holding=holding, held=held)


def make_checks(settings: Settings, storage: Storage, jobs: Jobs) -> Checks:
    """What the program needs to do its work. The library is there, or nothing would have started."""
    embedded = (lambda: jobs.alive) if settings.jobs.engine == "embedded" else None
    return Checks(
        {
            "database": storage.gauges.check_database,
            "keys": partial(storage.gauges.check_keys, settings.keys.path),
            "worker": partial(check_worker, embedded, storage.gauges.swept_at, storage.now),
        }
    )


def assemble(
    settings: Settings,
    storage: Storage,
    publishing: Publishing,
    mailer: Mailer | None = None,
    like: House | None = None,
    *,
    callbacks: Blueprint | None = None,
    events: Blueprint | None = None,
    systems: Systems | None = None,
    checks: Checks | None = None,
    standing: Standing | None = None,
    run_import: Callable[[str], None] | None = None,
    run_batch: Callable[[str], None] = _nothing_of,
    offices: Offices = NO_OFFICES,
    run_declaration: Callable[[str], None] = _nothing_of,
    follow: Callable[[], None] = _nothing,
    desk: AnswerDesk | None = None,
    office: NoticeBook | None = None,
    demo: bool = False,
    framed_by: str = "",
    abroad_changed: Callable[[], None] = _nothing,
) -> Serving:
    """Pages, chat and console over a storage, with the library as the folders hold it; `like` is the house of before, and
    `framed_by` the page that may show the console in itself. `abroad_changed` hears when sending abroad is allowed or not."""
    library = compiled.load(settings.policy.overlays)
    company = load_company(settings.policy.company_folder, library, today_in_china())
    files = KeptFiles(storage, library, today_in_china)
    house = make_house(settings, library, company, storage.bindings, like, storage.notices, files)
    assistant = Assistant(house, storage.conversations, now_in_china)
    chat = Chat(
        receive=assistant.receive,
        transcript=storage.conversations,
        acknowledge=storage.outbox.acknowledge,
        papers=ChatPapers(library, today_in_china, company),
        languages=languages,
        place=library.divisions.full_name,
        today=today_in_china,
        secret=storage.keys.index(COOKIE).hex(),
    )
    console = make_console(
        settings,
        storage,
        library,
        company,
        finder=house.finder,
        mailer=mailer,
        publishing=publishing,
        run_import=run_import,
        notices=office,
        run_notices=run_batch,
        act=follow,
        papers=make_papers(settings, storage),
        systems=systems,
        run_declaration=run_declaration,
        demo=demo,
        framed_by=framed_by,
        abroad_changed=abroad_changed,
        offices=offices,
    )
    me = Me(
        chat=chat,
        records=storage.mine,
        divisions=library.divisions,
        terms=[Term(each.kind, each.days, each.why) for each in TERMS],
        consents=storage.records,
        contributions=storage.records,
        files=files,
    )
    return Serving(
        create_app(
            settings,
            library,
            today_in_china,
            chat,
            console,
            company,
            me,
            callbacks,
            storage.links,
            checks,
            standing,
            () if desk is None else make_pages(settings, storage, desk),
            events,
        ),
        assistant,
        house,
    )
