"""How employees are told something who wrote on no channel that reaches them: text messages and mails."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from app.settings import Settings, SettingsError, Sms, is_loopback, read_secret
from connectors.mail_to_employees import EmployeeMails
from connectors.sms import PROVIDERS
from connectors.sms.texts import SmsAccount
from delivery.sending import Sender
from hr_inbox.notices import Mailer
from people.employees import Employee
from storage.opening import Storage


def make_senders(settings: Settings, storage: Storage, mailer: Mailer | None) -> dict[str, Sender]:
    """The channels that need no chat, by name: those that the settings describe. Raises `SettingsError`."""
    made: dict[str, Sender] = {}
    account = make_account(settings.sms)
    if account is not None:
        sender = PROVIDERS[account.provider].sender
        made["sms"] = sender(account, _from_roster(storage, lambda employee: employee.phone))
    if mailer is not None:
        made["mail"] = EmployeeMails(mailer, _from_roster(storage, lambda employee: employee.mail))
    return made


def make_account(sms: Sms) -> SmsAccount | None:
    """The account for text messages; None where the settings name none. Raises `SettingsError`."""
    if sms.provider == "none":
        return None
    provider = PROVIDERS.get(sms.provider)
    if provider is None:
        raise SettingsError(f"sms.provider: none, {' or '.join(PROVIDERS)}, not {sms.provider!r}")
    account = SmsAccount(
        provider=sms.provider,
        secret_id=sms.secret_id,
        secret_key=read_secret("sms.secret_key", sms.secret_key, sms.secret_key_file),
        app_id=sms.app_id,
        sign_name=sms.sign_name,
        template_id=sms.template_id,
        code_template_id=sms.code_template_id,
        alarm_template_id=sms.alarm_template_id,
        region=sms.region,
        api_base=sms.api_base or provider.api_base,
    )
    missing = [name for name in provider.needs if not getattr(account, name)]
    if missing:
        raise SettingsError(f"sms.{missing[0]}: needed with provider = {sms.provider!r}")
    if not account.secret_id.isascii():  # the … of an example, which no header can hold
        raise SettingsError("sms.secret_id: not what the console shows")
    where = urlsplit(account.api_base)
    if where.scheme != "https" and not (where.scheme == "http" and is_loopback(where.hostname or "")):
        raise SettingsError("sms.api_base: must start with https:// (or http:// on loopback)")
    return account


def _from_roster(storage: Storage, what: Callable[[Employee], str]) -> Callable[[str], str]:
    """What the roster has of an employee now; nothing of one who left."""

    def of(employee: str) -> str:
        found = storage.roster.get(employee)
        return what(found) if found is not None and found.state == "active" else ""

    return of
