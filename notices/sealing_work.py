"""Answered notices are sealed one after the other, beside whatever else goes on; what a crash left lying is taken up again."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from audit.case_chain import CaseLink
from notices.notice import Content, Notice
from notices.paper import Worth
from notices.seal_keys import OrganisationKey, SealError
from notices.sealing import Sealed, seal, stamp_later
from notices.timestamps import NoTimestamp, TimeStamper

log = logging.getLogger("shebao.notices")


@dataclass(frozen=True, slots=True)
class Material:
    """What a sealed file is made of: all of it is frozen, so that the same material gives the same bytes. `answer` is what
    the employee answered, as it is kept; `events` is the chain up to the answer."""

    notice: Notice
    content: Content
    answer: Mapping[str, Any] = field(repr=False)
    events: tuple[CaseLink, ...] = field(repr=False)


class Unsealed(Protocol):
    """The answered notices that wait for their seal."""

    def unsealed(self) -> Sequence[str]:
        """Those that were answered and have no seal yet, the oldest first."""

    def material(self, notice: str) -> Material | None:
        """What the file of one is made of; None where it is sealed, or was never answered."""

    def keep_sealed(self, notice: str, sealed: Sealed, unsealed_sha256: str) -> None:
        """Keeps the sealed file, chains its hash, and sends the employee their copy; nothing where it is sealed already."""

    def unstamped(self) -> Sequence[tuple[str, str]]:
        """The files whose time stamp is still to be had: id and SHA-256."""

    def keep_stamp(self, file: str, token: bytes, at: datetime) -> None:
        """Keeps a time stamp beside its file."""


class Sealer:
    """Seals what waits. `paper` makes the file, which says how it is sealed; `key` is looked up each time, so that a renewed
    one is used at once."""

    def __init__(
        self,
        store: Unsealed,
        paper: Callable[[Material, Worth], bytes],
        key: Callable[[], OrganisationKey],
        timestamper: TimeStamper | None,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._paper = paper
        self._key = key
        self._timestamper = timestamper
        self._now = now

    def run(self, notice: str) -> None:
        """Seals one notice. Where that fails it waits for the next sweep, and the log says why."""
        material = self._store.material(notice)
        if material is None:
            return
        try:
            pdf, sealed = self._sealed(material)
        except SealError as error:
            log.error("notice %s was not sealed: %s", material.notice.number, error)
            return
        self._store.keep_sealed(notice, sealed, hashlib.sha256(pdf).hexdigest())

    def _sealed(self, material: Material) -> tuple[bytes, Sealed]:
        """The file before and after it is sealed. One that could not be time-stamped is made anew, so that it says so."""
        key, number = self._key(), material.notice.number
        self_made = not key.certificates.licensed
        pdf = self._paper(material, Worth(self_made, stamped=self._timestamper is not None))
        sealed = seal(pdf, key, self._timestamper, self._now(), number)
        if sealed.failure is None:
            return pdf, sealed
        log.warning("notice %s has no time stamp yet (%s)", number, sealed.failure)
        pdf = self._paper(material, Worth(self_made))
        again = seal(pdf, key, None, self._now(), number)
        return pdf, replace(again, timestamp=sealed.timestamp, failure=sealed.failure)

    def run_all(self) -> None:
        """Seals everything that waits, and gets the time stamps that were not to be had before."""
        for notice in self._store.unsealed():
            self.run(notice)
        if self._timestamper is None:
            return
        for file, sha256 in self._store.unstamped():
            try:
                token = stamp_later(sha256, self._timestamper)
            except NoTimestamp as error:
                log.warning("a sealed file has no time stamp yet (%s)", error.why)
                return  # the service is down: the others would wait for it too
            self._store.keep_stamp(file, token.response, token.at)
