"""A notice is sealed once, with the company's own key or an authority's; a time stamp that is not there is never pretended."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, enumerate_sig_fields
from seal_samples import (
    COMPANY,
    NOON,
    Authority,
    authority,
    http_stamping,
    own_key,
    paper,
    sample,
    served,
    stamping,
)

from locales import as_written, speak
from notices import sealing
from notices.seal_keys import (
    SealError,
    all_own,
    check_term,
    has_own,
    make_own,
    read_certificates,
    read_key,
    read_roots,
    read_token,
    write_own,
)
from notices.sealing import level_text, seal, stamp_later
from notices.timestamps import FAILURES, NoTimestamp, check_token

DAY = timedelta(days=1)


@pytest.fixture
def service() -> Iterator[Authority]:
    """The shared service, put right again afterwards."""
    found = authority()
    yield found
    found.mode = "good"


# -- The seal ----------------------------------------------------------------------------------------------------------


def test_a_file_is_sealed_whole_and_nothing_in_it_may_change() -> None:
    file = sample().file
    assert (file.level, file.timestamp, file.failure) == ("B-B", "none", None)
    assert file.sha256 == hashlib.sha256(file.pdf).hexdigest()
    assert file.certificate_sha256 == own_key().certificates.sha256
    assert file.pdf.startswith(paper())
    reader = PdfFileReader(BytesIO(file.pdf))
    (signature,) = reader.embedded_signatures
    assert len(list(enumerate_sig_fields(reader))) == 1
    assert signature.docmdp_level is MDPPerm.NO_CHANGES
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert signature.self_reported_timestamp == NOON + timedelta(seconds=4)


def test_what_is_sealed_is_not_sealed_again() -> None:
    with pytest.raises(SealError, match="sealed already"):
        seal(sample().file.pdf, own_key(), None, NOON)


@pytest.mark.parametrize("garbage", [b"", b"%PDF-1.7\n", b"no file at all"])
def test_what_is_no_pdf_is_not_sealed(garbage: bytes) -> None:
    with pytest.raises(SealError, match="cannot be sealed"):
        seal(garbage, own_key(), None, NOON)


def test_the_reason_stands_in_the_seal() -> None:
    file = seal(paper(), own_key(), None, NOON, "告知书 N-000123 封存")
    (signature,) = PdfFileReader(BytesIO(file.pdf)).embedded_signatures
    assert signature.sig_object["/Reason"] == "告知书 N-000123 封存"


def test_nothing_of_a_file_or_a_key_is_printed() -> None:
    assert "%PDF" not in repr(sample().file) and "signer" not in repr(own_key())


# -- Time stamps -------------------------------------------------------------------------------------------------------


def test_a_time_stamp_is_got_over_http(service: Authority) -> None:
    with served(service) as url:
        file = seal(paper(), own_key(), http_stamping(url, service), NOON)
    assert (file.level, file.timestamp, file.failure) == ("B-T", "ok", None)


@pytest.mark.parametrize(
    ("mode", "failure"),
    [
        ("refuses", "refused"),
        ("garbage", "invalid"),
        ("another hash", "invalid"),
        ("replays", "invalid"),
        ("broken", "unreachable"),
        ("a page", "unreachable"),
        ("endless", "unreachable"),
    ],
)
def test_a_failing_service_is_said_and_the_file_is_sealed_without(
    service: Authority, mode: str, failure: str
) -> None:
    service.mode = mode
    with served(service) as url:
        file = seal(paper(), own_key(), http_stamping(url, service), NOON)
    assert (file.level, file.timestamp, file.failure) == ("B-B", "failed", failure)
    (signature,) = PdfFileReader(BytesIO(file.pdf)).embedded_signatures
    assert signature.signer_info["unsigned_attrs"].native is None


def test_nobody_answers(service: Authority) -> None:
    with served(service) as url:
        pass
    for address in (url, "http://", "no address", "http://127.0.0.1:1/tsr"):
        file = seal(paper(), own_key(), http_stamping(address, service, patience=1), NOON)
        assert (file.timestamp, file.failure) == ("failed", "unreachable"), address


def test_the_time_stamp_of_a_stranger_is_none(service: Authority) -> None:
    stranger = Authority()
    with served(stranger) as url:
        file = seal(paper(), own_key(), http_stamping(url, service), NOON)
    assert (file.level, file.failure) == ("B-B", "invalid")


def test_a_time_stamp_comes_later(service: Authority, tmp_path: Path) -> None:
    file = sample().file
    token = stamp_later(file.sha256, stamping(service))
    digest = bytes.fromhex(file.sha256)
    assert check_token(token.response, digest, (service.root,)) == token.at == NOON + timedelta(minutes=1)
    for response, over, roots in (
        (token.response, bytes(32), (service.root,)),
        (token.response, digest, (Authority().root,)),
        (token.response, digest, ()),
        (token.response[:-1], digest, (service.root,)),
        (token.response[:-1] + bytes([token.response[-1] ^ 1]), digest, (service.root,)),
        (b"", digest, (service.root,)),
        (bytes(100_000), digest, (service.root,)),
    ):
        with pytest.raises(NoTimestamp):
            check_token(response, over, roots)
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    (tmp_path / "file.pdf").write_bytes(file.pdf)
    (tmp_path / "file.tsr").write_bytes(token.response)
    root = x509.load_der_x509_certificate(service.root).public_bytes(Encoding.PEM)
    (tmp_path / "root.pem").write_bytes(root)
    at = str(int(token.at.timestamp()))
    said = subprocess.run(
        ["openssl", "ts", "-verify", "-data", "file.pdf", "-in", "file.tsr", "-CAfile", "root.pem",
         "-attime", at],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Verification: OK" in said.stdout + said.stderr


@pytest.mark.parametrize("mode", ["refuses", "garbage", "another hash", "replays"])
def test_no_time_stamp_later_either_is_never_a_token(service: Authority, mode: str) -> None:
    service.mode = mode
    with pytest.raises(NoTimestamp) as raised:
        stamp_later(sample().file.sha256, stamping(service))
    assert raised.value.why in FAILURES


def test_the_service_is_asked_no_more_than_needed(service: Authority) -> None:
    """Once to learn how long its answers are, then once a seal."""
    stamper, before = stamping(service), service.asked
    for _ in range(3):
        assert seal(paper(), own_key(), stamper, NOON).level == "B-T"
    assert service.asked - before == 4


@pytest.mark.parametrize(
    ("timestamp", "licensed", "text"),
    [
        ("none", False, "自建证书 · 可信时间戳：无"),
        ("ok", True, "持牌机构证书 · 可信时间戳：有"),
        ("failed", False, "自建证书 · 可信时间戳：没拿到，会再补"),
    ],
)
def test_the_level_is_said(timestamp: Any, licensed: bool, text: str) -> None:
    assert level_text(as_written, timestamp, licensed=licensed) == text
    assert level_text(speak("zh_Hans"), timestamp, licensed=licensed) == text


# -- Keys --------------------------------------------------------------------------------------------------------------


def test_the_companys_own_certificate_says_what_it_is() -> None:
    certificate, root = own_key().certificates.read()
    assert COMPANY in certificate.subject.rfc4514_string() and "自建" in certificate.subject.rfc4514_string()
    assert "不是持牌机构" in root.subject.rfc4514_string()
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.content_commitment and not usage.key_cert_sign
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    certificate.verify_directly_issued_by(root)


def test_a_long_name_of_a_company_is_whole_in_its_certificate(tmp_path: Path) -> None:
    name = "内蒙古自治区鄂尔多斯市某某煤炭运销集团有限责任公司第二分公司"
    write_own(tmp_path, name, NOON)
    certificate = read_certificates(tmp_path / "seal.pem").read()[0]
    assert name == "".join(
        str(each.value)
        for oid in (x509.NameOID.ORGANIZATION_NAME, x509.NameOID.ORGANIZATIONAL_UNIT_NAME)
        for each in certificate.subject.get_attributes_for_oid(oid)
    )


def test_a_new_key_keeps_the_certificates_of_the_one_before(tmp_path: Path) -> None:
    assert not has_own(tmp_path) and all_own(tmp_path) == ()
    first = write_own(tmp_path / "keys", COMPANY, NOON)
    assert has_own(tmp_path / "keys")
    second = write_own(tmp_path / "keys", COMPANY, NOON)
    assert [each.sha256 for each in all_own(tmp_path / "keys")] == [second, first]
    assert (tmp_path / "keys" / "seal.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "file").write_text("")
    with pytest.raises(SealError, match="cannot be written"):
        write_own(tmp_path / "file", COMPANY, NOON)


@pytest.mark.parametrize(
    ("left", "warned"), [(365, None), (90, None), (89, 89), (30, 30), (29, "refused"), (-1, "refused")]
)
def test_the_end_of_the_certificate_is_seen_in_time(left: int, warned: Any) -> None:
    certificates = own_key().certificates
    now = certificates.until - left * DAY
    if warned == "refused":
        with pytest.raises(SealError, match="less than 30 days are left"):
            check_term(certificates, now)
    else:
        assert check_term(certificates, now) == warned


def write_files(folder: Path, passphrase: bytes = b"") -> tuple[Path, Path]:
    key, chain = make_own(COMPANY, NOON)
    if passphrase:
        private = load_pem_private_key(key, None)
        encrypted = BestAvailableEncryption(passphrase)
        key = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encrypted)
    (folder / "k.pem").write_bytes(key)
    (folder / "c.pem").write_bytes(chain)
    return folder / "k.pem", folder / "c.pem"


def test_an_authoritys_key_with_its_passphrase(tmp_path: Path) -> None:
    key, chain = write_files(tmp_path, "口令 of HR".encode())
    found = read_key(key, chain, "口令 of HR".encode(), licensed=True)
    assert found.certificates.licensed
    assert seal(paper(), found, None, NOON).certificate_sha256 == found.certificates.sha256
    for wrong in (b"", b"wrong"):
        with pytest.raises(SealError, match="passphrase is not the right one"):
            read_key(key, chain, wrong)


def test_an_rsa_key_of_an_authority_seals_too(tmp_path: Path) -> None:
    """Licensed authorities mostly give RSA: slower, and as good."""
    root_key, key = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "持牌机构")])
    made = []
    for holder, is_root in ((key, False), (root_key, True)):
        usage = x509.KeyUsage(not is_root, not is_root, False, False, False, is_root, False, False, False)
        made.append(
            x509.CertificateBuilder()
            .subject_name(
                name if is_root else x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, COMPANY)])
            )
            .issuer_name(name)
            .public_key(holder.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOON - DAY)
            .not_valid_after(NOON + 300 * DAY)
            .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(root_key, hashes.SHA256())
            .public_bytes(Encoding.PEM)
        )
    (tmp_path / "c.pem").write_bytes(b"".join(made))
    encrypted = BestAvailableEncryption(b"1234")
    (tmp_path / "k.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encrypted))
    found = read_key(tmp_path / "k.pem", tmp_path / "c.pem", b"1234", licensed=True)
    assert seal(paper(), found, None, NOON).level == "B-B"


def test_files_that_do_not_fit_are_named(tmp_path: Path) -> None:
    key, chain = write_files(tmp_path)
    (tmp_path / "other").mkdir()
    other_key, _ = write_files(tmp_path / "other")
    with pytest.raises(SealError, match="does not belong to"):
        read_key(other_key, chain)
    with pytest.raises(SealError, match="no certificates in PEM"):
        read_key(chain, key)
    with pytest.raises(SealError, match="not a private key"):
        read_key(chain, chain)
    with pytest.raises(SealError, match="cannot be read"):
        read_key(tmp_path / "none.pem", chain)
    with pytest.raises(SealError, match="cannot be read"):
        read_roots(tmp_path / "none.pem")
    first, root = x509.load_pem_x509_certificates(chain.read_bytes())
    for kept, said in (
        ((root, first), "must be followed by the one that issued it"),
        ((first,), "the root last"),
        ((root, root), "not made for signing"),
    ):
        chain.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in kept))
        with pytest.raises(SealError, match=said):
            read_certificates(chain)


def test_a_token_without_its_package_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    _, chain = write_files(tmp_path)
    with pytest.raises(SealError, match="pip install python-pkcs11"):
        read_token("/usr/lib/token.so", "印章", "seal", "1234", chain)


def test_a_tokens_key_seals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SoftHSM stands for a USB key: its module is where Debian puts it, or where SHEBAO_TEST_PKCS11 says."""
    pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    module = os.environ.get("SHEBAO_TEST_PKCS11", "/usr/lib/softhsm/libsofthsm2.so")
    tool = shutil.which("softhsm2-util")
    if tool is None or not Path(module).exists():
        pytest.skip("SoftHSM is not installed")
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    key, chain = write_files(tmp_path)
    for arguments in (
        ("--init-token", "--free", "--label", "印章", "--so-pin", "1234", "--pin", "5678"),
        ("--import", str(key), "--token", "印章", "--label", "seal", "--id", "A1", "--pin", "5678"),
    ):
        subprocess.run([tool, *arguments, "--module", module], check=True, capture_output=True)
    for pin, label, said in (("0000", "seal", "PinIncorrect"), ("5678", "another", "cannot be sealed")):
        with pytest.raises(SealError, match=said):
            seal(paper(), read_token(module, "印章", label, pin, chain), None, NOON)
    for _ in range(2):  # each seal opens the token anew
        found = read_token(module, "印章", "seal", "5678", chain)
        assert seal(paper(), found, None, NOON).certificate_sha256 == found.certificates.sha256


def test_a_seal_that_comes_out_wrong_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: object, **more: object) -> bytes:
        raise ValueError("阿丽")

    monkeypatch.setattr(sealing._SignsAt, "sign_pdf", fails)
    with pytest.raises(SealError, match=r"cannot be sealed \(ValueError\)"):
        seal(paper(), own_key(), None, NOON)


def test_the_moment_is_told_in_utc() -> None:
    from zoneinfo import ZoneInfo

    at = datetime(2026, 11, 20, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
    file = seal(paper(), own_key(), None, at)
    (signature,) = PdfFileReader(BytesIO(file.pdf)).embedded_signatures
    assert signature.self_reported_timestamp == datetime(2026, 11, 20, 4, tzinfo=UTC)
    assert replace(file, failure="refused").failure in FAILURES
