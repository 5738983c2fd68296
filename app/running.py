"""The whole program in one process: pages and chat over one storage, with the work that nobody waits for beside them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from app.assistance import make_house
from app.clock import now_in_china, today_in_china
from app.console import make_console
from app.jobs import Jobs, open_queue
from app.settings import Settings
from app.web import create_app
from bot.assistant import Assistant
from bot.me_views import Me
from bot.mine import Term
from bot.views import Chat
from policy_kb import compiled
from policy_kb.company import load_company
from storage.opening import Storage, open_storage
from storage.retention import TERMS
from web_calc import languages
from web_calc.chat_papers import ChatPapers

#: What the chat's cookie is signed with is made from the installation's own keys under this name.
COOKIE = "chat cookie"


@contextmanager
def running(settings: Settings, *, demo: bool = False) -> Iterator[Flask]:
    """The application with its jobs at work; `demo` makes tables and keys where there are none.

    Raises `StorageError` and `SettingsError` with what to do where something is missing.
    """
    keys = settings.keys
    storage = open_storage(settings.database.address, keys.path, keys.journal, make=demo)
    try:
        app, assistant = assemble(settings, storage, demo=demo)
        jobs = Jobs(open_queue(settings), storage, channels={}, receive=assistant.receive)
        if settings.jobs.engine == "embedded":
            jobs.start(settings.jobs.threads)
        try:
            yield app
        finally:
            jobs.stop()
    finally:
        storage.database.close()


def assemble(settings: Settings, storage: Storage, *, demo: bool = False) -> tuple[Flask, Assistant]:
    """Pages, chat and console over a storage."""
    library = compiled.load(settings.policy.overlays)
    company = load_company(settings.policy.company_folder, library, today_in_china())
    assistant = Assistant(make_house(settings, library, company), storage.conversations, now_in_china)
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
    console = make_console(settings, storage, library, demo=demo)
    terms = [Term(each.kind, each.days, each.why) for each in TERMS]
    me = Me(chat=chat, records=storage.records, divisions=library.divisions, terms=terms)
    return create_app(settings, library, today_in_china, chat, console, me), assistant
