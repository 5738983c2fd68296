"""What can be checked of a sealed file, line by line: what each line shows, and what it does not prove.

A green tick alone would say too much: each line stands by itself. pyHanko's own verdict is one of them and not enough (it takes
a file with junk after its end for a good one); the file's hash in the chain catches every change, and the code in the
employee's hand what the company itself might do to the chain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, Literal, Protocol

from audit.case_chain import WHYS, CaseCheck, CaseLink, check_case, read_body, read_short_code, short_code
from locales import N_, Say
from notices.anchors import AnchoredHead
from notices.pdf_seal import Inspection, inspect
from notices.seal_keys import Certificates
from notices.timestamps import NoTimestamp, check_token

LineKey = Literal[
    "hash",
    "seal",
    "intact",
    "whole",
    "timestamp",
    "chain",
    "code",
    "anchor",
    "rederived",
    "files",
    "keys",
]
State = Literal["ok", "failed", "unchecked"]
STATES: Final[Mapping[State, str]] = {
    "ok": N_("对得上"),
    "failed": N_("对不上"),
    "unchecked": N_("没有查"),
}
#: What each line is about, and what it does not prove, in the order of the rule.
TITLES: Final[Mapping[LineKey, str]] = {
    "hash": N_("文件和登记的是不是同一份"),
    "seal": N_("是不是这家单位的章，只有一个章"),
    "intact": N_("盖章以后有没有改过"),
    "whole": N_("章是不是盖住了整个文件"),
    "timestamp": N_("时间有没有外面的机构作证"),
    "chain": N_("经过的记录是不是完整"),
    "code": N_("和员工手里的校验码是不是一致"),
    "anchor": N_("和库外存的每日锚点是不是一致"),
    "rederived": N_("按当时存的数据重新排一遍，是不是同一份"),
    "files": N_("证据包里的文件有没有缺、有没有换"),
    "keys": N_("钥匙和证书是不是这家单位的"),
}
NOT_PROVEN: Final[Mapping[LineKey, str]] = {
    "hash": N_("不证明里面写的是真的，也不证明是谁点的、谁签的。"),
    "seal": N_("章是单位的，不是员工的签名。自建证书不是第三方认证：只说明用的是登记过的那把钥匙。"),
    "intact": N_("单位自己随时能用自己的钥匙再盖一份新的：要和链、校验码一起看。"),
    "whole": N_("只说章管到哪里，不说章里的内容对不对。"),
    "timestamp": N_("只说明那一刻已经有这份文件，不说明它写得对，也不说明更早的时候它是什么样。"),
    "chain": N_("签名钥匙在单位手里：单位把整条链退回去重写，单看链看不出来，要靠校验码或者锚点。"),
    "code": N_("管到盖章那一刻为止；盖章以后记的事，校验码不管。"),
    "anchor": N_("管到那一天的锚点为止；锚点没有时间戳的，它的日子是单位自己说的。"),
    "rederived": N_("只说明纸上写的就是当时存的数据，不说明数据本身对不对。"),
    "files": N_("清单是单位自己列的：只说明这个包从做好以后没有缺、没有换。"),
    "keys": N_("取自包里的，换包的人也能一起换：要和单位公布的、或者以前拿到的核对。"),
}

CHINA: Final = timezone(timedelta(hours=8))
_HASH_SAME: Final = N_("SHA-256 是 {sha256}，和链里记的一样。")
_HASH_UNKNOWN: Final = N_("SHA-256 是 {sha256}，没有登记过：被改过一点点，或者不是这里出的，都是这样。")
_HASH_UNCHECKED: Final = N_("SHA-256 是 {sha256}。这里没有登记可以对。")
_UNREADABLE: Final = N_("不是能读的 PDF。")
_NOT_OPENED: Final = N_("手里没有文件的内容，只对了指纹。")
_NO_SEAL: Final = N_("没有章：被去掉了，或者从来没有。")
_MANY_SEALS: Final = N_("签名或者签名栏有 {count} 个，应当只有一个。")
_OTHER_SEAL: Final = N_("章的证书（指纹 {fingerprint}）不是登记过的。")
_OTHER_THAN_CHAIN: Final = N_("章的证书（指纹 {fingerprint}）和链里记的不是同一张。")
_ONE_SEAL: Final = N_("只有一个章，证书指纹 {fingerprint}，是登记过的。{certified}")
_CERTIFIED: Final[Mapping[bool, str]] = {
    True: N_("持牌机构发的证书。"),
    False: N_("单位自建的证书。"),
}
_INTACT: Final = N_("没有改过：内容的摘要、签名、证书都对，也没有在后面追加改动。")
_CHANGED: Final = N_("内容被改过：摘要对不上。")
_BAD_SIGNATURE: Final = N_("签名不对。")
_UNTRUSTED: Final = N_("证书信不过：不是登记的根证书发的，或者盖章那天不在有效期里。")
_CHANGED_AFTER: Final = N_("盖章以后又加了改动，而这个章不许改动。")
_WHOLE: Final = N_("从头到尾都在章里。")
_NOT_WHOLE: Final = N_("文件里有章没有盖住的部分。")
_STAMPED: Final = N_("章里有时间戳：北京时间 {at}。")
_STAMPED_LATER: Final = N_("时间戳是后补的，北京时间 {at} 已经有这份文件。盖章那天的时间是单位自己写的。")
_NO_STAMP: Final = N_("没有时间戳：盖章的时间是单位自己写的。")
_STAMP_DUE: Final = N_("盖章时时间戳服务没有给，也还没有补上：盖章的时间是单位自己写的。")
_STAMP_BAD: Final = N_("时间戳不对，或者发它的证书信不过。")
_STAMP_GONE: Final = N_("链里记着有时间戳，文件里没有。")
_CHAIN_WHOLE: Final = N_("链完整，共 {count} 条，最后一条 {hash}，签名都对。")
_CHAIN_BROKEN: Final = N_("链断在第 {seq} 条：{why}。")
_NO_CHAIN: Final = N_("没有链可以对。")
_CODE_SAME: Final = N_("校验码 {code} 一致。")
_CODE_OTHER: Final = N_("校验码不一致：输错了，或者盖章以前的记录被重写过。")
_CODE_NONE: Final = N_("没有链，校验码对不了。")
_ANCHORED: Final = N_("{on} 的锚点里有这条链的第 {seq} 条，内容一样。锚点没有时间戳。")
_ANCHORED_STAMPED: Final = N_("{on} 的锚点里有这条链的第 {seq} 条，内容一样。锚点有时间戳：北京时间 {at}。")
_ANCHOR_OTHER: Final = N_("和 {on} 的锚点对不上：那以后被退回去或者重写过。")
_REDERIVED: Final = N_("重新排出来的和章里的一个字节都不差。")
_NOT_REDERIVED: Final = N_("重新排出来的不一样：数据、模板或者文件被动过。")
_CANNOT_REDERIVE: Final = N_("当时的数据或模板不在了，没法重新排。")
#: Of an evidence bundle (`notices.bundle`).
FILES_WHOLE: Final = N_("文件都在，摘要都对。")
FILES_WRONG: Final = N_("{count} 个文件缺了、多了或者换过。")
KEYS_SAME: Final = N_("和给的一样。公钥 {key}，印章证书指纹 {fingerprints}。")
KEYS_OTHER: Final = N_("不是给的那一把。公钥 {key}，印章证书指纹 {fingerprints}。")
KEYS_INSIDE: Final = N_("公钥 {key}，印章证书指纹 {fingerprints}。请核对。")


@dataclass(frozen=True, slots=True)
class Line:
    """One check. `says` and `not_proven` are source texts; `figures` fill the first, and those in `words` are texts too."""

    key: LineKey
    state: State
    says: str
    figures: Mapping[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What the line is about."""
        return TITLES[self.key]

    @property
    def not_proven(self) -> str:
        """What it does not prove, whatever it found."""
        return NOT_PROVEN[self.key]

    def said(self, say: Say) -> str:
        """What it found, in the reader's language."""
        figures = {name: say(value) if name in self.words else value for name, value in self.figures.items()}
        return say(self.says, **figures)

    def as_json(self, say: Say) -> dict[str, str]:
        """The line as plain data."""
        return {
            "key": self.key,
            "state": self.state,
            "state_text": say(STATES[self.state]),
            "title": say(self.title),
            "says": self.said(say),
            "not_proven": say(self.not_proven),
        }


@dataclass(frozen=True, slots=True)
class Trust:
    """What this installation vouches for: the certificates that have ever sealed for it, those of the time-stamp service, and
    the public key of the heads."""

    seals: tuple[Certificates, ...] = ()
    timestamps: tuple[bytes, ...] = ()
    public: bytes = b""

    def seal(self, fingerprint: str) -> Certificates | None:
        """The certificates that belong to a fingerprint."""
        return next((each for each in self.seals if each.sha256 == fingerprint), None)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a file. Of one that nobody knows `links` is empty.

    `searched`: there was a register to look in. `written`: how many events there must be at least. `token` is a time stamp
    that was had later. `pdf` is the file itself, where whoever looks it up has it.
    """

    trust: Trust
    case: str = ""
    links: tuple[CaseLink, ...] = field(default=(), repr=False)
    written: int = 0
    token: bytes = field(default=b"", repr=False)
    anchors: tuple[AnchoredHead, ...] = ()
    searched: bool = True
    pdf: bytes = field(default=b"", repr=False)

    def sealed(self, sha256: str) -> SealEvent | None:
        """The event of the chain that says that a file with this hash was sealed."""
        for link in self.links:
            data = read_body(link.body)
            if data is not None and data["type"] == "sealed" and data["data"].get("sealed_sha256") == sha256:
                found = {
                    name: str(data["data"].get(name, ""))
                    for name in ("unsealed_sha256", "certificate_sha256", "level", "timestamp")
                }
                return SealEvent(link.seq, link.hash, data["at"], **found)
        return None


@dataclass(frozen=True, slots=True)
class SealEvent:
    """What the chain says of a sealed file, and the head after it said so."""

    seq: int
    head: bytes
    at: str
    unsealed_sha256: str
    certificate_sha256: str
    level: str
    timestamp: str

    @property
    def moment(self) -> datetime | None:
        """When it was sealed; None where the chain says nothing that is a moment."""
        try:
            return datetime.fromisoformat(self.at).astimezone(UTC)
        except ValueError:
            return None


class Register(Protocol):
    """Where files are looked up by their hash."""

    @property
    def trust(self) -> Trust:
        """What this installation vouches for."""

    def known(self, sha256: str) -> Known | None:
        """What is known of a file; None where there is none with this hash."""


#: Makes the unsealed file anew from what was frozen; None where that is no longer there.
Rederive = Callable[[], bytes | None]
#: Reads a file's seal; in this process, or apart from it where nobody knows the file.
Inspect = Callable[[bytes, Trust, datetime | None], Inspection]


def verify(
    pdf: bytes,
    known: Known,
    code: str = "",
    rederive: Rederive | None = None,
    inspecting: Inspect | None = None,
) -> tuple[Line, ...]:
    """All lines for a file; whatever it is given, it raises nothing.

    `code` is the short code as the employee typed it. A file that nobody knows may be hostile: a public page has `inspecting`
    done apart.
    """
    sha256 = hashlib.sha256(pdf).hexdigest()
    event = known.sealed(sha256)
    moment = None if event is None else event.moment
    found = (inspecting or _inspect)(pdf, known.trust, moment)
    lines = [_hash_line(sha256, known, event), *_seal_lines(found, known, event)]
    lines += [_timestamp_line(found, known, sha256, event), *_chain_lines(known, sha256, event, code)]
    if rederive is not None:
        lines.append(_rederived_line(pdf, event, rederive))
    return tuple(lines)


def verify_hash(sha256: str, known: Known | None, trust: Trust, code: str = "") -> tuple[Line, ...]:
    """The lines for a file that stays with its holder: its hash alone, and the register's own copy where it has one."""
    if known is None:
        known = Known(trust)
    event = known.sealed(sha256)
    if known.pdf and event is not None and hashlib.sha256(known.pdf).hexdigest() == sha256:
        return verify(known.pdf, known, code)
    keys: tuple[LineKey, ...] = ("seal", "intact", "whole", "timestamp")
    unread = (Line(key, "unchecked", _NOT_OPENED) for key in keys)
    return (_hash_line(sha256, known, event), *unread, *_chain_lines(known, sha256, event, code))


def in_china(at: datetime) -> str:
    """A moment as people in China read it.

    >>> in_china(datetime(2026, 11, 20, 4, tzinfo=UTC))
    '2026-11-20 12:00:00'
    """
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def all_good(lines: tuple[Line, ...]) -> bool:
    """Whether nothing failed. What was not checked is not good, and not bad either."""
    return all(line.state != "failed" for line in lines)


def _inspect(pdf: bytes, trust: Trust, moment: datetime | None) -> Inspection:
    return inspect(pdf, trust.seals, trust.timestamps, moment)


def _hash_line(sha256: str, known: Known, event: SealEvent | None) -> Line:
    figures = {"sha256": sha256}
    if event is not None:
        return Line("hash", "ok", _HASH_SAME, figures)
    if not known.searched:
        return Line("hash", "unchecked", _HASH_UNCHECKED, figures)
    return Line("hash", "failed", _HASH_UNKNOWN, figures)


def _seal_lines(found: Inspection, known: Known, event: SealEvent | None) -> Iterator[Line]:
    """The lines on the seal, on what came after it, and on how far it reaches."""
    if not found.readable:
        yield Line("seal", "failed", _UNREADABLE)
        yield Line("intact", "failed", _UNREADABLE)
        yield Line("whole", "failed", _UNREADABLE)
        return
    yield _seal_line(found, known.trust, event)
    if found.signatures == 0:
        yield Line("intact", "failed", _NO_SEAL)
        yield Line("whole", "failed", _NO_SEAL)
        return
    wrong = _what_is_wrong(found)
    yield Line("intact", "ok" if wrong is None else "failed", wrong or _INTACT)
    yield Line("whole", "ok", _WHOLE) if found.whole else Line("whole", "failed", _NOT_WHOLE)


def _seal_line(found: Inspection, trust: Trust, event: SealEvent | None) -> Line:
    if found.signatures == 0:
        return Line("seal", "failed", _NO_SEAL)
    if found.fields != 1:
        return Line("seal", "failed", _MANY_SEALS, {"count": str(found.fields)})
    figures = {"fingerprint": found.fingerprint}
    if (certificates := trust.seal(found.fingerprint)) is None:
        return Line("seal", "failed", _OTHER_SEAL, figures)
    if event is not None and event.certificate_sha256 != found.fingerprint:
        return Line("seal", "failed", _OTHER_THAN_CHAIN, figures)
    figures["certified"] = _CERTIFIED[certificates.licensed]
    return Line("seal", "ok", _ONE_SEAL, figures, ("certified",))


def _what_is_wrong(found: Inspection) -> str | None:
    if not found.intact:
        return _CHANGED
    if not found.valid:
        return _BAD_SIGNATURE
    if not found.unchanged:
        return _CHANGED_AFTER
    return None if found.trusted else _UNTRUSTED


def _timestamp_line(found: Inspection, known: Known, sha256: str, event: SealEvent | None) -> Line:
    if found.timestamp_at is not None:
        return Line("timestamp", "ok", _STAMPED, {"at": in_china(found.timestamp_at)})
    if found.stamped:
        return Line("timestamp", "failed", _STAMP_BAD)
    if event is not None and event.level == "B-T":
        return Line("timestamp", "failed", _STAMP_GONE)
    if known.token:
        try:
            at = check_token(known.token, bytes.fromhex(sha256), known.trust.timestamps)
        except NoTimestamp:
            return Line("timestamp", "failed", _STAMP_BAD)
        return Line("timestamp", "ok", _STAMPED_LATER, {"at": in_china(at)})
    due = event is not None and event.timestamp == "failed"
    return Line("timestamp", "unchecked", _STAMP_DUE if due else _NO_STAMP)


def _chain_lines(known: Known, sha256: str, event: SealEvent | None, code: str) -> Iterator[Line]:
    """The line on the chain, and those on what is held outside of it."""
    if not known.links:
        yield Line("chain", "unchecked", _NO_CHAIN)
        if code:
            yield Line("code", "unchecked", _CODE_NONE)
        return
    check = check_case(known.case, known.links, known.trust.public, known.written)
    yield _chain_line(check)
    if code:
        yield _code_line(check, sha256, event, code)
    for each in known.anchors:
        yield _anchor_line(known, check, each)


def _chain_line(check: CaseCheck) -> Line:
    if check.why is None:
        return Line("chain", "ok", _CHAIN_WHOLE, {"count": str(check.last), "hash": check.hash.hex()})
    figures = {"seq": str(check.last + 1), "why": WHYS[check.why]}
    return Line("chain", "failed", _CHAIN_BROKEN, figures, ("why",))


def _code_line(check: CaseCheck, sha256: str, event: SealEvent | None, code: str) -> Line:
    if event is None or event.seq > check.last:
        return Line("code", "failed", _CODE_OTHER)
    ours = short_code(sha256, event.head)
    if read_short_code(code) != ours:
        return Line("code", "failed", _CODE_OTHER)
    return Line("code", "ok", _CODE_SAME, {"code": ours})


def _anchor_line(known: Known, check: CaseCheck, each: AnchoredHead) -> Line:
    head, on = each.head, each.anchor.on.isoformat()
    hashes = {link.seq: link.hash for link in known.links if link.seq <= check.last}
    same = head.case == known.case and hashes.get(head.seq) == head.hash and each.holds
    if not same:
        return Line("anchor", "failed", _ANCHOR_OTHER, {"on": on})
    figures = {"on": on, "seq": str(head.seq)}
    if not each.anchor.token:
        return Line("anchor", "ok", _ANCHORED, figures)
    try:
        at = check_token(each.anchor.token, each.anchor.root, known.trust.timestamps)
    except NoTimestamp:
        return Line("anchor", "failed", _STAMP_BAD)
    return Line("anchor", "ok", _ANCHORED_STAMPED, figures | {"at": in_china(at)})


def _rederived_line(pdf: bytes, event: SealEvent | None, rederive: Rederive) -> Line:
    made = rederive()
    if made is None or event is None:
        return Line("rederived", "unchecked", _CANNOT_REDERIVE)
    # A seal only adds to a file: what was sealed stands unaltered at its beginning.
    same = pdf.startswith(made) and hashlib.sha256(made).hexdigest() == event.unsealed_sha256
    return Line("rederived", "ok", _REDERIVED) if same else Line("rederived", "failed", _NOT_REDERIVED)
