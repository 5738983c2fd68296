"""The organisation's key for seals, with its certificates: made by the company itself, or given by a licensed authority.

A certificate that the company made itself shows that a file was not altered since it was sealed. It is no third-party
certification (电子签名法 第十六条), and its name says so.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from pyhanko.sign.signers import Signer, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

#: With less than this left the program does not start; below the second figure it warns.
REFUSED: Final = timedelta(days=30)
WARNED: Final = timedelta(days=90)
#: How long certificates that the company makes itself are good.
OWN_YEARS: Final = 10
#: The files of a key of its own, beside the other keys. Certificates of earlier keys stay, for what was sealed with them.
KEY_FILE: Final = "seal.key"
CERTIFICATE_FILE: Final = "seal.pem"
_LONGEST_NAME: Final = 64
_EARLIER: Final = "seal-*.pem"


class SealError(Exception):
    """The key for seals is missing or cannot be used; the message names the file or the setting."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """A certificate that seals, the ones that issued it, and the root last; DER each. `licensed`: of a licensed authority."""

    chain: tuple[bytes, ...]
    licensed: bool = False

    @property
    def sha256(self) -> str:
        """The fingerprint of the one that seals: what the chain of a case pins."""
        return hashlib.sha256(self.chain[0]).hexdigest()

    @property
    def until(self) -> datetime:
        """When the first of them ends."""
        return min(each.not_valid_after_utc for each in self.read())

    def read(self) -> tuple[x509.Certificate, ...]:
        """The certificates as `cryptography` knows them."""
        return tuple(map(x509.load_der_x509_certificate, self.chain))

    def as_pem(self) -> bytes:
        """All of them as a PEM file."""
        return b"".join(each.public_bytes(Encoding.PEM) for each in self.read())


@dataclass(frozen=True, slots=True)
class OrganisationKey:
    """What seals: the key, wherever it lies, and its certificates."""

    certificates: Certificates
    signer: Signer = field(repr=False)


def make_own(company: str, now: datetime) -> tuple[bytes, bytes]:
    """A new P-256 key and its certificates, both as PEM. The root signs this one certificate and its key is thrown away."""
    until = now.replace(year=now.year + OWN_YEARS, day=min(now.day, 28))
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name = _name(company, "自建根证书（不是持牌机构）")
    root = _certificate(root_name, root_name, root_key, root_key, now, until, is_root=True)
    certificate = _certificate(_name(company, "电子印章（自建证书）"), root_name, key, root_key, now, until)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem, Certificates(tuple(each.public_bytes(Encoding.DER) for each in (certificate, root))).as_pem()


def write_own(folder: Path, company: str, now: datetime) -> str:
    """Makes a key in the folder; the fingerprint of its certificate. The certificates of the one before are kept.

    Raises `SealError`.
    """
    key, certificates = make_own(company, now)
    current = folder / CERTIFICATE_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if current.exists():
            earlier = read_certificates(current)
            _write(folder / f"seal-{earlier.sha256[:12]}.pem", earlier.as_pem())
        _write(folder / KEY_FILE, key)
        _write(current, certificates)
    except OSError as error:
        raise SealError(f"{folder}: the key for seals cannot be written ({error.strerror})") from error
    return read_certificates(current).sha256


def has_own(folder: Path) -> bool:
    """Whether the folder holds a key for seals."""
    return (folder / KEY_FILE).exists() and (folder / CERTIFICATE_FILE).exists()


def read_key(
    key: Path, certificates: Path, passphrase: bytes = b"", *, licensed: bool = False
) -> OrganisationKey:
    """The key of two PEM files: the private key, and its certificate followed by those that issued it. Raises `SealError`."""
    chain = read_certificates(certificates, licensed=licensed)
    try:
        private = load_pem_private_key(key.read_bytes(), passphrase or None)
    except OSError as error:
        raise SealError(f"{key}: cannot be read ({error.strerror})") from error
    except (ValueError, TypeError):
        raise SealError(f"{key}: not a private key in PEM, or its passphrase is not the right one") from None
    own, certified = (
        each.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for each in (private.public_key(), chain.read()[0].public_key())
    )
    if own != certified:
        raise SealError(f"{certificates}: its first certificate does not belong to {key}")
    pkcs8 = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    loaded = as_asn1(chain.chain)
    signer = SimpleSigner(loaded[0], asn1_keys.PrivateKeyInfo.load(pkcs8), _store(loaded))
    return OrganisationKey(chain, signer)


def read_token(
    module: str, token: str, key: str, pin: str, certificates: Path, *, licensed: bool = True
) -> OrganisationKey:
    """The key of a token (USB key, HSM) over PKCS#11; its certificates come from a PEM file. Raises `SealError`."""
    chain = read_certificates(certificates, licensed=licensed)
    try:
        from pkcs11 import PKCS11Error, UserAlreadyLoggedIn  # type: ignore[import-not-found, unused-ignore]
        from pyhanko.config.pkcs11 import TokenCriteria
        from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session
    except ImportError:
        raise SealError(
            "notices.pkcs11_module: the package python-pkcs11 is not installed (pip install python-pkcs11)"
        ) from None
    criteria = TokenCriteria(label=token)
    try:
        try:
            session = open_pkcs11_session(module, token_criteria=criteria, user_pin=pin or None)
        except UserAlreadyLoggedIn:  # by another seal of this process, for all of its sessions
            session = open_pkcs11_session(module, token_criteria=criteria)
    except (PKCS11Error, RuntimeError, OSError) as error:
        raise SealError(
            f"notices.pkcs11_module: {module} with the token {token!r} cannot be used ({type(error).__name__})"
        ) from error
    loaded = as_asn1(chain.chain)
    # Hashing is done here for elliptic curves: not every token can do both in one.
    is_curve = isinstance(chain.read()[0].public_key(), ec.EllipticCurvePublicKey)
    signer = PKCS11Signer(
        session, signing_cert=loaded[0], ca_chain=loaded[1:], key_label=key, use_raw_mechanism=is_curve
    )
    return OrganisationKey(chain, signer)


def read_certificates(file: Path, *, licensed: bool = False) -> Certificates:
    """The certificates of a PEM file: the one that seals first, then whoever issued it. Raises `SealError`."""
    found = _read_pem(file)
    for each, issuer in pairwise(found):
        try:
            each.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            raise SealError(f"{file}: each certificate must be followed by the one that issued it") from None
    if len(found) < 2:
        raise SealError(f"{file}: the certificate must be followed by those that issued it, the root last")
    try:
        usage = found[0].extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    if usage is None or not usage.content_commitment:
        raise SealError(f"{file}: the first certificate is not made for signing (no non-repudiation)")
    return Certificates(tuple(each.public_bytes(Encoding.DER) for each in found), licensed)


def read_roots(file: Path) -> tuple[bytes, ...]:
    """The certificates of a PEM file in any order, such as those of a time-stamp service. Raises `SealError`."""
    return tuple(each.public_bytes(Encoding.DER) for each in _read_pem(file))


def all_own(folder: Path) -> tuple[Certificates, ...]:
    """The certificates of every key that this folder has had, the present one first. Raises `SealError`."""
    present = [folder / CERTIFICATE_FILE] if (folder / CERTIFICATE_FILE).exists() else []
    return tuple(map(read_certificates, (*present, *sorted(folder.glob(_EARLIER)))))


def check_term(certificates: Certificates, now: datetime) -> int | None:
    """The days that are left, where that is something to warn of; None where all is well.

    A seal without a time stamp is weak once its certificate has ended. Raises `SealError` below `REFUSED`.
    """
    left = certificates.until - now
    if left < REFUSED:
        raise SealError(
            f"the certificate for seals ends on {certificates.until:%Y-%m-%d}: less than {REFUSED.days} days are left; "
            "`shebao keys seal --renew` makes a new one, or name the authority's new one in [notices]"
        )
    return left.days if left < WARNED else None


def _name(company: str, role: str) -> x509.Name:
    """The name in a certificate; what of the company's name is too long for one field goes on in the next."""
    organisation, *rest = _pieces(company)
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            *(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, each) for each in rest),
            x509.NameAttribute(NameOID.COMMON_NAME, role),
        ]
    )


def _pieces(text: str) -> list[str]:
    """A text in pieces of 64 bytes at most, as `cryptography` counts what X.520 allows.

    >>> [len(piece) for piece in _pieces("苏" * 30)]
    [21, 9]
    """
    pieces = [""]
    for character in text.strip() or "?":
        if len((pieces[-1] + character).encode()) > _LONGEST_NAME:
            pieces.append("")
        pieces[-1] += character
    return pieces


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    now: datetime,
    until: datetime,
    *,
    is_root: bool = False,
) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=not is_root,
        content_commitment=not is_root,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_root,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))  # a reader's clock may be slow
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=0 if is_root else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(issuer_id, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _read_pem(file: Path) -> Sequence[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except OSError as error:
        raise SealError(f"{file}: cannot be read ({error.strerror})") from error
    except ValueError:
        raise SealError(f"{file}: no certificates in PEM") from None


def as_asn1(chain: Iterable[bytes]) -> list[Any]:
    """Certificates as pyHanko knows them."""
    return [asn1_x509.Certificate.load(each) for each in chain]


def _store(certificates: Iterable[Any]) -> SimpleCertificateStore:
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register_multiple(certificates)
    return store


def _write(path: Path, data: bytes) -> None:
    """Writes a file that its owner alone reads, in one step: a crash leaves the one before."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
