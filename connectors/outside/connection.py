"""What is configured for one outside system: where it is, how we prove who we are, how long it may take, how it names things.

A table of TOML becomes a `Connection`. What is unknown, missing or of another type stops the start with its name; a value
that is hidden in the repr is a secret, and may come from a file: `key_file` in place of `key`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, TypeVar, cast
from urllib.parse import urlsplit

from people.outside import TokenKind, Tokens

Made = TypeVar("Made")
#: A number that may be zero; every other is above it.
Ordinal: TypeAlias = int


@dataclass(frozen=True, slots=True)
class NoAuth:
    """The system asks for nothing, or for a client certificate alone."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key in a header."""

    key: str = field(repr=False)
    header: str = "X-Api-Key"


@dataclass(frozen=True, slots=True)
class OAuth2:
    """Client credentials (RFC 6749, 4.4). `way`: whether id and secret go in the header (basic) or the form. `seconds`: how
    long a token is used that comes without `expires_in`."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""
    way: Literal["basic", "form"] = "basic"
    seconds: int = 300


@dataclass(frozen=True, slots=True)
class Hmac:
    """A signature over method, target, timestamp, nonce and the hash of the body, each on its own line; HMAC-SHA256, in hex."""

    key_id: str
    secret: str = field(repr=False)
    key_header: str = "X-Key-Id"
    timestamp_header: str = "X-Timestamp"
    nonce_header: str = "X-Nonce"
    signature_header: str = "X-Signature"


Auth: TypeAlias = NoAuth | ApiKey | OAuth2 | Hmac
AUTHS: Final[Mapping[str, type[Auth]]] = {"none": NoAuth, "api_key": ApiKey, "oauth2": OAuth2, "hmac": Hmac}


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files: our certificate and its key, for systems that ask for one; the authority that theirs must lead to, where it
    is not one that everybody trusts."""

    certificate: str = ""
    private_key: str = ""
    authority: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one try may take: to connect, between two bytes, as a whole; how long an answer may be; how far the system's
    clock may be from ours."""

    connect_seconds: float = 5
    read_seconds: float = 10
    whole_seconds: float = 30
    longest_bytes: int = 8 * 2**20
    clock_seconds: int = 300


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how long one call is tried; after `failures` calls that failed in a row the system is left alone for
    `pause_seconds`."""

    attempts: int = 3
    seconds: float = 90
    first_wait: float = 0.2
    longest_wait: float = 5
    failures: int = 5
    pause_seconds: float = 60


@dataclass(frozen=True, slots=True)
class Paging:
    """How lists are asked for, page by page: by number, or by the cursor that the page before told."""

    kind: Literal["number", "cursor"] = "number"
    page: str = "page"
    size: str = "size"
    cursor: str = "cursor"
    first: Ordinal = 1
    page_size: int = 200
    most_records: int = 500_000


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where things are in an answer, as paths with dots; "" where the system does not tell. `records`: the list; `count` how
    many it holds; `total` how many there are on all pages; `record`: the one record where there is one alone. `code` is a
    code of success in the body: `ok`, `busy` and `refused` say which means what, any other is an error that names it."""

    records: str = ""
    record: str = ""
    count: str = ""
    total: str = ""
    cursor: str = ""
    more: str = ""
    code: str = ""
    ok: tuple[str, ...] = ()
    busy: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hook:
    """How what the system delivers to us is signed: HMAC-SHA256, in hex, over timestamp, nonce and body, each but the last with
    a line end. `earlier` is accepted too while secrets are changed. Without a secret nothing is accepted."""

    secret: str = field(default="", repr=False)
    earlier: str = field(default="", repr=False)
    window_seconds: int = 300
    timestamp_header: str = "X-Timestamp"
    nonce_header: str = "X-Nonce"
    signature_header: str = "X-Signature"


@dataclass(frozen=True, slots=True)
class Wire:
    """How the system writes things. `paths`: the address of each thing that is asked. `fields`: of each record, which field of
    ours is which of theirs (dots lead inside). `codes`: of each kind, which code of theirs is which of ours. `amounts`: whether
    money is told in yuan or in fen. `zone`: of moments without a zone, such as "+08:00"; "": they are refused."""

    paths: Mapping[str, str]
    fields: Mapping[str, Mapping[str, str]]
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    amounts: Literal["yuan", "fen"] = "yuan"
    zone: str = ""


#: Where the configuration says nothing else.
BY_OWN_NUMBER: Final = Tokens("own_number")


@dataclass(frozen=True, slots=True)
class Connection:
    """One outside system. `name` is the source of what comes from it."""

    name: str
    address: str
    wire: Wire
    auth: Auth = NoAuth()
    tls: Tls = Tls()
    limits: Limits = Limits()
    retries: Retries = Retries()
    paging: Paging = Paging()
    envelope: Envelope = Envelope()
    hook: Hook = Hook()
    person: Tokens = BY_OWN_NUMBER

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9_]{1,40}", self.name):
            raise ValueError("a connection's name is a word of small letters, digits and _")
        check_address(f"{self.name}.address", self.address)
        if isinstance(self.auth, OAuth2):
            check_address(f"{self.name}.auth.token_url", self.auth.token_url)
        if bool(self.tls.certificate) != bool(self.tls.private_key):
            raise ValueError(f"{self.name}.tls: certificate and private_key go together")


_SECTIONS: Final[Mapping[str, type[Any]]] = {
    "tls": Tls,
    "limits": Limits,
    "retries": Retries,
    "paging": Paging,
    "envelope": Envelope,
    "hook": Hook,
}
_WIRE: Final = ("paths", "fields", "codes", "amounts", "zone")


def read_connection(name: str, table: Mapping[str, Any], home: Path) -> Connection:
    """The connection of a table of TOML. Paths of files start at `home`. Raises `ValueError`, naming the setting."""
    known = {"address", "auth", "person", *_SECTIONS, *_WIRE}
    for key in table:
        if key not in known:
            raise ValueError(f"{name}.{key}: unknown setting; there are {', '.join(sorted(known))}")
    wire = {key: table[key] for key in _WIRE if key in table}
    return Connection(
        name,
        _typed(f"{name}.address", "str", table.get("address", "")),
        made(Wire, wire, name, home),
        _auth(section_of(name, "auth", table), f"{name}.auth", home),
        person=read_person(section_of(name, "person", table), f"{name}.person", home),
        **{
            key: _placed(made(kind, section_of(name, key, table), f"{name}.{key}", home), home)
            for key, kind in _SECTIONS.items()
        },
    )


def check_address(name: str, address: str) -> None:
    """Raises `ValueError` for what is no address of a server, and for one that others on the way could read."""
    parts = urlsplit(address)
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", address) or not parts.hostname:
        raise ValueError(f"{name}: an address such as https://office.example/api, not {address!r}")
    if parts.scheme == "http" and not local:
        raise ValueError(f"{name}: must begin with https://")


def _auth(table: Mapping[str, Any], where: str, home: Path) -> Auth:
    kind = AUTHS.get(table.get("kind", "none"))
    if kind is None:
        raise ValueError(f"{where}.kind: one of {', '.join(AUTHS)}")
    return made(kind, {key: value for key, value in table.items() if key != "kind"}, where, home)


def read_person(table: Mapping[str, Any], where: str, home: Path) -> Tokens:
    """How a system names people, of its section. Raises `ValueError`, naming the setting."""
    kinds: tuple[TokenKind, ...] = ("own_number", "id_number_hmac", "id_number_sha256")
    given = {"kind": "own_number", **table}
    if given["kind"] not in kinds:
        raise ValueError(f"{where}.kind: one of {', '.join(kinds)}")
    return made(Tokens, given, where, home)


def _placed(section: Made, home: Path) -> Made:
    """Files of certificates under `home`."""
    if not isinstance(section, Tls):
        return section
    files = (section.certificate, section.private_key, section.authority)
    return cast(Made, Tls(*(str(home / each) if each else "" for each in files)))


def section_of(name: str, key: str, table: Mapping[str, Any]) -> Mapping[str, Any]:
    """A section inside another; empty where it is not there. Raises `ValueError`, naming the setting."""
    found = table.get(key, {})
    if not isinstance(found, Mapping):
        raise ValueError(f"{name}.{key}: must be a section")
    return found


def made(kind: type[Made], table: Mapping[str, Any], where: str, home: Path) -> Made:
    """A dataclass of a table that has none but its fields, each of its type. Raises `ValueError`, naming the setting."""
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]
    files = {f"{each.name}_file": each.name for each in known.values() if not each.repr}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key in files:
            values[files[key]] = _from_file(f"{where}.{key}", value, home)
        elif key in known:
            values[key] = _typed(f"{where}.{key}", str(known[key].type), value)
        else:
            raise ValueError(f"{where}.{key}: unknown setting; there are {', '.join((*known, *files))}")
    for name, each in known.items():
        if name not in values and each.default is MISSING and each.default_factory is MISSING:
            raise ValueError(f"{where}.{name}: missing")
    return kind(**values)


def _from_file(where: str, file: Any, home: Path) -> str:
    try:
        return (home / str(_typed(where, "str", file))).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise ValueError(f"{where}: the file cannot be read") from error


def _typed(where: str, kind: str, value: Any) -> Any:
    """A value of the kind that the annotation names, as dataclasses keep it."""
    if choices := re.findall(r"'(\w+)'", kind):
        good = value in choices
        expected = f"one of {', '.join(choices)}"
    elif kind.startswith("tuple"):
        good = isinstance(value, list) and all(isinstance(each, str) for each in value)
        value, expected = tuple(value) if good else value, "a list of texts"
    elif kind.startswith("Mapping[str, Mapping"):
        good = isinstance(value, Mapping) and all(_is_texts(each) for each in value.values())
        expected = "a section of tables of texts"
    elif kind.startswith("Mapping"):
        good, expected = _is_texts(value), "a table of texts"
    elif kind == "Ordinal":
        good, expected = type(value) is int and value >= 0, "a whole number"
    elif kind in ("int", "float"):
        good = isinstance(value, (int, float) if kind == "float" else int) and not isinstance(value, bool)
        good, expected = good and value > 0, "a number above zero"
    else:
        good, expected = isinstance(value, str), "a text"
    if not good:
        raise ValueError(f"{where}: must be {expected}")
    return value


def _is_texts(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(each, str) for each in value.values())
