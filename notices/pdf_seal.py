"""What a PDF by itself tells of its seal: read with pyHanko, told as plain data."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any, Final

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, enumerate_sig_fields
from pyhanko.sign.validation import EmbeddedPdfSignature, SignatureCoverageLevel, validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleTrustManager

from notices.apart import in_own_thread
from notices.seal_keys import Certificates, as_asn1
from notices.timestamps import NoTimestamp, as_response, check_token

# They would print what stands in a file.
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

_STAMP: Final = "signature_time_stamp_token"


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a file tells. `fields` are places for signatures, filled or not; `unchanged`: nothing was added that the seal does
    not allow; `whole`: the seal covers every byte. `stamped`: the seal holds a time stamp, `timestamp_at` its moment if it is
    good."""

    readable: bool = False
    fields: int = 0
    signatures: int = 0
    fingerprint: str = ""
    intact: bool = False
    valid: bool = False
    trusted: bool = False
    unchanged: bool = False
    whole: bool = False
    stamped: bool = False
    timestamp_at: datetime | None = None


def inspect(
    pdf: bytes, seals: Iterable[Certificates], timestamps: Sequence[bytes], moment: datetime | None
) -> Inspection:
    """Reads a file's seal; whatever the file is, it raises nothing.

    `seals` are the certificates that are trusted, at `moment`: that of the seal, or what the seal itself says where None.
    """
    try:
        reader = PdfFileReader(BytesIO(pdf))
        fields = len(list(enumerate_sig_fields(reader)))
        signatures = reader.embedded_signatures
    except Exception:  # a hostile file finds any of them; none of them is of use to anybody
        return Inspection()
    if not signatures:
        return Inspection(readable=True, fields=fields)
    try:
        return _inspected(signatures[0], fields, len(signatures), tuple(seals), timestamps, moment)
    except Exception:
        return Inspection(readable=True, fields=fields, signatures=len(signatures))


def _inspected(
    signature: EmbeddedPdfSignature,
    fields: int,
    signatures: int,
    seals: Sequence[Certificates],
    timestamps: Sequence[bytes],
    moment: datetime | None,
) -> Inspection:
    fingerprint = signature.signer_cert.sha256.hex()
    at = moment or signature.self_reported_timestamp
    status = in_own_thread(lambda: validate_pdf_signature(signature, _context(seals, fingerprint, at)))
    token = _token(signature)
    return Inspection(
        readable=True,
        fields=fields,
        signatures=signatures,
        fingerprint=fingerprint,
        intact=status.intact,
        valid=status.valid,
        trusted=status.trusted,
        unchanged=status.docmdp_ok is True and signature.docmdp_level is MDPPerm.NO_CHANGES,
        whole=status.coverage is SignatureCoverageLevel.ENTIRE_FILE,
        stamped=token is not None,
        timestamp_at=None if token is None else _stamped_at(signature, token, timestamps),
    )


def _context(seals: Sequence[Certificates], fingerprint: str, at: datetime | None) -> ValidationContext:
    """Trusts the root of the very certificate that sealed, if it is one that is known, and nothing else."""
    chain = next((each.chain for each in seals if each.sha256 == fingerprint), ())
    return ValidationContext(
        trust_manager=SimpleTrustManager.build(trust_roots=as_asn1(chain[-1:])),
        other_certs=as_asn1(chain[1:-1]),
        moment=at,
        allow_fetching=False,
    )


def _token(signature: EmbeddedPdfSignature) -> Any:
    """The time stamp in a seal; None where there is none."""
    attributes = signature.signer_info["unsigned_attrs"]
    for attribute in attributes if attributes.native else ():
        if attribute["type"].native == _STAMP:
            return attribute["values"][0]
    return None


def _stamped_at(signature: EmbeddedPdfSignature, token: Any, timestamps: Sequence[bytes]) -> datetime | None:
    """The moment of a token over the seal's signature; None where it is not good."""
    try:
        digest = hashlib.sha256(signature.signer_info["signature"].native).digest()
        return check_token(as_response(token), digest, timestamps)
    except NoTimestamp:
        return None
