"""A key, a time-stamp service, a sealed file and its chain, as tests of seals want them."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from asn1crypto import keys, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

from audit.case_chain import CaseEvent, CaseLink, link_event
from audit.heads import Signer
from connectors.timestamping import asking
from documents.rendering import render
from notices.seal_keys import OrganisationKey, has_own, read_key, write_own
from notices.sealing import Sealed, seal
from notices.timestamps import TimeStamper
from notices.verifying import Known, Trust

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
SIGNER = Signer(bytes(range(32)))
COMPANY = "苏州某某电子有限公司"
CASE = "0a0b0c0d0e0f40008000000000000001"


@cache
def paper(words: str = "阿丽的告知书") -> bytes:
    """A file as it is before it is sealed: any PDF/A of the house will do."""
    picture = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><rect width="1" height="1"/></svg>'
    data = {"on": "2026-11-20", "locale": "zh-Hans", "labels": {}, "heading": words, "sentence": COMPANY}
    return render("wall_poster", data | {"picture": picture, "address": "https://shebao.example"})


@cache
def own_key(company: str = COMPANY) -> OrganisationKey:
    """A key that the company made itself."""
    with TemporaryDirectory() as folder:
        write_own(Path(folder), company, NOON - timedelta(days=100))
        assert has_own(Path(folder))
        return read_key(Path(folder) / "seal.key", Path(folder) / "seal.pem")


class Authority:
    """A time-stamp service that can be made to fail; `asked` counts what it was asked."""

    def __init__(self, at: datetime | None = None) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        root_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        root_name, name = (
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
            for common in ("时间戳根证书", "时间戳服务")
        )
        self.root = _certificate(root_name, root_name, root_key, root_key, is_root=True)
        self.certificate = _certificate(name, root_name, key, root_key)
        loaded = asn1_x509.Certificate.load(self.certificate)
        pkcs8 = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        self._stamper = DummyTimeStamper(
            loaded, keys.PrivateKeyInfo.load(pkcs8), fixed_dt=at or NOON + timedelta(minutes=1)
        )
        self.mode = "good"
        self.asked = 0

    def answer(self, request: bytes) -> bytes:
        self.asked += 1
        asked = tsp.TimeStampReq.load(request)
        if self.mode == "refuses":
            status = tsp.PKIStatusInfo({"status": tsp.PKIStatus("rejection")}).dump()
            return bytes((0x30, len(status))) + status
        if self.mode == "garbage":
            return b"\x30\x03\x02\x01\x00"
        if self.mode == "another hash":
            asked["message_imprint"]["hashed_message"] = bytes(32)
        if self.mode == "replays":
            asked["nonce"] = 7
        return bytes(self._stamper.request_tsa_response(tsp.TimeStampReq.load(asked.dump())).dump())


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: Any, issuer_key: Any, *, is_root: bool = False
) -> bytes:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOON - timedelta(days=300))
        .not_valid_after(NOON + timedelta(days=300))
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
    )
    if not is_root:
        use = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(use, critical=True)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(Encoding.DER)


@cache
def authority() -> Authority:
    """The service that most tests share: its keys take a while to make."""
    return Authority()


def stamping(service: Authority) -> TimeStamper:
    """The service asked in this process."""
    return TimeStamper(service.answer, (service.root,))


@contextmanager
def served(service: Authority) -> Iterator[str]:
    """The service behind HTTP, at its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if service.mode == "broken":
                self.send_error(503)
                return
            answer = bytes(200_000) if service.mode == "endless" else service.answer(body)
            self.send_response(200)
            kind = "text/html" if service.mode == "a page" else "application/timestamp-reply"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsr"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def http_stamping(url: str, service: Authority, patience: float = 5) -> TimeStamper:
    return TimeStamper(asking(url, patience), (service.root,))


def sealed_event(file: Sealed, unsealed: bytes) -> CaseEvent:
    return CaseEvent(
        "sealed",
        "system",
        {
            "unsealed_sha256": hashlib.sha256(unsealed).hexdigest(),
            "sealed_sha256": file.sha256,
            "certificate_sha256": file.certificate_sha256,
            "level": file.level,
            "timestamp": file.timestamp,
        },
    )


def case_links(file: Sealed, unsealed: bytes, case: str = CASE) -> tuple[CaseLink, ...]:
    """Issued, sent, answered, sealed, and her copy sent."""
    events = (
        CaseEvent("issued", "account:2a0", {"month": "2026-11"}, {"name": "阿丽", "number": "A0007"}),
        CaseEvent("sent", "system", {"channel": "wechat", "step": 1, "kind": "first"}),
        CaseEvent("answered", "employee", {"outcome": "objected"}, {"statement": "家里药钱紧"}),
        sealed_event(file, unsealed),
        CaseEvent("copy_sent", "system", {"channel": "wechat"}),
    )
    links: list[CaseLink] = []
    for seq, event in enumerate(events, 1):
        before = links[-1] if links else None
        links.append(link_event(case, seq, event, NOON + timedelta(seconds=seq), before, SIGNER))
    return tuple(links)


@dataclass(frozen=True)
class Sample:
    """A sealed file with everything that is known of it."""

    file: Sealed
    unsealed: bytes = field(repr=False)
    known: Known

    @property
    def links(self) -> tuple[CaseLink, ...]:
        return self.known.links

    def with_links(self, links: tuple[CaseLink, ...], **changes: Any) -> Known:
        return replace(self.known, links=links, **changes)


@cache
def sample(stamped: bool = False) -> Sample:
    unsealed = paper()
    service = authority()
    file = seal(unsealed, own_key(), stamping(service) if stamped else None, NOON + timedelta(seconds=4))
    trust = Trust((own_key().certificates,), (service.root,), SIGNER.public)
    return Sample(file, unsealed, Known(trust, CASE, case_links(file, unsealed), written=5))
