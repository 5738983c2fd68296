"""What text messages have in common whoever sends them: a template with one variable, the link, one for codes, and one for
alarms to HR with two, the system and what of it; mainland numbers only."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import requests

from connectors.channel_checks import Finding
from delivery.sending import Outgoing, Part, Permanent, Sender, Temporary
from delivery.ways import mobile_number
from locales import Say

#: Seconds that a service may take to answer.
PATIENCE: Final = 10
_CODE_IN: Final = re.compile(r"\d{6}")
_LINK: Final = re.compile(r"https?://\S+")
_CODE: Final = 64


@dataclass(frozen=True, slots=True)
class SmsAccount:
    """An account of a service with its approved signature and templates; without one for codes none are sent, and without
    one for alarms no alarms. `api_base` is the service's address; `app_id` and `region` are Tencent's alone."""

    provider: str
    secret_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    app_id: str
    sign_name: str
    template_id: str
    code_template_id: str
    alarm_template_id: str
    region: str
    api_base: str


@dataclass(frozen=True, slots=True)
class Kind:
    """What a template is for: the setting that names it, and its variables in the order of their places."""

    setting: str
    variables: tuple[str, ...]

    def template(self, account: SmsAccount) -> str:
        """The account's template of this kind; empty where it has none."""
        found: str = getattr(account, self.setting)
        return found


LINK: Final = Kind("template_id", ("link",))
CODE: Final = Kind("code_template_id", ("code",))
ALARM: Final = Kind("alarm_template_id", ("system", "alarm"))
KINDS: Final = (LINK, CODE, ALARM)


class Texts(Sender):
    """Text messages. A recipient is an employee, whose phone `phone_of` tells at the moment of sending.

    Only bubbles with a link are drawn, and codes where there is a template for them: nothing else fits. A service writes
    `hand_over`.
    """

    REPEATS = False

    def __init__(self, account: SmsAccount, phone_of: Callable[[str], str]) -> None:
        self._account = account
        self._phone_of = phone_of

    @abstractmethod
    def hand_over(self, number: str, template: str, variables: Mapping[str, str]) -> None:
        """Hands one message for a number (+86…) to the service. Raises `Temporary`, `Permanent` or `Unsure`."""

    def draw(self, bubbles: Sequence[Outgoing]) -> tuple[Part, ...]:
        """The link or the code of each bubble. Raises `Permanent` for a code that there is no template for."""
        return tuple(
            drawn for each in bubbles if each.reply.neutral and (drawn := self._drawn(each)) is not None
        )

    def send(self, recipient: str, part: Part) -> None:
        """Hands one message to the service. Raises `Temporary`, `Permanent` or `Unsure`."""
        number = mobile_number(self._phone_of(recipient))
        if not number:
            raise Permanent("no_mobile_number")
        kind = next(each for each in KINDS if each.variables[-1] in part)
        self.hand_over(number, kind.template(self._account), {name: part[name] for name in kind.variables})

    def _drawn(self, bubble: Outgoing) -> Part | None:
        text = bubble.reply.text
        if not bubble.reply.secret:
            found = _LINK.search(text)
            return None if found is None else {"link": found[0]}
        if not self._account.code_template_id:
            raise Permanent("no_code_template")
        code = _CODE_IN.search(text)
        return None if code is None else {"code": code[0]}


@dataclass(frozen=True, slots=True)
class Provider:
    """A service: what sends by it; whether an account can, given the address that its links lead to; its own address; and
    the settings that it cannot do without."""

    sender: Callable[[SmsAccount, Callable[[str], str]], Texts]
    check: Callable[[SmsAccount, str, Say], Iterator[Finding]]
    api_base: str
    needs: tuple[str, ...]


def classify(code: str, passing: Mapping[str, timedelta]) -> Temporary | Permanent:
    """What a code of a service means for the message: to be tried again, or by another way. `passing` is what passes by
    itself, by the beginning of the code, and how long it takes.

    >>> passing = {"InternalError": timedelta()}
    >>> type(classify("InternalError.Timeout", passing)).__name__, classify("isv.个AMOUNT", passing).code
    ('Temporary', 'isv.AMOUNT')
    """
    word = re.sub(r"[^A-Za-z0-9_.:-]", "", code)[:_CODE] or "unknown"
    for begins, after in passing.items():
        if word.startswith(begins):
            return Temporary(word, after)
    return Permanent(word)


def is_unconnected(error: Any) -> bool:
    """Whether the connection itself did not come about, by the error of `requests`, so that nothing was handed over."""
    reason = getattr(error.args[0] if error is not None and error.args else None, "reason", None)
    return isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.SSLError) or (
        type(reason).__name__ in ("NewConnectionError", "NameResolutionError")
    )
