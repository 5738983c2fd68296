"""What notices are sealed with in this installation: the key, the time-stamp service, and what is trusted later."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from app.settings import HOME, Settings, SettingsError
from connectors.timestamping import asking
from notices.seal_keys import (
    CERTIFICATE_FILE,
    KEY_FILE,
    Certificates,
    OrganisationKey,
    SealError,
    all_own,
    check_term,
    has_own,
    read_certificates,
    read_key,
    read_roots,
    read_token,
)
from notices.timestamps import TimeStamper
from notices.verifying import Trust
from storage.keys import Keys, has_signing_key
from storage.notice_register import StoredRegister
from storage.opening import Storage


def open_key(settings: Settings) -> OrganisationKey:
    """The key that seals. Raises `SealError` where there is none that can be used, and `SettingsError`."""
    chosen, folder = settings.notices, settings.keys.path
    if chosen.pkcs11_module:
        return read_token(
            chosen.pkcs11_module,
            chosen.pkcs11_token,
            chosen.pkcs11_key,
            chosen.read_passphrase(),
            _certificate_file(settings),
            licensed=chosen.licensed,
        )
    if chosen.seal_key:
        return read_key(
            HOME / chosen.seal_key,
            _certificate_file(settings),
            chosen.read_passphrase().encode(),
            licensed=chosen.licensed,
        )
    if chosen.licensed:
        raise SettingsError("notices.certified_by: licensed needs seal_key or pkcs11_module")
    if not has_own(folder):
        raise SealError(f"{folder / KEY_FILE}: there is no key for seals; `shebao keys seal` makes it")
    return read_key(folder / KEY_FILE, folder / CERTIFICATE_FILE)


def open_timestamper(settings: Settings) -> TimeStamper | None:
    """The time-stamp service; None where none is set. Raises `SealError` and `SettingsError`."""
    if not settings.notices.timestamp_url:
        return None
    if not settings.notices.timestamp_certificates:
        raise SettingsError("notices.timestamp_certificates: needed with timestamp_url")
    return TimeStamper(asking(settings.notices.timestamp_url), _timestamp_roots(settings))


def open_trust(settings: Settings) -> Trust:
    """What this installation vouches for, whether or not it can still seal. Raises `SealError`."""
    folder = settings.keys.path
    seals: list[Certificates] = list(all_own(folder))
    if settings.notices.seal_certificate:
        seals.insert(0, read_certificates(_certificate_file(settings), licensed=settings.notices.licensed))
    public = Keys(folder).signer().public if has_signing_key(folder) else b""
    return Trust(tuple(seals), _timestamp_roots(settings), public)


def anchors_folder(settings: Settings) -> Path:
    """Where the day's anchors lie, outside the database: beside the keys."""
    return settings.keys.path.with_name(f"{settings.keys.path.name}-anchors")


def open_register(settings: Settings, storage: Storage) -> StoredRegister:
    """Where sealed files are looked up by their hash."""
    return StoredRegister(
        storage.database,
        storage.keys,
        anchors_folder(settings),
        storage.now,
        lambda: open_trust(settings),
    )


def term_warning(settings: Settings, now: datetime) -> str | None:
    """What is to be said at the start on the certificate's end; None where all is well.

    Raises `SealError` where there is no key or too little of its time is left to start with it.
    """
    certificates = open_key(settings).certificates
    left = check_term(certificates, now)
    if left is None:
        return None
    return f"the certificate for seals ends on {certificates.until:%Y-%m-%d}, in {left} days"


def _certificate_file(settings: Settings) -> Path:
    if not settings.notices.seal_certificate:
        raise SettingsError("notices.seal_certificate: needed with seal_key and pkcs11_module")
    return HOME / settings.notices.seal_certificate


def _timestamp_roots(settings: Settings) -> tuple[bytes, ...]:
    file = settings.notices.timestamp_certificates
    return read_roots(HOME / file) if file else ()
