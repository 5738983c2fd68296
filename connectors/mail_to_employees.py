"""Mails to employees: one neutral line with its link, over the server that HR's mails use."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from delivery.sending import Outgoing, Part, Permanent, Sender, Temporary
from hr_inbox.notices import Mail, Mailer, MailFailure
from locales import N_, speak

SUBJECT: Final = N_("社保助手：有一条给你的消息")
_GREETING: Final = N_("这封信是社保助手替公司人事发的，信里不写什么事。不用回复。")


class EmployeeMails(Sender):
    """Mails. A recipient is an employee, whose address `address_of` tells at the moment of sending.

    A connection that breaks is tried again: a second mail is better than none, where only the one line is in it.
    """

    REPEATS = False

    def __init__(self, mailer: Mailer, address_of: Callable[[str], str]) -> None:
        self._mailer = mailer
        self._address_of = address_of

    def draw(self, bubbles: Sequence[Outgoing]) -> tuple[Part, ...]:
        """A mail for each bubble in which nothing is about the employee; others do not go out here."""
        return tuple(_drawn(each) for each in bubbles if each.reply.neutral)

    def send(self, recipient: str, part: Part) -> None:
        """Hands one mail to the server. Raises `Temporary` or `Permanent`."""
        address = self._address_of(recipient)
        if not address:
            raise Permanent("no_address")
        try:
            self._mailer.send(Mail(address, part["subject"], part["text"]))
        except MailFailure as failure:
            code = re.sub(r"[^A-Za-z0-9_.:-]", "", str(failure))
            raise (Permanent(code) if failure.lasting else Temporary(code)) from None


def _drawn(bubble: Outgoing) -> Part:
    say = speak(bubble.locale)
    return {"subject": say(SUBJECT), "text": f"{bubble.reply.text}\n\n{say(_GREETING)}\n"}
