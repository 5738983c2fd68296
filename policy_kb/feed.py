"""The library from a signed bundle: one file of region files that somebody else keeps, checked before a word is read.

A bundle is a ZIP of `manifest.json`, `signature` and `regions/NNNNNN.yaml`. The manifest is canonical JSON (RFC 8785)
with form, edition, moment and the SHA-256 of every region file; the signature is Ed25519 over its bytes. What it brings
is only proposed: it takes the way of every other change of the library.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

import rfc8785
import yaml
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from calculator.fields import parse_day
from policy_kb.files import PolicyError, parse_region, parse_yaml
from policy_kb.library import Library
from policy_kb.lint import plain_keys
from policy_kb.records import Contribution, DibaoLineRecord, RegionRecords

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "signature"
#: Bytes of a bundle, of one file in it, and of all of them unpacked.
LARGEST: Final = 16 * 2**20
LARGEST_FILE: Final = 4 * 2**20
LARGEST_ALL: Final = 64 * 2**20
MOST_FILES: Final = 4000
_FORM: Final = "shebao policy feed 1"
_REGION_FILE: Final = re.compile(r"regions/[0-9]{6}\.yaml", re.ASCII)
_KEY_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_MADE_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
#: Parts of a region file that a bundle may not change: they come with a new version of the program.
_WITH_THE_PROGRAM: Final = ("inherits", "not_applicable", "rules", "statutes", "taxes")
_NAMES: Final[Mapping[str, str]] = {
    "inherits": "沿用关系",
    "not_applicable": "不单列的险种",
    "rules": "低保规定",
    "statutes": "法条",
    "taxes": "个税税率表",
}


class FeedError(PolicyError):
    """A bundle that is not taken, with the reason in one sentence."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A bundle whose signature and files are as they were made. `sha256` is that of the whole file."""

    edition: str
    made_at: datetime
    regions: Mapping[str, Mapping[str, Any]]
    sha256: str


@dataclass(frozen=True, slots=True)
class News:
    """What a bundle has that the library in force lacks: region data to propose, and what cannot come this way."""

    additions: dict[str, dict[str, Any]]
    left_out: tuple[str, ...]


# -- Making ----------------------------------------------------------------------------------------------------------


def make_feed(files: Mapping[str, bytes], edition: str, made_at: datetime, seed: bytes) -> bytes:
    """A bundle of region files by name (`320500.yaml`), signed with the 32 bytes of a key. The same in, the same out."""
    regions = {f"regions/{name}": data for name, data in sorted(files.items())}
    manifest = rfc8785.dumps(
        {
            "form": _FORM,
            "edition": edition,
            "made_at": made_at.isoformat(timespec="seconds"),
            "files": {name: hashlib.sha256(data).hexdigest() for name, data in regions.items()},
        }
    )
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(manifest)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in ((MANIFEST, manifest), (SIGNATURE, signature), *regions.items()):
            archive.writestr(zipfile.ZipInfo(name, _MADE_LONG_AGO), data, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def public_key(seed: bytes) -> str:
    """The key that a settings file names, in Base64."""
    return base64.b64encode(
        Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    ).decode()


def read_keys(text: str) -> tuple[bytes, ...]:
    """The public keys of a setting: Base64 of 32 bytes each, with spaces between. Raises `FeedError`."""
    return tuple(_key(each) for each in text.split())


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise FeedError(f"公钥不对：{text[:60]}（要 32 字节的 Base64）")
    return key


# -- Opening ---------------------------------------------------------------------------------------------------------


def open_feed(data: bytes, keys: Sequence[bytes]) -> Feed:
    """What a bundle holds. Raises `FeedError` unless one of the keys signed its manifest, and every file is the one it
    names. Nothing is parsed before the signature is known to be right, but the list of the archive."""
    if not keys:
        raise FeedError("设置里没有公钥（policy.feed_keys），不知道该信谁签的数据包")
    files = _unpacked(data)
    manifest, signature = files.pop(MANIFEST, b""), files.pop(SIGNATURE, b"")
    if not manifest or len(signature) != _SIGNATURE_BYTES:
        raise FeedError("数据包没有签名")
    if not any(_is_signed(manifest, signature, key) for key in keys):
        raise FeedError("数据包的签名不对：不是设置里的公钥签的，或者被改过")
    told = _manifest(manifest)
    if files.keys() != told["files"].keys():
        raise FeedError("数据包里的文件和清单对不上")
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != told["files"][name]:
            raise FeedError(f"数据包里的 {name} 被改过")
    return Feed(
        edition=told["edition"],
        made_at=datetime.fromisoformat(told["made_at"]),
        regions={name: _region(name, content) for name, content in files.items()},
        sha256=hashlib.sha256(data).hexdigest(),
    )


def _unpacked(data: bytes) -> dict[str, bytes]:
    """The files of the archive by name; nothing is written anywhere. Raises `FeedError` for every trick of a ZIP."""
    if len(data) > LARGEST:
        raise FeedError(f"数据包太大（上限 {LARGEST // 2**20} MB）")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            _refuse_tricks(infos)
            return {info.filename: _member(archive, info) for info in infos}
    except FeedError:
        raise
    except Exception as error:  # a damaged archive fails in as many ways as it has parts
        raise FeedError("数据包损坏，打不开") from error


def _refuse_tricks(infos: Sequence[zipfile.ZipInfo]) -> None:
    names = [info.orig_filename for info in infos]
    if len(infos) > MOST_FILES or sum(info.file_size for info in infos) > LARGEST_ALL:
        raise FeedError("数据包解开后太大")
    if len(set(names)) < len(names):
        raise FeedError("数据包里有重名的文件")
    for info, name in zip(infos, names, strict=True):
        if name not in (MANIFEST, SIGNATURE) and not _REGION_FILE.fullmatch(name):
            raise FeedError("数据包里有不该有的文件")
        if info.file_size > LARGEST_FILE or info.flag_bits & 1:
            raise FeedError(f"数据包里的 {name} 太大，或者有密码")


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """A file of the archive, which may hold more than its entry says."""
    with archive.open(info) as member:
        content = member.read(LARGEST_FILE + 1)
    if len(content) != info.file_size:
        raise FeedError(f"数据包里的 {info.filename} 大小不对")
    return content


def _is_signed(manifest: bytes, signature: bytes, key: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, manifest)
    except (InvalidSignature, ValueError):
        return False
    return True


def _manifest(text: bytes) -> dict[str, Any]:
    """The manifest, which must be in the one form that its content has."""
    try:
        told = json.loads(text)
        parse_day(told["edition"])
        moment = datetime.fromisoformat(told["made_at"])
        whole = told.keys() == {"form", "edition", "made_at", "files"} and isinstance(told["files"], dict)
        known = whole and told["form"] == _FORM and moment.tzinfo is not None and rfc8785.dumps(told) == text
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        known = False
    if not known:
        raise FeedError("数据包的清单看不懂，可能要先升级程序")
    found: dict[str, Any] = told
    return found


def _region(name: str, content: bytes) -> Mapping[str, Any]:
    try:
        data = plain_keys(parse_yaml(content.decode("utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FeedError(f"数据包里的 {name} 读不懂") from error
    if not isinstance(data, dict) or f"regions/{data.get('region')}.yaml" != name:
        raise FeedError(f"数据包里的 {name} 不是这个地区的数据")
    return data


# -- What is new -----------------------------------------------------------------------------------------------------


def refuse_older(feed: Feed, newest: str, today: date) -> None:
    """Raises `FeedError` for a bundle older than what was taken before, so that nobody can bring old figures back, and for
    one of a day to come."""
    if feed.edition < newest:
        raise FeedError(f"数据包是 {feed.edition} 的，比现在用的 {newest} 旧")
    if feed.edition > max(newest, today.isoformat()):
        raise FeedError(f"数据包写的日期是 {feed.edition}，还没有到")


def news_of(library: Library, feed: Feed) -> News:
    """What the bundle has and the library in force lacks. Raises `FeedError` where a region file does not load."""
    additions: dict[str, dict[str, Any]] = {}
    left_out: list[str] = []
    for name, data in feed.regions.items():
        try:
            records = parse_region(dict(data), name, library.divisions)
        except PolicyError as error:
            raise FeedError(f"数据包里的 {name} 有错：{error}") from error
        kept = library.regions.get(records.region)
        found = _new_parts(library, data, kept)
        if found["notices"] or found["lines"]:
            additions[records.region] = found
        left_out += _other_parts(library, records, kept)
    return News(additions, tuple(left_out))


def _new_parts(library: Library, data: Mapping[str, Any], kept: RegionRecords | None) -> dict[str, Any]:
    """The notices and lines that are not on record yet; of a notice only the insurances that it sets anew."""
    known_values = {_bare_value(each) for each in kept.contributions} if kept else set()
    known_lines = {_bare_line(each) for each in kept.lines} if kept else set()
    found: dict[str, Any] = {name: data.get(name) for name in ("region", "name")}
    found |= {"sources": dict(data.get("sources") or {}), "notices": [], "lines": []}
    for notice in data.get("notices") or ():
        values = {
            insurance: value
            for insurance, value in notice["values"].items()
            for (record,) in [
                _alone(library, found, notices=[notice | {"values": {insurance: value}}]).contributions
            ]
            if _bare_value(record) not in known_values
        }
        if values:
            found["notices"].append(notice | {"values": values})
    for line in data.get("lines") or ():
        (record,) = _alone(library, found, lines=[line]).lines
        if _bare_line(record) not in known_lines:
            found["lines"].append(line)
    used = {
        str(key)
        for record in (
            *(value for each in found["notices"] for value in each["values"].values()),
            *found["lines"],
        )
        for key in record.get("sources") or ()
    }
    found["sources"] = {key: source for key, source in found["sources"].items() if str(key) in used}
    return found


def _alone(library: Library, found: Mapping[str, Any], **parts: Any) -> RegionRecords:
    return parse_region(
        {**found, "notices": [], "lines": [], **parts}, str(found["region"]), library.divisions
    )


def _bare_value(record: Contribution) -> str:
    """A record without where it was read and since when it is known here: those differ between two copies of one."""
    return repr(replace(record, sources=(), known=None, note="", note_en=""))


def _bare_line(record: DibaoLineRecord) -> str:
    return repr(replace(record, sources=(), known=None, note="", note_en=""))


def _other_parts(library: Library, records: RegionRecords, kept: RegionRecords | None) -> Iterator[str]:
    """What differs and does not come this way, a sentence each."""
    name = library.divisions.name(records.region)
    for part in _WITH_THE_PROGRAM:
        mine = getattr(kept, part) if kept else ()
        if any(each not in mine for each in getattr(records, part)):
            yield f"{name}：{_NAMES[part]}有变化，要随新版程序来，这次不带入"
