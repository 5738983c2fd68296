"""Mails and text messages that are counted as they go out, for those who watch."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.sms.texts import NO_NUMBER
from delivery.sending import Outgoing, Part, Sender, Undelivered
from hr_inbox.notices import Mail, Mailer, MailFailure
from storage.calls import StoredCalls


class CountedMailer(Mailer):
    """A mailer of which each mail is counted."""

    def __init__(self, mailer: Mailer, calls: StoredCalls) -> None:
        self._mailer = mailer
        self._calls = calls

    def send(self, mail: Mail) -> None:
        """Hands a mail to the server. Raises `MailFailure`."""
        with self._calls.counting("mail", MailFailure):
            self._mailer.send(mail)


class CountedTexts(Sender):
    """Text messages, each of which is counted."""

    def __init__(self, texts: Sender, calls: StoredCalls) -> None:
        self._texts = texts
        self._calls = calls

    @property
    def REPEATS(self) -> bool:  # noqa: N802
        """As the service has it."""
        return self._texts.REPEATS

    def draw(self, bubbles: Sequence[Outgoing]) -> tuple[Part, ...]:
        """As the service has it."""
        return self._texts.draw(bubbles)

    def send(self, recipient: str, part: Part) -> None:
        """Hands one message to the service; nobody is asked where there is no number. Raises what it does."""
        try:
            self._texts.send(recipient, part)
        except Undelivered as error:
            if error.code != NO_NUMBER:
                self._calls.count("sms", done=False)
            raise
        self._calls.count("sms", done=True)
