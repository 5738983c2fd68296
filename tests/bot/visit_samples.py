"""Pages behind links, over a real storage and a scripted assistant: for tests of visits, with and without a browser.

PYTEST_DONT_REWRITE: the search for doctests imports this module before the tests name it as their plugin.
"""

from __future__ import annotations

import pytest
from chat_samples import SECRET, TODAY, Drawn, scripted
from flask import Flask

from bot.me_views import Me
from bot.me_views import create_blueprint as create_me
from bot.mine import Term
from bot.receiving import Received, receive
from bot.views import Chat
from bot.views import create_blueprint as create_chat
from bot.visit_views import create_blueprints
from delivery.messages import IncomingMessage
from policy_kb.library import Library
from storage.opening import Storage
from storage.retention import TERMS
from web_calc import languages


class Plant:
    """A company with an assistant: what is said on a platform, and the pages."""

    def __init__(self, storage: Storage, library: Library) -> None:
        self.storage = storage
        self.time = 0.0
        chat = Chat(
            receive=self.hear,
            transcript=storage.conversations,
            acknowledge=storage.outbox.acknowledge,
            papers=Drawn(),
            languages=languages,
            place=library.divisions.full_name,
            today=lambda: TODAY,
            secret=SECRET,
            clock=lambda: self.time,
        )
        terms = [Term(each.kind, each.days, each.why) for each in TERMS]
        me = Me(
            chat=chat,
            records=storage.mine,
            divisions=library.divisions,
            terms=terms,
            consents=storage.records,
            contributions=storage.records,
        )
        self.app = Flask("plant", static_folder=None)
        for blueprint in (create_chat(chat), create_me(me), *create_blueprints(storage.links, me)):
            self.app.register_blueprint(blueprint)

    def hear(self, message: IncomingMessage) -> Received:
        return receive(message, self.storage.conversations, scripted)

    def says(self, sender: str, text: str, channel: str = "telegram", locale: str = "zh_Hans") -> None:
        """Somebody writes on their platform, and is answered."""
        key = f"{sender} {text} {self.storage.now()}"
        self.hear(IncomingMessage(channel, sender, key, text, locale=locale))

    def link(self, sender: str, channel: str = "telegram", seq: int = 2) -> str:
        """The path of a link that the platform's message carries."""
        kept = self.storage.conversations.find(channel, sender)
        assert kept is not None
        token = self.storage.links.make(kept.id, seq)
        assert token is not None
        return f"/reports/{token}"


@pytest.fixture
def plant(storage: Storage, library: Library) -> Plant:
    return Plant(storage, library)
