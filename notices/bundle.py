"""A case as a file to take to arbitration: sealed files, chains, keys, time stamps and anchors, with what checks them offline.

What it does not prove stands first in its README. Whoever makes one decides what is masked: values that are not in the links
are not in the bundle, and their chain is whole all the same.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader

from audit.case_chain import CaseLink, Committed
from audit.heads import moment_text
from notices.anchors import AnchoredHead
from notices.paper import Exhibit, evidence_list
from notices.seal_keys import Certificates
from notices.verifying import (
    CHINA,
    FILES_WHOLE,
    FILES_WRONG,
    KEYS_INSIDE,
    KEYS_OTHER,
    KEYS_SAME,
    Known,
    Line,
    Trust,
    in_china,
    verify,
)

FORM: Final = "shebao evidence 1"
CASE_FORM: Final = "shebao case 1"
LARGEST: Final = 64 * 2**20
LARGEST_OF_ALL: Final = 256 * 2**20
MOST_FILES: Final = 2_000
LIST: Final = "证据目录.pdf"
README: Final = "README.txt"
_MANIFEST: Final = "manifest.json"
_SEAL_PEM: Final = "certificates/seal.pem"
_STAMP_PEM: Final = "certificates/timestamp.pem"
_HERE: Final = Path(__file__).parent


class NotABundle(ValueError):
    """A file is no evidence bundle, or one that cannot be read."""


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A sealed file with what is known of it: its chain, a later time stamp, anchors. `title` is what the list calls it."""

    title: str
    pdf: bytes = field(repr=False)
    known: Known


@dataclass(frozen=True, slots=True)
class OtherFile:
    """A file that goes with it: a scan of the signed confirmation, a receipt of the post."""

    exhibit: Exhibit
    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What goes into a bundle. `title` and `number` are those of the notice."""

    company: str
    title: str
    number: str
    made_at: datetime
    trust: Trust
    sealed: tuple[SealedFile, ...]
    others: tuple[OtherFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle as it was read. `problems` name files that are missing, were added or are others than the list says."""

    made_at: datetime
    trust: Trust
    sealed: tuple[SealedFile, ...]
    problems: tuple[str, ...]


def write_bundle(evidence: Evidence) -> bytes:
    """The bundle, a .zip: the same evidence gives the same bytes."""
    files = _files(evidence)
    on = evidence.made_at.astimezone(CHINA).date()
    files[LIST] = evidence_list(evidence.title, evidence.number, evidence.company, exhibits(evidence), on)
    files[README] = _readme(evidence, [*files, _MANIFEST]).encode()
    files["verify.py"] = (_HERE / "bundle_verifier.py").read_bytes()
    files[_MANIFEST] = _json(_manifest(evidence, files))
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        # The README is the first that an archive's window shows.
        for name in sorted(files, key=lambda each: (each != README, each)):
            made = zipfile.ZipInfo(name, evidence.made_at.timetuple()[:6])
            made.external_attr = 0o644 << 16
            archive.writestr(made, files[name], zipfile.ZIP_DEFLATED)
    return out.getvalue()


def exhibits(evidence: Evidence) -> tuple[Exhibit, ...]:
    """The lines of the list of evidence; pages count on from file to file, as they are printed."""
    made: list[Exhibit] = []
    page = 1
    for each in evidence.sealed:
        count = _pages(each.pdf)
        made.append(
            Exhibit(
                each.title,
                "本单位社保助手出具，封存后的 PDF 原件",
                "告知的内容和日期、员工的答复和经过；封存以后没有改动",
                f"{page}–{page + count - 1}" if count > 1 else str(page),
            )
        )
        page += count
    chains = {each.known.case: each.known for each in evidence.sealed if each.known.links}
    made += [
        Exhibit(
            f"经过的链，{len(known.links)} 条",
            "本单位社保助手逐条记录、逐条签名",
            "送达、进入、阅读、答复的先后和时间；没有缺、没有改",
            "电子文件",
        )
        for known in chains.values()
    ]
    if any(each.known.token for each in evidence.sealed):
        made.append(Exhibit("可信时间戳", "时间戳服务机构", "那一刻已经有这份文件", "电子文件"))
    if _anchors(evidence):
        made.append(
            Exhibit("每日锚点", "本单位社保助手，存在数据库之外", "那一天以前的链没有退回重写", "电子文件")
        )
    made += [each.exhibit for each in evidence.others]
    return tuple(made)


def read_bundle(data: bytes) -> Bundle:
    """A bundle as `write_bundle` made it, its files compared with its list. Raises `NotABundle`."""
    files = _unpacked(data)
    try:
        manifest = json.loads(files[_MANIFEST])
        if manifest["form"] != FORM:
            raise ValueError
        trust = _read_trust(files, manifest)
        anchors = [AnchoredHead.from_json(json.loads(files[name])) for name in manifest["anchors"]]
        sealed = tuple(_read_sealed(files, each, trust, anchors) for each in manifest["sealed"])
        listed = {str(each["path"]): str(each["sha256"]) for each in manifest["files"]}
        made_at = datetime.fromisoformat(manifest["made_at"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NotABundle("not an evidence bundle") from None
    return Bundle(made_at, trust, sealed, tuple(_differences(files, listed)))


def verify_bundle(
    bundle: Bundle, code: str = "", key: str = "", certificate: str = ""
) -> tuple[tuple[str, tuple[Line, ...]], ...]:
    """The lines for the bundle itself, under an empty name, and those for each sealed file.

    `key` and `certificate` are what somebody knows from elsewhere: the public key, and the fingerprint of the certificate.
    """
    count = {"count": str(len(bundle.problems))}
    whole = (
        Line("files", "failed", FILES_WRONG, count) if bundle.problems else Line("files", "ok", FILES_WHOLE)
    )
    first = (whole, _keys_line(bundle.trust, key.strip().lower(), certificate.strip().lower()))
    return (("", first), *((each.title, verify(each.pdf, each.known, code)) for each in bundle.sealed))


def _keys_line(trust: Trust, key: str, certificate: str) -> Line:
    prints = [each.sha256 for each in trust.seals]
    figures = {"key": trust.public.hex(), "fingerprints": "、".join(prints)}
    if (key and key != trust.public.hex()) or (certificate and certificate not in prints):
        return Line("keys", "failed", KEYS_OTHER, figures)
    if not (key or certificate):
        return Line("keys", "unchecked", KEYS_INSIDE, figures)
    return Line("keys", "ok", KEYS_SAME, figures)


def chain_lines(known: Known) -> Iterator[str]:
    """A chain as JSON lines: what it is, then an event a line, with the values that may be shown."""
    opening = {
        "form": CASE_FORM,
        "case": known.case,
        "key": known.trust.public.hex(),
        "written": max(known.written, len(known.links)),
    }
    yield _line(opening)
    for link in known.links:
        values = {
            name: {"value": each.value, "salt": each.salt.hex()} for name, each in link.committed.items()
        }
        yield _line(
            {
                "body": link.body,
                "hash": link.hash.hex(),
                "signature": link.signature.hex(),
                "values": values,
            }
        )


def read_chain(lines: Iterable[str]) -> tuple[str, int, tuple[CaseLink, ...]]:
    """The case of `chain_lines`, how many events there must be, and the events. Raises `ValueError`.

    What is wrong within an event is left to `audit.case_chain.check_case` to find.
    """
    try:
        first, *rest = lines
        opening = json.loads(first)
        case, written = opening["case"], opening["written"]
        if opening["form"] != CASE_FORM or not isinstance(case, str) or type(written) is not int:
            raise ValueError
        return case, written, tuple(_read_link(case, seq, line) for seq, line in enumerate(rest, 1))
    except (KeyError, TypeError, AttributeError, RecursionError, ValueError):
        raise ValueError("not a chain of a bundle") from None


# -- Writing -----------------------------------------------------------------------------------------------------------


def _files(evidence: Evidence) -> dict[str, bytes]:
    """Everything but the list, the README, the verifier and the manifest, by its path."""
    files: dict[str, bytes] = {}
    for number, each in enumerate(evidence.sealed, 1):
        files[_sealed_path(evidence, number)] = each.pdf
        if each.known.links:
            files[_chain_path(each)] = "".join(chain_lines(each.known)).encode()
        if each.known.token:
            files[_token_path(evidence, number)] = each.known.token
    for number, other in enumerate(evidence.others, len(evidence.sealed) + 1):
        files[f"files/{number:02}-{_safe(other.name)}"] = other.data
    for path, anchor in _anchors(evidence):
        files[path] = _json(anchor.as_json())
    files[_SEAL_PEM] = b"".join(each.as_pem() for each in evidence.trust.seals)
    if evidence.trust.timestamps:
        loaded = map(x509.load_der_x509_certificate, evidence.trust.timestamps)
        files[_STAMP_PEM] = b"".join(each.public_bytes(Encoding.PEM) for each in loaded)
    files["certificates/public_key.txt"] = f"{evidence.trust.public.hex()}\n".encode()
    return files


def _manifest(evidence: Evidence, files: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "form": FORM,
        "made_at": moment_text(evidence.made_at),
        "number": evidence.number,
        "public_key": evidence.trust.public.hex(),
        "chains": [
            {"certificates": len(each.chain), "licensed": each.licensed} for each in evidence.trust.seals
        ],
        "files": [
            {"path": name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
            for name, data in sorted(files.items())
        ],
        "sealed": [
            {
                "title": each.title,
                "file": _sealed_path(evidence, number),
                "chain": _chain_path(each) if each.known.links else "",
                "token": _token_path(evidence, number) if each.known.token else "",
            }
            for number, each in enumerate(evidence.sealed, 1)
        ],
        "anchors": [path for path, _ in _anchors(evidence)],
    }


def _anchors(evidence: Evidence) -> list[tuple[str, AnchoredHead]]:
    found = {}
    for each in evidence.sealed:
        for anchor in each.known.anchors:
            found[f"anchors/{anchor.anchor.on.isoformat()}-{_safe(anchor.head.case)}.json"] = anchor
    return sorted(found.items())


def _sealed_path(evidence: Evidence, number: int) -> str:
    return f"files/{number:02}-{_safe(evidence.number)}.pdf"


def _token_path(evidence: Evidence, number: int) -> str:
    return f"timestamps/{number:02}-{_safe(evidence.number)}.tsr"


def _chain_path(each: SealedFile) -> str:
    return f"chains/{_safe(each.known.case)}.jsonl"


def _safe(name: str) -> str:
    """A name as it can stand in any archive.

    >>> _safe("../确认书 (1).jpg")
    '确认书_1_.jpg'
    """
    return re.sub(r"[^\w.-]+", "_", name).lstrip("._")[-80:] or "file"


def _pages(pdf: bytes) -> int:
    return int(PdfFileReader(BytesIO(pdf)).root["/Pages"]["/Count"])


def _readme(evidence: Evidence, names: Iterable[str]) -> str:
    template = (_HERE / "evidence_readme.txt").read_text(encoding="utf-8")
    licensed = any(each.licensed for each in evidence.trust.seals)
    provable = [
        f"{number}. {each.name}（{each.source}）：{each.purpose}。"
        for number, each in enumerate(exhibits(evidence), 1)
    ]
    stamps = [
        "B-T" in {link.data["data"].get("level") for link in each.known.links} or bool(each.known.token)
        for each in evidence.sealed
    ]
    return template.format(
        number=evidence.number,
        company=evidence.company,
        made_at=in_china(evidence.made_at),
        certified="印章证书由持牌的电子认证服务机构签发。" if licensed
        else "印章证书是单位自建的，不是持牌机构的第三方认证：只说明用的是单位登记过的那把钥匙。",
        stamped="时间戳只说明那一刻已经有这份文件；后补的，只说明补的那一刻。" if all(stamps)
        else "有文件没有可信时间戳：它的封存时间是单位自己写的。",
        provable="\n".join(provable),
        listing="\n".join(sorted({*names, README, LIST, "verify.py"})),
        public=evidence.trust.public.hex(),
        fingerprints="\n".join(each.sha256 for each in evidence.trust.seals),
    )  # fmt: skip


def _json(data: Any) -> bytes:
    return (json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _line(data: Any) -> str:
    return json.dumps(data, ensure_ascii=True, separators=(",", ":")) + "\n"


# -- Reading -----------------------------------------------------------------------------------------------------------


def _unpacked(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = [each for each in archive.infolist() if not each.is_dir()]
            sizes = [each.file_size for each in members]
            if len({each.filename for each in members}) != len(members) or len(members) > MOST_FILES:
                raise NotABundle("a name stands twice in it, or there are too many files")
            if max(sizes, default=0) > LARGEST or sum(sizes) > LARGEST_OF_ALL:
                raise NotABundle("it is too large")
            return {each.filename: archive.read(each) for each in members}
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, zlib.error):
        raise NotABundle("not a .zip that can be read") from None


def _read_trust(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Trust:
    every = _pem(files[_SEAL_PEM])
    seals: list[Certificates] = []
    for each in manifest["chains"]:
        count = int(each["certificates"])
        if not 0 < count <= len(every):
            raise ValueError
        seals.append(Certificates(tuple(every[:count]), each["licensed"] is True))
        every = every[count:]
    return Trust(tuple(seals), tuple(_pem(files.get(_STAMP_PEM, b""))), bytes.fromhex(manifest["public_key"]))


def _read_sealed(
    files: Mapping[str, bytes], each: Mapping[str, Any], trust: Trust, anchors: Iterable[AnchoredHead]
) -> SealedFile:
    chain = files[each["chain"]].decode().splitlines() if each["chain"] else None
    case, written, links = ("", 0, ()) if chain is None else read_chain(chain)
    known = Known(
        trust,
        case=case,
        links=links,
        written=written,
        token=files[each["token"]] if each["token"] else b"",
        anchors=tuple(anchor for anchor in anchors if anchor.head.case == case),
    )
    return SealedFile(str(each["title"]), files[each["file"]], known)


def _read_link(case: str, seq: int, line: str) -> CaseLink:
    data = json.loads(line)
    body = data["body"]
    if not isinstance(body, str):
        raise ValueError
    committed = {
        str(name): Committed(str(each["value"]), bytes.fromhex(each["salt"]))
        for name, each in data["values"].items()
    }
    return CaseLink(case, seq, body, bytes.fromhex(data["hash"]), bytes.fromhex(data["signature"]), committed)


def _differences(files: Mapping[str, bytes], listed: Mapping[str, str]) -> list[str]:
    found = {name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != _MANIFEST}
    return sorted(name for name in {*found, *listed} if found.get(name) != listed.get(name))


def _pem(data: bytes) -> list[bytes]:
    if not data:
        return []
    return [each.public_bytes(Encoding.DER) for each in x509.load_pem_x509_certificates(data)]
