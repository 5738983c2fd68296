"""Time stamps of an outside service (RFC 3161): they show that a hash was there at a moment that the company does not set.

Whatever goes wrong is `NoTimestamp`: the server's own clock never takes the place of a token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from asn1crypto import cms, tsp
from cryptography import x509
from pyhanko.sign.timestamps import TimeStamper as PdfTimeStamper
from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

from locales import N_

#: Sends a request (DER) to the service; its answer. Raises `OSError`.
Ask = Callable[[bytes], bytes]
#: Why there is no time stamp.
Failure = Literal["unreachable", "refused", "invalid"]
FAILURES: Final[Mapping[Failure, str]] = {
    "unreachable": N_("时间戳服务连不上"),
    "refused": N_("时间戳服务没有给"),
    "invalid": N_("时间戳服务给的不能用"),
}
#: The longest answer that is read: tokens with their certificates take a tenth of it.
LONGEST: Final = 65_536


class NoTimestamp(OSError):
    """There is no time stamp. An `OSError`, since that is what pyHanko expects of a service."""

    def __init__(self, why: Failure) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Token:
    """A time stamp as the service gave it (a TimeStampResp, as `openssl ts -verify -in` reads it), and its moment."""

    at: datetime
    response: bytes = field(repr=False)


class TimeStamper:
    """A time-stamp service. `roots` are the certificates, DER, that its tokens must lead to."""

    def __init__(self, ask: Ask, roots: Sequence[bytes]) -> None:
        self._ask = ask
        self._roots = tuple(roots)
        #: The same service as pyHanko asks it while it seals.
        self.of_pdf: PdfTimeStamper = _PdfTimeStamper(self)

    def stamp(self, sha256: bytes) -> Token:
        """A token over a SHA-256. Raises `NoTimestamp`."""
        nonce, request = self.of_pdf.request_cms(sha256, "sha256")  # type: ignore[no-untyped-call]
        return self.answer(request.dump(), sha256, nonce)

    def answer(self, request: bytes, digest: bytes, nonce: int | None) -> Token:
        """The service's answer to a request, checked. Raises `NoTimestamp`."""
        try:
            response = self._ask(request)
        except OSError:
            raise NoTimestamp("unreachable") from None
        return Token(check_token(response, digest, self._roots, nonce), response)


def check_token(response: bytes, digest: bytes, roots: Sequence[bytes], nonce: int | None = None) -> datetime:
    """The moment of a token over a hash, once its signature and its certificates are found good. Raises `NoTimestamp`.

    The service's certificate must have been good at that moment, not now: a stamp does not grow weak with it.
    """
    if not roots or len(response) > LONGEST:
        raise NoTimestamp("invalid")
    try:
        read = decode_timestamp_response(response)
    except ValueError:
        raise NoTimestamp("invalid") from None
    if read.status != 0:
        raise NoTimestamp("refused")
    trusted = [x509.load_der_x509_certificate(each) for each in roots]
    try:
        VerifierBuilder(roots=trusted, nonce=nonce).build().verify(read, digest)
        return read.tst_info.gen_time
    except (VerificationError, ValueError):
        raise NoTimestamp("invalid") from None


def as_response(token: cms.ContentInfo) -> bytes:
    """A bare token, as it lies in a seal, in the form that `check_token` reads."""
    status = tsp.PKIStatusInfo({"status": tsp.PKIStatus("granted")})
    made: bytes = tsp.TimeStampResp({"status": status, "time_stamp_token": token}).dump()
    return made


class _PdfTimeStamper(PdfTimeStamper):
    """What pyHanko asks; each answer is checked as any other is, before it gets into a seal."""

    def __init__(self, service: TimeStamper) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._service = service

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        digest = req["message_imprint"]["hashed_message"].native
        token = self._service.answer(req.dump(), digest, req["nonce"].native)
        return tsp.TimeStampResp.load(token.response)
