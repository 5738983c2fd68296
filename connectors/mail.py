"""Mails over SMTP: one connection a mail, encrypted unless the settings say otherwise, every failure classified."""

from __future__ import annotations

import re
import smtplib
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate, make_msgid
from typing import Final, Literal

from hr_inbox.notices import Mail, Mailer, MailFailure

Security = Literal["starttls", "tls", "none"]
#: An address as it may go to a server: nothing in it ends a line, and there is one @.
_ADDRESS: Final = re.compile(r"[^\s@<>\"\\,;:()\[\]]{1,64}@[A-Za-z0-9.-]{1,255}")


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails are handed in. `user` is empty where the server asks for no login; `seconds` is how long it may take
    over one answer."""

    host: str
    port: int
    sender: str
    security: Security = "starttls"
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    seconds: float = 15


class SmtpMailer(Mailer):
    """Mails through one server. `context` says which certificates are trusted; the system's where none is given."""

    def __init__(self, server: MailServer, context: ssl.SSLContext | None = None) -> None:
        self.server = server
        self._context = context or ssl.create_default_context()

    def send(self, mail: Mail) -> None:
        """Hands a mail to the server. Raises `MailFailure`."""
        message = compose(mail, self.server.sender)
        try:
            with closing(self._connect()) as connection:
                self._hand_in(connection, message)
        except (OSError, UnicodeError) as error:
            raise classify(error) from error

    def check(self) -> None:
        """Connects and logs in as for a mail, and hands none in. Raises `MailFailure`."""
        try:
            with closing(self._connect()) as connection:
                self._log_in(connection)
                connection.noop()
        except (OSError, UnicodeError) as error:
            raise classify(error) from error

    def _log_in(self, connection: smtplib.SMTP) -> None:
        if self.server.security == "starttls":
            connection.starttls(context=self._context)
        if self.server.user:
            connection.login(self.server.user, self.server.password)

    def _hand_in(self, connection: smtplib.SMTP, message: EmailMessage) -> None:
        self._log_in(connection)
        connection.send_message(message)
        with suppress(OSError):  # it is taken; a bad goodbye must not have it sent again
            connection.quit()

    def _connect(self) -> smtplib.SMTP:
        server = self.server
        if server.security == "tls":
            return smtplib.SMTP_SSL(server.host, server.port, timeout=server.seconds, context=self._context)
        return smtplib.SMTP(server.host, server.port, timeout=server.seconds)


def compose(mail: Mail, sender: str) -> EmailMessage:
    """The mail as it is sent. Raises `MailFailure` for an address or a subject that would be more than that."""
    message = EmailMessage(policy=SMTP_POLICY)
    try:
        message["From"] = _address(sender)
        message["To"] = _address(mail.to)
        message["Subject"] = mail.subject
    except ValueError as error:
        raise MailFailure("bad_header", lasting=True) from error
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # no answer from somebody who is out of office
    message.set_content(mail.text, cte="base64")
    return message


def is_address(text: str) -> bool:
    """Whether a text is one address and nothing more.

    >>> is_address("hr@company.example"), is_address("hr@company.example\\nBcc: all@company.example")
    (True, False)
    """
    return text.isascii() and _ADDRESS.fullmatch(text) is not None


def _address(text: str) -> Address:
    if not is_address(text):
        raise ValueError("not an address")
    return Address(addr_spec=text)


def classify(error: OSError | UnicodeError) -> MailFailure:
    """What a failure means: a word, the server's number, and whether it lasts. (What smtplib raises is an OSError.)"""
    match error:
        case smtplib.SMTPAuthenticationError():
            return _refused("login", error.smtp_code)
        case smtplib.SMTPRecipientsRefused():
            return _refused("recipient", next(iter(error.recipients.values()))[0])
        case smtplib.SMTPSenderRefused():
            return _refused("sender", error.smtp_code)
        case smtplib.SMTPResponseException():
            return _refused("refused", error.smtp_code)
        case smtplib.SMTPServerDisconnected():
            # That is also what smtplib makes of a time-out while it waits for an answer.
            return MailFailure("timeout" if isinstance(error.__context__, TimeoutError) else "disconnected")
        case smtplib.SMTPException():  # no STARTTLS there, no login, none that we know
            return MailFailure("not_supported", lasting=True)
        case ssl.SSLCertVerificationError():
            return MailFailure("certificate", lasting=True)
        case ssl.SSLError():
            return MailFailure("encryption", lasting=True)
        case UnicodeError():
            return MailFailure("login", lasting=True)
        case TimeoutError():
            return MailFailure("timeout")
        case _:
            return MailFailure("unreachable")


def _refused(code: str, status: int) -> MailFailure:
    return MailFailure(code, max(status, 0), lasting=status >= 500)
