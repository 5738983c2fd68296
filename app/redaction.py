"""The last step before a log line is written: what names a person or opens a door is taken out, wherever it stands.

The first rule is that nothing of the kind is logged at all; this is the net below it, for what a library logs and for what
somebody overlooks. It takes out what has a shape: identity numbers, mobile and landline numbers, bank cards, mail addresses,
openids, tokens, keys and passwords. Names and amounts have none.

An event ends as plain data (texts, numbers, lists and mappings of those), so that nothing is made a text after this step.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID

#: What stands in place of what was taken out.
REMOVED: Final = "[removed]"
#: What an event is called that could not be gone through; of the rest, only where it came from and when is kept.
NOT_WRITTEN: Final = "an event was not written: it could not be redacted"
#: No event of ours is nested deeper, and no text of ours is longer.
DEEPEST: Final = 8
LONGEST: Final = 20_000
_ABOUT: Final = 200

_KEPT: Final = ("timestamp", "level", "logger")
#: Fields whose value is removed whole, by their names in lower case without - and _.
_SECRET_FIELDS: Final = frozenset(
    (
        "accesstoken", "aeskey", "apikey", "appsecret", "authorization", "bottoken", "clientsecret", "cookie", "corpsecret",
        "echostr", "encodingaeskey", "encrypt", "msgsignature", "password", "proxyauthorization", "secret", "secretid",
        "secretkey", "secrettoken", "setcookie", "signature", "token", "xtelegrambotapisecrettoken",
        # Whose it is.
        "chatid", "externaluserid", "fromusername", "invaliduser", "openid", "phonenumber", "recipient", "sender",
        "touser", "tousername", "unionid", "unlicenseduser", "userid", "username", "wecomid",
    )
)  # fmt: skip
#: The same names inside a text. `token` and those of people are followed by codes in lines of ours (token:40001), so they
#: need an = or quotation marks.
_IN_TEXT: Final = (
    r"access[_-]?token|(?:encoding)?aes[_-]?key|api[_-]?key|(?:app|corp|client)[_-]?secret|bot[_-]?token|echostr|"
    r"msg[_-]?signature|password|secret(?:[_-]?(?:id|key|token))?|signature"
)
_IN_TEXT_QUOTED: Final = (
    r"token|cookie|open[_-]?id|union[_-]?id|user[_-]?id|(?:in|un)(?:valid|licensed)user|to[_-]?user(?:name)?|"
    r"from[_-]?user[_-]?name|chat[_-]?id|recipient|sender|phone[_-]?number"
)
_VALUE: Final = r"""(?:"[^"]*"|'[^']*'|[^\s"'&,;<>)}\]]+)"""

_Replace = Callable[[re.Match[str]], str]


def redact(logger: object, method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """A step of structlog: the event as plain data without what names a person or opens a door."""
    try:
        return {plain_key(key): _field(key, value, 0) for key, value in event.items()}
    except Exception:  # whatever a field does when it is looked at, nothing of it is written
        return {key: event[key] for key in _KEPT if isinstance(event.get(key), str)} | {"event": NOT_WRITTEN}


def plain_key(key: object) -> str:
    """A field's name, which may hold anything too."""
    return clean(key if isinstance(key, str) else str(_plain(key, 0)))


def _field(key: object, value: object, depth: int) -> Any:
    if isinstance(key, str) and re.sub("[-_ ]", "", key).lower() in _SECRET_FIELDS:
        return REMOVED
    return _plain(value, depth)


def _plain(value: object, depth: int) -> Any:
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 10**10 else clean(str(value))
    if depth >= DEEPEST:
        return REMOVED
    if isinstance(value, Mapping):
        return {plain_key(key): _field(key, each, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each, depth + 1) for each in value]
    return _as_text(value)


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return clean(bytes(value).decode("utf-8", "replace"))
    if isinstance(value, Enum):
        return clean(str(value.value))
    if isinstance(value, datetime | date | timedelta | Decimal | UUID | PurePath):
        return clean(str(value))
    return f"<{type(value).__name__}>"  # its own text may say anything


def clean(text: str) -> str:
    """A text without what names a person or opens a door.

    >>> clean("https://api.weixin.qq.com/cgi-bin/token?appid=wx1&secret=0123456789abcdef0123456789abcdef")
    'https://api.weixin.qq.com/cgi-bin/token?appid=wx1&secret=[removed]'
    >>> clean("GET /reports/p3hVx2 of 13800138000 at 2026-10-15 12:00:00, 110101199003077758, case 42, 320500")
    'GET /reports/[removed] of [removed] at 2026-10-15 12:00:00, [removed], case 42, 320500'
    """
    shorter = text[: LONGEST + _ABOUT]  # what stands across the end is seen whole before it is cut
    for pattern, replace in _SHAPES:
        shorter = pattern.sub(replace, shorter)
    shorter = _without_numbers(shorter)
    return shorter if len(text) <= LONGEST else f"{shorter[:LONGEST]}…"


def _all(match: re.Match[str]) -> str:
    return REMOVED


def _after(match: re.Match[str]) -> str:
    """The first group stays: it says what was there."""
    return f"{match[1]}{REMOVED}"


def _token(match: re.Match[str]) -> str:
    """A long word is a token where it mixes digits, small and capital letters; names of ours do not."""
    word = match[0]
    mixed = re.search("[0-9]", word) and re.search("[a-z]", word) and re.search("[A-Z]", word)
    return REMOVED if mixed else word


def _openid(match: re.Match[str]) -> str:
    """28 characters that begin with o, unless they are a name such as `open_conversations_by_key`."""
    return REMOVED if re.search("[0-9A-Z]", match[0]) else match[0]


#: In this order: what is known by the word before it comes first, and takes its value whole.
_SHAPES: Final[tuple[tuple[re.Pattern[str], _Replace], ...]] = (
    (re.compile(r"""(?i)((?:proxy-)?authorization["']?\s*[:=]\s*)[^\r\n]+"""), _after),
    (re.compile(r"(?i)\b((?:bearer|basic)\s+)[\w.~+/=-]{8,}"), _after),
    (re.compile(rf"""(?i)((?:{_IN_TEXT})["']?\s*[:=]\s*){_VALUE}"""), _after),
    (re.compile(rf"""(?i)((?:{_IN_TEXT_QUOTED})(?:["']\s*[:=]|=)\s*){_VALUE}"""), _after),
    (
        re.compile(
            r"(?is)(<(?:FromUserName|ToUserName|UserID|ExternalUserID|OpenID|Encrypt|MsgSignature|Content|Recognition)>).*?(?=</|$)"
        ),
        _after,
    ),
    (re.compile(r"(?<=://)[^/\s@:]+:[^/\s@]+(?=@)"), _all),
    # `/notices/visit` is an address of everybody.
    (
        re.compile(
            r"(/(?:reports|notices|sign|invitations?)/)(?!\[|(?<=/notices/)visit(?![\w-]))[^/\s\"'<>?#&]+"
        ),
        _after,
    ),
    # A bot's token, with or without the word before it.
    (re.compile(r"(?:(?<=bot)|(?<![0-9A-Za-z]))[0-9]{5,14}(?::|%3[Aa])[A-Za-z0-9_-]{20,}"), _all),
    (re.compile(r"[A-Za-z0-9._+-]+(?:@|%40)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"), _all),
    (re.compile(r"(?<![A-Za-z0-9])o[A-Za-z0-9_-]{27}(?![A-Za-z0-9])"), _openid),
    # An AppSecret, and whatever else is sixteen bytes in hex.
    (re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{32}(?![0-9A-Za-z])"), _all),
    (re.compile(r"[A-Za-z0-9_-]{40,}"), _token),
)

#: Digits in groups, as people write numbers; each group is looked at with those after it.
_DIGITS: Final = re.compile(r"\d(?:[ \u00a0-]?\d){9,}(?:[ \u00a0-]?[Xx](?![A-Za-z]))?")
_GROUP: Final = re.compile(r"[\dXx]+")
#: Digits that are no numbers of anybody: identifiers, and digests of files.
_IDENTIFIER: Final = re.compile(
    r"(?<![0-9A-Za-z-])(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{40}|[0-9a-f]{64})(?![0-9A-Za-z-])"
)
_MOBILE: Final = re.compile(r"(?:0{0,2}86)?1[3-9]\d{9}")
_LANDLINE: Final = re.compile(r"(?<!\d)0\d{2,3}-[2-9]\d{6,7}(?!\d)")
_IDENTITY_18: Final = re.compile(r"[1-9]\d{5}((?:18|19|20)\d{2})(\d{2})(\d{2})\d{3}[\dXx]")
_IDENTITY_15: Final = re.compile(r"[1-9]\d{5}\d{2}(\d{2})(\d{2})\d{3}")
_CARD: Final = re.compile(
    r"(?!1[2-9])\d{15,19}"
)  # what begins with 12 to 19 is a time in small parts of a second


def _without_numbers(text: str) -> str:
    """A text without numbers of people: identity cards, telephones, bank cards."""
    kept = [match.span() for match in _IDENTIFIER.finditer(text)]
    taken = [match.span() for match in _LANDLINE.finditer(text)]
    for run in _DIGITS.finditer(text):
        if not any(start <= run.start() and run.end() <= end for start, end in kept):
            taken += _numbers(run)
    return _cut(text, taken)


def _numbers(run: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Where numbers of people stand in a run of groups."""
    groups = [
        (match.start() + run.start(), match.end() + run.start(), _ascii(match[0]))
        for match in _GROUP.finditer(run[0])
    ]
    for first, (start, _, _) in enumerate(groups):
        digits = ""
        for _, end, group in groups[first : first + 8]:
            digits += group
            if len(digits) > 21:
                break
            if _is_of_a_person(digits):
                yield start, end


def _ascii(digits: str) -> str:
    return unicodedata.normalize("NFKC", "".join(str(unicodedata.digit(each, each)) for each in digits))


def _is_of_a_person(digits: str) -> bool:
    """Whether digits are the number of a mobile, an identity card or a bank card.

    >>> [_is_of_a_person(each) for each in ("13800138000", "11010119900307775X", "6222021234567890", "20261015120000")]
    [True, True, False, False]
    """
    if _MOBILE.fullmatch(digits):
        return True
    identity = _IDENTITY_18.fullmatch(digits) or _IDENTITY_15.fullmatch(digits)
    if (
        identity
        and "01" <= identity[identity.re.groups - 1] <= "12"
        and "01" <= identity[identity.re.groups] <= "31"
    ):
        return True
    return _CARD.fullmatch(digits) is not None and _luhn(digits)


def _luhn(digits: str) -> bool:
    """Whether the last digit checks the others, as on a bank card.

    >>> _luhn("6222021234567894"), _luhn("6222021234567890")
    (True, False)
    """
    total = 0
    for at, each in enumerate(reversed(digits)):
        value = int(each) * (1 + at % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _cut(text: str, spans: Iterable[tuple[int, int]]) -> str:
    pieces, at = [], 0
    for start, end in sorted(spans):
        if end <= at:
            continue
        if start >= at:
            pieces += [text[at:start], REMOVED]
        at = end
    return "".join((*pieces, text[at:]))
