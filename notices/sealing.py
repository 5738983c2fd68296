"""A notice sealed: a PAdES signature over the whole file, after which nothing in it may change."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final, Literal

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner

from locales import N_, Say
from notices.apart import in_own_thread
from notices.seal_keys import OrganisationKey, SealError
from notices.timestamps import Failure, NoTimestamp, TimeStamper, Token

#: The one field of a sealed file.
FIELD: Final = "Seal"
#: PAdES without and with a time stamp.
Level = Literal["B-B", "B-T"]
#: `none` where no service is set, `failed` while one is still to be had.
Stamped = Literal["none", "ok", "failed"]
STAMPED: Final[Mapping[Stamped, str]] = {
    "none": N_("可信时间戳：无"),
    "ok": N_("可信时间戳：有"),
    "failed": N_("可信时间戳：没拿到，会再补"),
}
#: Bytes that a signature takes beside its certificates: an RSA key of 8192 bits fits.
_ROOM: Final = 2_048
OWN: Final = N_("自建证书")
LICENSED: Final = N_("持牌机构证书")


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed file, and how well it is sealed. `failure` says why there is no time stamp, where one was to be had."""

    pdf: bytes = field(repr=False)
    sha256: str
    certificate_sha256: str
    level: Level
    timestamp: Stamped
    failure: Failure | None = None


def seal(
    pdf: bytes, key: OrganisationKey, timestamper: TimeStamper | None, at: datetime, reason: str = ""
) -> Sealed:
    """Seals a file that has no signature yet, last of all that is done to it.

    `at` is the moment that the seal itself tells, which is the company's own word; that of a time stamp is not. Where the
    service fails the file is sealed without: `stamp_later` gets the time stamp then. Raises `SealError`.
    """
    stamped: Stamped = "none"
    failure: Failure | None = None
    made = b""
    if timestamper is not None:
        try:
            made, stamped = _signed(pdf, key, timestamper, at, reason), "ok"
        except NoTimestamp as error:
            stamped, failure = "failed", error.why
    made = made or _signed(pdf, key, None, at, reason)
    level: Level = "B-T" if stamped == "ok" else "B-B"
    return Sealed(made, hashlib.sha256(made).hexdigest(), key.certificates.sha256, level, stamped, failure)


def stamp_later(sha256: str, timestamper: TimeStamper) -> Token:
    """A time stamp for a file that was sealed without one, to be kept beside it. Raises `NoTimestamp`.

    It tells of the moment when it was made, not of that of the seal.
    """
    return timestamper.stamp(bytes.fromhex(sha256))


def level_text(say: Say, timestamp: Stamped, *, licensed: bool) -> str:
    """How well a file is sealed, for pages and paper."""
    return f"{say(LICENSED if licensed else OWN)} · {say(STAMPED[timestamp])}"


def _signed(
    pdf: bytes, key: OrganisationKey, timestamper: TimeStamper | None, at: datetime, reason: str
) -> bytes:
    metadata = PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        reason=reason or None,
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    service = None if timestamper is None else timestamper.of_pdf
    try:
        signer = _SignsAt(metadata, key.signer, timestamper=service)
        signer.at = at.astimezone(UTC)
        writer = IncrementalPdfFileWriter(BytesIO(pdf))
        if writer.prev.embedded_signatures:
            raise SealError("the file is sealed already: a second seal would alter it")
        # How much room the signature takes pyHanko finds out by signing twice; without a time stamp it is known.
        room = 2 * (sum(map(len, key.certificates.chain)) + _ROOM) if timestamper is None else None
        made: bytes = in_own_thread(lambda: signer.sign_pdf(writer, bytes_reserved=room)).getvalue()
    except (NoTimestamp, SealError):
        raise
    except Exception as error:  # of pyHanko, of a token's own library, of a PDF that is none
        raise SealError(f"the file cannot be sealed ({type(error).__name__})") from error
    return made


class _SignsAt(PdfSigner):
    """pyHanko asks the clock of the computer; here the moment comes from whoever seals."""

    at: datetime

    def init_signing_session(self, pdf_out: Any, existing_fields_only: bool = False) -> Any:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self.at
        return session
