#!/usr/bin/env python3
"""验证据包：不联网，不要数据库，只要 Python 3.11；装了 cryptography 才能验签名，没装的话只验摘要和链。

用法：python3 verify.py [证据包.zip 或解开的文件夹] [--key 公钥] [--certificate 证书指纹] [--code 校验码] [--json]

This file goes into every evidence bundle as `verify.py`, and imports nothing of the house. It checks less of the PDF itself
than `shebao notice verify` does, and says so.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import re
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
except ImportError:
    _CAN_SIGN = False
else:
    _CAN_SIGN = True

FORM = "shebao evidence 1"
CASE_FORM = "shebao case 1"
LARGEST = 64 * 2**20
LARGEST_OF_ALL = 256 * 2**20
MOST_FILES = 2_000
CHINA = timezone(timedelta(hours=8))

State = Literal["ok", "failed", "unchecked"]
MARKS: Mapping[State, str] = {"ok": "对得上", "failed": "对不上", "unchecked": "没有查"}
NOT_PROVEN = {
    "files": "清单是单位自己列的：只说明这个包从做好以后没有缺、没有换。",
    "keys": "钥匙和证书取自包里：要和单位公布的、或者以前拿到的核对，才知道是不是同一家单位的。",
    "hash": "不证明里面写的是真的，也不证明是谁点的、谁签的。",
    "seal": "章是单位的，不是员工的签名。这里只做简化的检查，完整的用 shebao notice verify。",
    "timestamp": "只说明那一刻已经有这份文件，不说明它写得对，也不说明更早的时候它是什么样。",
    "chain": "签名钥匙在单位手里：单位把整条链退回去重写，单看链看不出来，要靠校验码或者锚点。",
    "code": "管到盖章那一刻为止；盖章以后记的事，校验码不管。",
    "anchor": "管到那一天的锚点为止；锚点没有时间戳的，它的日子是单位自己说的。",
}
NO_LIBRARY = "这台电脑没装 cryptography，签名没有验：装上它，或者用 shebao notice verify。"


class Unreadable(Exception):
    """There is no bundle here that can be read."""


class Wrong(Exception):
    """A check failed; the message says what."""


class Unsupported(Exception):
    """A check cannot be done here."""


@dataclass(frozen=True)
class Line:
    """One check: what it is about, how it stands, what it found."""

    key: str
    about: str
    state: State
    says: str

    def as_json(self) -> dict[str, str]:
        """The line as plain data."""
        return {
            "key": self.key,
            "about": self.about,
            "state": self.state,
            "says": self.says,
            "not_proven": NOT_PROVEN[self.key],
        }


# -- The bundle --------------------------------------------------------------------------------------------------------


def read_files(path: Path) -> dict[str, bytes]:
    """Every file of a bundle, of a folder or of a .zip. Raises `Unreadable`."""
    try:
        found = _of_folder(path) if path.is_dir() else _of_zip(path)
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError, EOFError) as error:
        raise Unreadable(f"{path}：读不了（{type(error).__name__}）") from None
    if "manifest.json" not in found:
        raise Unreadable(f"{path}：里面没有 manifest.json，不是证据包")
    return found


def _of_folder(path: Path) -> dict[str, bytes]:
    files = sorted(each for each in path.rglob("*") if each.is_file() and "__pycache__" not in each.parts)
    if len(files) > MOST_FILES or sum(each.stat().st_size for each in files) > LARGEST_OF_ALL:
        raise ValueError
    return {each.relative_to(path).as_posix(): each.read_bytes() for each in files if each.suffix != ".zip"}


def _of_zip(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        members = [each for each in archive.infolist() if not each.is_dir()]
        names = [each.filename for each in members]
        if len(members) > MOST_FILES or len(set(names)) != len(names):
            raise ValueError
        if max((each.file_size for each in members), default=0) > LARGEST:
            raise ValueError
        if sum(each.file_size for each in members) > LARGEST_OF_ALL:
            raise ValueError
        # What is unpacked is never more than what the entry says: zipfile stops there.
        return {each.filename: archive.read(each) for each in members}


def check_bundle(files: Mapping[str, bytes], key: str, certificate: str, code: str) -> list[Line]:
    """All lines for a bundle. Raises `Unreadable` where its list cannot be read."""
    manifest = _manifest(files)
    lines = [_files_line(files, manifest), _keys_line(files, manifest, key, certificate)]
    for each in manifest["sealed"]:
        lines += _sealed_lines(files, manifest, each, code)
    for name in manifest["anchors"]:
        lines.append(_anchor_line(files, manifest, name))
    return lines


def _manifest(files: Mapping[str, bytes]) -> dict[str, Any]:
    try:
        data = json.loads(files["manifest.json"])
        if data["form"] != FORM:
            raise ValueError
        bytes.fromhex(data["public_key"])
        for each in data["files"]:
            _texts(each["path"], each["sha256"])
        for each in data["sealed"]:
            _texts(each["file"], each["chain"], each["token"])
        _texts(*data["anchors"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Unreadable("manifest.json 读不了，或者不是证据包的清单") from None
    return dict(data)


def _texts(*values: Any) -> None:
    if not all(isinstance(each, str) for each in values):
        raise ValueError


def _files_line(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Line:
    listed = {each["path"]: each["sha256"] for each in manifest["files"]}
    missing = sorted(listed.keys() - files.keys())
    extra = sorted(files.keys() - listed.keys() - {"manifest.json"})
    other = sorted(
        name
        for name, sha256 in listed.items()
        if name in files and hashlib.sha256(files[name]).hexdigest() != sha256
    )
    problems = [
        f"{what}：{'、'.join(names)}"
        for what, names in (("缺", missing), ("多", extra), ("换过", other))
        if names
    ]
    if problems:
        return Line("files", "整个包", "failed", "；".join(problems))
    return Line("files", "整个包", "ok", f"{len(listed)} 个文件都在，摘要都对。")


def _keys_line(files: Mapping[str, bytes], manifest: Mapping[str, Any], key: str, certificate: str) -> Line:
    public = manifest["public_key"]
    prints = [hashlib.sha256(each).hexdigest() for each in _pem(files.get("certificates/seal.pem", b""))]
    told = f"公钥 {public}，印章证书指纹 {'、'.join(prints[:1]) or '没有'}。"
    if key and key.strip().lower() != public:
        return Line("keys", "钥匙和证书", "failed", f"公钥不是给的那一把。{told}")
    if certificate and certificate.strip().lower() not in prints:
        return Line("keys", "钥匙和证书", "failed", f"没有给的那张证书。{told}")
    if key or certificate:
        return Line("keys", "钥匙和证书", "ok", f"和给的一样。{told}")
    return Line("keys", "钥匙和证书", "unchecked", f"{told}请核对。")


# -- A sealed file and its chain ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Event:
    """One event of a chain: what it says, and the head after it."""

    data: Mapping[str, Any]
    hash: bytes


@dataclass(frozen=True)
class Chain:
    """A chain up to where it is whole; `wrong` says what is wrong after that."""

    case: str
    events: tuple[Event, ...]
    wrong: str
    signed: bool

    def sealed(self, sha256: str) -> Event | None:
        """The event that says that a file with this hash was sealed."""
        for each in self.events:
            data = each.data["data"]
            if each.data["type"] == "sealed" and data.get("sealed_sha256") == sha256:
                return each
        return None


def _sealed_lines(
    files: Mapping[str, bytes], manifest: Mapping[str, Any], each: Mapping[str, str], code: str
) -> Iterator[Line]:
    about = each["file"]
    pdf = files.get(about, b"")
    sha256 = hashlib.sha256(pdf).hexdigest()
    chain = read_chain(files.get(each["chain"], b""), bytes.fromhex(manifest["public_key"]))
    event = chain.sealed(sha256)
    if event is None:
        yield Line("hash", about, "failed", f"SHA-256 是 {sha256}，链里没有这份文件。")
    else:
        yield Line("hash", about, "ok", f"SHA-256 是 {sha256}，和链里记的一样。")
    yield _done("seal", about, lambda: check_seal(pdf, files.get("certificates/seal.pem", b""), event))
    roots = _pem(files.get("certificates/timestamp.pem", b""))
    token = files.get(each["token"], b"") if each["token"] else b""
    yield _done("timestamp", about, lambda: _check_stamp(pdf, token, bytes.fromhex(sha256), roots, event))
    yield _chain_line(each["chain"], chain)
    if code:
        yield _code_line(about, sha256, event, code)


def _done(key: str, about: str, check: Callable[[], str]) -> Line:
    """A check as a line."""
    try:
        return Line(key, about, "ok", check())
    except Wrong as error:
        return Line(key, about, "failed", str(error))
    except Unsupported as error:
        return Line(key, about, "unchecked", str(error))
    except (ValueError, IndexError, TypeError, KeyError, OverflowError):
        return Line(key, about, "failed", "读不了。")


def _chain_line(name: str, chain: Chain) -> Line:
    if chain.wrong:
        return Line("chain", name, "failed", chain.wrong)
    told = f"共 {len(chain.events)} 条，前后都接得上。"
    if not chain.signed:
        return Line("chain", name, "unchecked", told + NO_LIBRARY)
    return Line("chain", name, "ok", told + "每条的签名都对。")


def _code_line(about: str, sha256: str, event: Event | None, code: str) -> Line:
    if event is None or plain_code(code) != short_code(sha256, event.hash):
        return Line("code", about, "failed", "校验码不一致：输错了，或者盖章以前的记录被重写过。")
    return Line("code", about, "ok", "和员工手里的校验码一致。")


def read_chain(data: bytes, public: bytes) -> Chain:
    """A chain of a bundle, event by event, up to the first that is not as it was written."""
    try:
        lines = data.decode().splitlines()
        opening = json.loads(lines[0])
        case, written = opening["case"], opening["written"]
        if opening["form"] != CASE_FORM or not isinstance(case, str) or type(written) is not int:
            raise ValueError
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        return Chain("", (), "链的文件读不了。", False)
    events: list[Event] = []
    before = bytes(32)
    for seq, line in enumerate(lines[1:], 1):
        event, wrong = _read_event(line, case, seq, before, public)
        if event is None:
            return Chain(case, tuple(events), f"链断在第 {seq} 条：{wrong}", _CAN_SIGN)
        events.append(event)
        before = event.hash
    short = f"链断在第 {len(events) + 1} 条：后面的不见了。" if written > len(events) else ""
    return Chain(case, tuple(events), short, _CAN_SIGN)


def _read_event(line: str, case: str, seq: int, before: bytes, public: bytes) -> tuple[Event | None, str]:
    try:
        entry = json.loads(line)
        body = entry["body"]
        data = json.loads(body, parse_float=_refuse, parse_constant=_refuse)
        hash, signature = bytes.fromhex(entry["hash"]), bytes.fromhex(entry["signature"])
        if canonical(data) != body or not isinstance(data["data"], dict) or not isinstance(data["type"], str):
            return None, "内容被改过。"
        if (data["case"], data["seq"]) != (case, seq) or type(data["seq"]) is not int:
            return None, "这个位置上是另一条。"
        if hashlib.sha256(b"shebao case event 1\0" + before + body.encode()).digest() != hash:
            return None, "内容被改过。"
        for name, each in entry["values"].items():
            shown = (
                b"shebao case value 1\0"
                + bytes.fromhex(each["salt"])
                + each["value"].encode("utf-8", "surrogatepass")
            )
            if hashlib.sha256(shown).hexdigest() != data["values"][name]:
                return None, "写在旁边的字被改过。"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None, "读不了。"
    head = canonical({"form": "shebao case head 1", "case": case, "seq": seq, "hash": hash.hex()})
    if _CAN_SIGN and not _is_signed(head.encode(), signature, public):
        return None, "签名不对。"
    return Event(data, hash), ""


def _refuse(text: str) -> Any:
    raise ValueError(text)


def _is_signed(data: bytes, signature: bytes, public: bytes) -> bool:
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def canonical(value: Any) -> str:
    """JSON as RFC 8785 wants it, for what stands in a chain: no floats. Raises `TypeError`."""
    if value is None or isinstance(value, (bool, int, str)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{','.join(map(canonical, value))}]"
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{canonical(name)}:{canonical(value[name])}" for name in names) + "}"
    raise TypeError


LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def short_code(sha256: str, head: bytes) -> str:
    """The twelve letters that the employee was given."""
    number = int.from_bytes(hashlib.sha256(bytes.fromhex(sha256) + head).digest()[:8], "big") >> 4
    return "".join(LETTERS[number >> 5 * place & 31] for place in reversed(range(12)))


def plain_code(text: str) -> str:
    """A code as somebody typed it, in one form."""
    upper = text.upper().translate(str.maketrans("OIL", "011"))
    return "".join(each for each in upper if each in LETTERS)


# -- Anchors -----------------------------------------------------------------------------------------------------------


def _anchor_line(files: Mapping[str, bytes], manifest: Mapping[str, Any], name: str) -> Line:
    return _done("anchor", name, lambda: _check_anchor(files, manifest, name))


def _check_anchor(files: Mapping[str, bytes], manifest: Mapping[str, Any], name: str) -> str:
    data = json.loads(files[name])
    case, seq, hash = data["case"], data["seq"], data["hash"]
    head = canonical({"form": "shebao case head 1", "case": case, "seq": seq, "hash": hash})
    found = hashlib.sha256(b"\0" + head.encode()).digest()
    for side, other in data["path"]:
        pair = (bytes.fromhex(other), found) if side == "left" else (found, bytes.fromhex(other))
        found = hashlib.sha256(b"\1" + b"".join(pair)).digest()
    root, on = data["anchor"]["root"], data["anchor"]["on"]
    if found.hex() != root:
        raise Wrong(f"{on} 的锚点里没有这条链。")
    public = bytes.fromhex(manifest["public_key"])
    chains = (read_chain(files.get(each["chain"], b""), public) for each in manifest["sealed"])
    heads = {chain.case: [event.hash.hex() for event in chain.events] for chain in chains}
    if heads.get(case, [])[seq - 1 : seq] != [hash]:
        raise Wrong(f"和 {on} 的锚点对不上：那以后被退回去或者重写过。")
    token = bytes.fromhex(data["anchor"]["token"])
    if not token:
        return f"{on} 的锚点里有第 {seq} 条，内容一样。锚点没有时间戳。"
    at = check_token(token, bytes.fromhex(root), _pem(files.get("certificates/timestamp.pem", b"")))
    return f"{on} 的锚点里有第 {seq} 条，内容一样。锚点有时间戳：北京时间 {_in_china(at)}。"


# -- Seals and time stamps ---------------------------------------------------------------------------------------------

OIDS = {
    "2a864886f70d010701": "data",
    "2a864886f70d010702": "signed",
    "2a864886f70d010904": "message digest",
    "2a864886f70d010910020e": "time stamp",
    "2a864886f70d0109100104": "tst info",
    "608648016503040201": "sha256",
    "608648016503040202": "sha384",
    "608648016503040203": "sha512",
    "2a864886f70d01010a": "pss",
}


@dataclass(frozen=True)
class Node:
    """A value of DER: its tag, its contents, and all of it."""

    tag: int
    content: bytes
    raw: bytes

    def parts(self) -> list[Node]:
        """The values in it. Raises `ValueError`."""
        found, rest = [], self.content
        while rest:
            node = read_der(rest)
            found.append(node)
            rest = rest[len(node.raw) :]
        return found

    @property
    def oid(self) -> str:
        """What an object identifier stands for; empty for one that is not needed here."""
        return OIDS.get(self.content.hex(), "")


def read_der(data: bytes) -> Node:
    """The first value in the bytes. Raises `ValueError`."""
    if len(data) < 2 or data[0] & 31 == 31:
        raise ValueError
    length, start = data[1], 2
    if length >= 128:  # so many bytes of a length follow; 128 by itself would be a length that is not said
        start += length - 128
        if not 128 < length <= 132 or len(data) < start:
            raise ValueError
        length = int.from_bytes(data[2:start], "big")
    if len(data) < start + length:
        raise ValueError
    return Node(data[0], data[start : start + length], data[: start + length])


@dataclass(frozen=True)
class Signed:
    """A CMS message with one signer."""

    content: bytes
    certificates: tuple[bytes, ...]
    issuer: bytes
    serial: int
    digest: str
    attributes: bytes
    message_digest: bytes
    algorithm: str
    signature: bytes
    token: bytes


def read_cms(data: bytes) -> Signed:
    """Reads a CMS message. Raises `ValueError`."""
    kind, wrapped = read_der(data).parts()
    if kind.oid != "signed":
        raise ValueError
    _version, _algorithms, inner, *optional, signers = wrapped.parts()[0].parts()
    content = inner.parts()[1].parts()[0].content if len(inner.parts()) > 1 else b""
    certificates = tuple(each.raw for part in optional if part.tag == 0xA0 for each in part.parts())
    (signer,) = signers.parts()
    _version, named, digest, signed, algorithm, signature, *unsigned = signer.parts()
    if named.tag != 0x30 or signed.tag != 0xA0:
        raise ValueError
    issuer, serial = named.parts()
    attributes = _attributes(signed)
    return Signed(
        content,
        certificates,
        issuer.raw,
        int.from_bytes(serial.content, "big", signed=True),
        digest.parts()[0].oid,
        b"\x31" + signed.raw[1:],
        attributes["message digest"].content,
        algorithm.parts()[0].oid,
        signature.content,
        _attributes(unsigned[0])["time stamp"].raw
        if unsigned and "time stamp" in _attributes(unsigned[0])
        else b"",
    )


def _attributes(node: Node) -> dict[str, Node]:
    found = {}
    for each in node.parts():
        kind, values = each.parts()
        if kind.oid:
            found[kind.oid] = values.parts()[0]
    return found


def verify_cms(message: Signed, covered: bytes) -> Any:
    """The certificate that signed what is covered. Raises `Wrong`, `Unsupported` and `ValueError`."""
    if message.digest not in ("sha256", "sha384", "sha512"):
        raise Unsupported("用的摘要算法这里验不了。")
    if hashlib.new(message.digest, covered).digest() != message.message_digest:
        raise Wrong("内容被改过：摘要对不上。")
    if not _CAN_SIGN:
        raise Unsupported("摘要对得上。" + NO_LIBRARY)
    for each in map(x509.load_der_x509_certificate, message.certificates):
        if each.serial_number == message.serial and each.issuer.public_bytes() == message.issuer:
            _verify(each.public_key(), message)
            return each
    raise Wrong("签名里没有签名人的证书。")


def _verify(key: Any, message: Signed) -> None:
    algorithm = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}[
        message.digest
    ]
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(message.signature, message.attributes, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey) and message.algorithm != "pss":
            key.verify(message.signature, message.attributes, padding.PKCS1v15(), algorithm)
        else:
            raise Unsupported("用的签名算法这里验不了：用 shebao notice verify。")
    except InvalidSignature:
        raise Wrong("签名不对。") from None


RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")


def seal_of(pdf: bytes) -> tuple[Signed, bytes]:
    """The one seal of a file, and what it covers. Raises `Wrong` and `ValueError`."""
    ranges = RANGE.findall(pdf)
    if len(ranges) != 1:
        raise Wrong("没有章。" if not ranges else f"签名有 {len(ranges)} 个，应当只有一个。")
    start, length, again, rest = map(int, ranges[0])
    if start != 0 or again < length or again + rest != len(pdf):
        raise Wrong("文件里有章没有盖住的部分。")
    gap = pdf[length:again]
    if gap[:1] != b"<" or gap[-1:] != b">":
        raise Wrong("文件里有章没有盖住的部分。")
    contents = bytes.fromhex(gap[1:-1].decode("ascii"))
    node = read_der(contents)
    if contents[len(node.raw) :].strip(b"\0"):
        raise Wrong("章后面的空白处被动过。")
    return read_cms(node.raw), pdf[:length] + pdf[again:]


def check_seal(pdf: bytes, pem: bytes, event: Event | None) -> str:
    """Checks a file's seal, with the certificate that the chain names. Raises `Wrong`, `Unsupported` and `ValueError`."""
    message, covered = seal_of(pdf)
    certificate = verify_cms(message, covered)
    der = next(
        each
        for each in message.certificates
        if x509.load_der_x509_certificate(each).serial_number == certificate.serial_number
    )
    fingerprint = hashlib.sha256(der).hexdigest()
    known = _pem(pem)
    if event is None:
        raise Wrong(f"签名对，可是链里没有这份文件。证书指纹 {fingerprint}。")
    if fingerprint not in {hashlib.sha256(each).hexdigest() for each in known} or (
        event.data["data"].get("certificate_sha256") != fingerprint
    ):
        raise Wrong(f"章的证书（指纹 {fingerprint}）不是链里记的那一张。")
    at = datetime.fromisoformat(event.data["at"])
    others = [each for each in map(x509.load_der_x509_certificate, known) if each != certificate]
    _follow(certificate, others, others, at)
    return f"只有一个章，盖住整个文件，没有改过；证书指纹 {fingerprint}。"


def _follow(certificate: Any, between: Sequence[Any], roots: Sequence[Any], at: datetime) -> None:
    """Follows a certificate up to one that is trusted, each of them good at the moment. Raises `Wrong`."""
    for _ in range(8):
        if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
            raise Wrong("证书那时候不在有效期里。")
        if certificate in roots:
            return
        issuer = next((each for each in (*roots, *between) if _issued(certificate, each)), None)
        if issuer is None:
            break
        certificate = issuer
    raise Wrong("证书信不过：追不到包里的根证书。")


def _issued(certificate: Any, issuer: Any) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _check_stamp(pdf: bytes, token: bytes, digest: bytes, roots: list[bytes], event: Event | None) -> str:
    try:
        seal = seal_of(pdf)[0]
    except Wrong:
        raise Unsupported("没有章，也就没有章里的时间戳。") from None
    if seal.token:
        at = _check_token(seal.token, hashlib.sha256(seal.signature).digest(), roots)
        return f"章里有时间戳：北京时间 {_in_china(at)}。"
    if event is not None and event.data["data"].get("level") == "B-T":
        raise Wrong("链里记着有时间戳，文件里没有。")
    if token:
        at = check_token(token, digest, roots)
        return f"时间戳是后补的，北京时间 {_in_china(at)} 已经有这份文件。盖章那天的时间是单位自己写的。"
    raise Unsupported("没有时间戳：盖章的时间是单位自己写的。")


def check_token(response: bytes, digest: bytes, roots: list[bytes]) -> datetime:
    """The moment of a time stamp over a hash. Raises `Wrong`, `Unsupported` and `ValueError`."""
    status, token = read_der(response).parts()
    if status.parts()[0].content != b"\0":
        raise Wrong("时间戳服务没有给。")
    return _check_token(token.raw, digest, roots)


def _check_token(token: bytes, digest: bytes, roots: list[bytes]) -> datetime:
    message = read_cms(token)
    certificate = verify_cms(message, message.content)
    _version, _policy, imprint, _serial, made, *_ = read_der(message.content).parts()
    if imprint.parts()[1].content != digest:
        raise Wrong("时间戳不是给这份文件的。")
    at = datetime.strptime(made.content.decode()[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    uses = certificate.extensions.get_extension_for_oid(x509.OID_EXTENDED_KEY_USAGE).value
    if x509.oid.ExtendedKeyUsageOID.TIME_STAMPING not in uses:
        raise Wrong("时间戳的证书不是用来盖时间戳的。")
    trusted, between = (
        [x509.load_der_x509_certificate(each) for each in every] for every in (roots, message.certificates)
    )
    _follow(certificate, between, trusted, at)
    return at


def _pem(data: bytes) -> list[bytes]:
    """The certificates of a PEM file, as DER."""
    found = re.findall(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", data, re.DOTALL)
    return [base64.b64decode(each) for each in found]


def _in_china(at: datetime) -> str:
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


# -- The command -------------------------------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    """0 where nothing failed, 1 where something did, 2 where there is nothing to check."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("bundle", nargs="?", default=str(Path(__file__).resolve().parent))
    parser.add_argument("--key", default="")
    parser.add_argument("--certificate", default="")
    parser.add_argument("--code", default="")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    try:
        lines = check_bundle(read_files(Path(chosen.bundle)), chosen.key, chosen.certificate, chosen.code)
    except Unreadable as error:
        print(error, file=sys.stderr)
        return 2
    good = all(line.state != "failed" for line in lines)
    if chosen.json:
        print(json.dumps({"ok": good, "lines": [line.as_json() for line in lines]}, ensure_ascii=False))
        return 0 if good else 1
    for line in lines:
        print(f"[{MARKS[line.state]}] {line.about}：{line.says}\n    不证明：{NOT_PROVEN[line.key]}")
    print("没有对不上的。没有查的，不等于对得上。" if good else "有对不上的：这个包不能当原样的用。")
    return 0 if good else 1


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(main(sys.argv[1:]))
