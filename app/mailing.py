"""HR's mails as this installation sends them: the server of the settings, and who is told what."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from app.settings import Mail, Settings, SettingsError, is_loopback, read_secret
from connectors.mail import MailServer, Security, SmtpMailer, is_address
from hr_inbox.notices import Mailer, tell_new_work
from locales import SOURCE, speak
from storage.opening import Storage


def make_mailer(mail: Mail) -> Mailer | None:
    """What sends mails; None where no server is set. Raises `SettingsError` for settings that cannot work."""
    if not mail.host:
        return None
    if not is_address(mail.sender):
        raise SettingsError(
            f"mail.sender: must be an address such as hr@company.example, not {mail.sender!r}"
        )
    if mail.user and mail.security == "none" and not is_loopback(mail.host):
        raise SettingsError("mail.security: a password is sent over an encrypted connection only")
    server = MailServer(
        host=mail.host,
        port=mail.port,
        sender=mail.sender,
        security=cast("Security", mail.security),
        user=mail.user,
        password=read_secret("mail.password", mail.password, mail.password_file),
    )
    return SmtpMailer(server)


def make_notifier(settings: Settings, storage: Storage, mailer: Mailer | None) -> Callable[[], object] | None:
    """What tells HR of new work; None where no mails are sent."""
    if mailer is None:
        return None
    link, say = f"{settings.server.address}/hr/", speak(SOURCE)
    return lambda: tell_new_work(storage.mail_notices, mailer, link, say, storage.now)
