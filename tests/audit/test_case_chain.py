"""Whatever is done to the chain of a case is found; what is erased beside it leaves it whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from audit.case_chain import (
    WHYS,
    CaseCheck,
    CaseEvent,
    CaseHead,
    CaseLink,
    Committed,
    Why,
    check_case,
    digest,
    head_bytes,
    link_event,
    merkle_path,
    merkle_root,
    read_body,
    read_short_code,
    root_over,
    short_code,
)
from audit.chain import BEGINNING
from audit.heads import Signer

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
SIGNER = Signer(bytes(range(32)))
THIEF = Signer(bytes(32))
CASE = "the-notice-of-ali"
SEALED = sha256(b"the sealed file").hexdigest()
EVENTS = (
    CaseEvent("issued", "account:2a0", {"month": "2026-11"}, {"employee": "E-0007", "name": "阿丽"}),
    CaseEvent("sent", "system", {"channel": "wechat", "step": 1, "kind": "first"}),
    CaseEvent("entered", "employee", {"by": ["channel", "code", "id_tail"]}),
    CaseEvent("answered", "employee", {"outcome": "refused", "late": False}, {"statement": "家里药钱紧"}),
    CaseEvent("sealed", "system", {"sealed_sha256": SEALED, "level": "B-B"}),
    CaseEvent("copy_sent", "system", {"channel": "wechat"}),
)

Chain = list[CaseLink]


def chain(events: tuple[CaseEvent, ...] = EVENTS, case: str = CASE) -> Chain:
    links: Chain = []
    for minutes, event in enumerate(events, 1):
        links.append(
            link_event(
                case,
                minutes,
                event,
                NOON + timedelta(minutes=minutes),
                links[-1] if links else None,
                SIGNER,
            )
        )
    return links


def found(links: Chain, written: int = 0, anchored: Mapping[int, bytes] | None = None) -> tuple[int, Any]:
    check = check_case(CASE, links, SIGNER.public, written, anchored)
    return check.last, check.why


def with_body(link: CaseLink, **changes: Any) -> CaseLink:
    return replace(link, body=rfc8785.dumps({**link.data, **changes}).decode())


def forged(links: Chain, signer: Signer) -> Chain:
    """The chain with every hash and signature made anew, as somebody would who rewrites everything."""
    anew: Chain = []
    for seq, each in enumerate(links, 1):
        body = rfc8785.dumps({**each.data, "seq": seq}).decode()
        hash = digest(anew[-1].hash if anew else BEGINNING, body)
        signature = signer.signature_of(head_bytes(CASE, seq, hash))
        anew.append(replace(each, seq=seq, body=body, hash=hash, signature=signature))
    return anew


def without(links: Chain, place: int) -> Chain:
    return links[:place] + links[place + 1 :]


def test_a_chain_as_it_was_written_is_whole() -> None:
    links = chain()
    assert check_case(CASE, links, SIGNER.public, 6) == CaseCheck(6, links[5].hash)
    assert check_case(CASE, (), SIGNER.public) == CaseCheck(0, BEGINNING)
    assert found(links, anchored={2: links[1].hash, 6: links[5].hash}) == (6, None)


def test_nothing_personal_stands_in_the_chain() -> None:
    text = "".join(each.body for each in chain())
    for personal in ("阿丽", "E-0007", "药钱"):
        assert personal not in text
    assert all(personal not in repr(chain()) for personal in ("阿丽", "E-0007", "药钱"))


ALTERATIONS: Mapping[str, tuple[Callable[[Chain], Chain], tuple[int, Why]]] = {
    "an event is edited": (
        lambda links: [links[0], with_body(links[1], actor="account:9"), *links[2:]],
        (1, "altered"),
    ),
    "a refusal becomes a signature": (
        lambda links: [*links[:3], with_body(links[3], data={"outcome": "acknowledged"}), *links[4:]],
        (3, "altered"),
    ),
    "an event is edited and its hash made anew": (
        lambda links: [*links[:3], *forged(links, THIEF)[3:]],
        (3, "signature"),
    ),
    "one in the middle is deleted": (lambda links: without(links, 2), (2, "missing")),
    "the first is deleted": (lambda links: links[1:], (0, "missing")),
    "one in the middle is deleted and the rest numbered anew": (
        lambda links: [*links[:2], *(replace(each, seq=each.seq - 1) for each in links[3:])],
        (2, "moved"),
    ),
    "two are swapped": (
        lambda links: [links[0], replace(links[2], seq=2), replace(links[1], seq=3), *links[3:]],
        (1, "moved"),
    ),
    "one is there twice": (lambda links: [*links[:3], links[2], *links[3:]], (3, "repeated")),
    "the last is deleted and its place taken by a forged head": (
        lambda links: [*links[:5], *forged(links, THIEF)[5:]],
        (5, "signature"),
    ),
    "the whole chain is forged": (lambda links: forged(links, THIEF), (0, "signature")),
    "it is the chain of another notice": (lambda links: chain(case="the-notice-of-wang"), (0, "moved")),
    "an event of another notice stands in it": (
        lambda links: [*links[:2], chain(case="the-notice-of-wang")[2], *links[3:]],
        (2, "moved"),
    ),
    "a value is changed": (
        lambda links: [
            *links[:3],
            replace(links[3], committed={"statement": Committed("我同意", bytes(16))}),
            *links[4:],
        ],
        (3, "altered"),
    ),
    "a value is added": (
        lambda links: [
            replace(links[0], committed={**links[0].committed, "wage": Committed("3500", bytes(16))}),
            *links[1:],
        ],
        (0, "altered"),
    ),
}


@pytest.mark.parametrize("what", ALTERATIONS)
def test_what_is_done_to_it_is_found(what: str) -> None:
    alter, expected = ALTERATIONS[what]
    assert found(alter(chain())) == expected


def test_the_last_is_deleted() -> None:
    links = chain()
    assert found(links[:5], written=6) == (5, "truncated")
    assert found(links[:5], anchored={6: links[5].hash}) == (5, "truncated")


def test_a_roll_back_with_an_old_head_is_found_from_outside_alone() -> None:
    """The key's own signature stands under every head: what is missing can only be known elsewhere."""
    links = chain()
    back = links[:3]
    assert found(back) == (3, None)
    assert found(back, written=6) == (3, "truncated")
    # Rolled back, and another answer written with the company's own key.
    other = [*back, link_event(CASE, 4, CaseEvent("silent", "system"), NOON, back[-1], SIGNER)]
    assert found(other) == (4, None)
    assert found(other, anchored={4: links[3].hash}) == (3, "rewritten")
    # The day's anchor, without knowing which case it is.
    neighbour = CaseHead("the-notice-of-wang", 2, bytes(32))
    anchor = merkle_root((CaseHead(CASE, 6, links[5].hash), neighbour))
    assert merkle_root((CaseHead(CASE, 3, back[-1].hash), neighbour)) != anchor
    assert merkle_root((CaseHead(CASE, 4, other[-1].hash), neighbour)) != anchor


def test_the_code_in_the_employees_hand_finds_a_roll_back_behind_the_seal() -> None:
    links = chain()
    code = short_code(SEALED, links[4].hash)
    assert read_short_code(code.lower().replace("-", " ")) == code
    again = [*links[:3], link_event(CASE, 4, EVENTS[4], NOON, links[2], SIGNER)]
    assert found(again) == (4, None)
    assert short_code(SEALED, again[3].hash) != code
    assert short_code(sha256(b"another file").hexdigest(), links[4].hash) != code


def test_erased_salts_leave_the_chain_whole() -> None:
    links = [replace(each, committed={}) for each in chain()]
    assert found(links, written=6) == (6, None)
    part = chain()
    part[0] = replace(part[0], committed={"name": part[0].committed["name"]})
    assert found(part) == (6, None)


def test_the_same_value_has_another_hash_in_every_event() -> None:
    first, second = chain()[0], chain()[0]
    assert first.committed["name"].hash != second.committed["name"].hash
    assert first.data["values"]["name"] == first.committed["name"].hash


# -- Hostile bodies ----------------------------------------------------------------------------------------------------

BODY = chain()[0].body
GARBAGE: Mapping[str, Any] = {
    "nothing": "",
    "no text": None,
    "bytes": BODY.encode(),
    "no JSON": "{",
    "a list": "[]",
    "a number": "1",
    "a word": '"v"',
    "null": "null",
    "nested without end": "[" * 100_000,
    "a number without end": "9" * 10_000,
    "half a character": '"\ud800"',
    "half a character, escaped": '{"v":"\\ud800"}',
    "a space": BODY.replace('"v":1', '"v": 1'),
    "another order": json.dumps(json.loads(BODY), ensure_ascii=False, separators=(",", ":")).replace(
        '"v":1', '"v":1,"a":1'
    ),
    "a key twice": BODY.replace('"v":1', '"v":1,"v":1'),
    "an escape that is not needed": BODY.replace("account", "\\u0061ccount"),
    "a float": BODY.replace('"v":1', '"v":1.0'),
    "an exponent": BODY.replace('"v":1', '"v":1e0'),
    "NaN": BODY.replace('"v":1', '"v":NaN'),
    "true for one": BODY.replace('"seq":1', '"seq":true'),
    "another form": BODY.replace('"v":1', '"v":2'),
    "a text for the number": BODY.replace('"seq":1', '"seq":"1"'),
    "no values": BODY.replace(BODY[BODY.index('"values"') :], '"values":[]}'),
    "values that are no hashes": rfc8785.dumps({**json.loads(BODY), "values": {"name": 1}}).decode(),
    "one key more": rfc8785.dumps({**json.loads(BODY), "w": 1}).decode(),
    "one key less": rfc8785.dumps(
        {name: each for name, each in json.loads(BODY).items() if name != "at"}
    ).decode(),
    "a line after it": BODY + "\n",
}


@pytest.mark.parametrize("what", GARBAGE)
def test_a_body_that_was_never_written_is_altered_and_raises_nothing(what: str) -> None:
    first, *rest = chain()
    assert read_body(GARBAGE[what]) is None
    body = GARBAGE[what]
    hash = digest(BEGINNING, body) if isinstance(body, str) else first.hash
    signature = SIGNER.signature_of(head_bytes(CASE, 1, hash))
    assert found([replace(first, body=body, hash=hash, signature=signature), *rest]) == (0, "altered")


@pytest.mark.parametrize("seq", ["1", None, 1.0, True, [1]])
def test_a_number_that_is_none_is_altered(seq: Any) -> None:
    assert found([replace(chain()[0], seq=seq)]) == (0, "altered")


@pytest.mark.parametrize("hash", [b"", b"x" * 32, None, "00" * 32])
def test_a_hash_that_is_none_is_altered(hash: Any) -> None:
    assert found([replace(chain()[0], hash=hash)]) == (0, "altered")


@pytest.mark.parametrize("signature", [b"", b"x" * 64, b"x" * 63, None, "00" * 64])
def test_a_signature_that_is_none(signature: Any) -> None:
    assert found([replace(chain()[0], signature=signature)]) == (0, "signature")


@pytest.mark.parametrize("public", [b"", bytes(31), b"\xff" * 32, None])
def test_a_key_that_is_none(public: Any) -> None:
    assert check_case(CASE, chain(), public).why == "signature"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(json.loads(BODY))), anything))
def test_no_body_whatever_raises(changes: dict[str, Any]) -> None:
    body = json.dumps({**json.loads(BODY), **changes})
    first = chain()[0]
    assert check_case(CASE, [replace(first, body=body)], SIGNER.public).why is not None or body == first.body


@given(st.text() | st.binary())
def test_no_text_whatever_raises(body: Any) -> None:
    assert check_case(CASE, [replace(chain()[0], body=body)], SIGNER.public).why == "altered"


# -- The day's anchor --------------------------------------------------------------------------------------------------


def heads(count: int) -> list[CaseHead]:
    return [
        CaseHead(f"case-{place:03}", place + 1, sha256(str(place).encode()).digest())
        for place in range(count)
    ]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 9, 33])
def test_every_head_has_a_path_to_the_root(count: int) -> None:
    every = heads(count)
    root = merkle_root(reversed(every))
    assert root == merkle_root(every)
    for head in every:
        path = merkle_path(every, head.case)
        assert root_over(head, path) == root
        assert root_over(replace(head, seq=head.seq + 1), path) != root
    with pytest.raises(KeyError):
        merkle_path(every, "case-999")


def test_the_root_tells_every_set_of_heads_from_every_other() -> None:
    every = heads(5)
    roots = {merkle_root(every[:count]) for count in range(6)} | {merkle_root([*every, every[4]])}
    assert len(roots) == 7
    # No inner hash passes for a head: leaves and inner nodes are hashed differently.
    assert merkle_root(()) == sha256(b"").digest()


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("YPJZ-TGPH-D8G3", "YPJZ-TGPH-D8G3"),
        ("ypjztgphd8g3", "YPJZ-TGPH-D8G3"),
        ("oIlo oooo 0000", "0110-0000-0000"),
        ("ＹＰＪＺ ＴＧＰＨ Ｄ８Ｇ３", "YPJZ-TGPH-D8G3"),
        ("YPJZ-TGPH-D8G", ""),
        ("YPJZ-TGPH-D8GU", ""),
        ("阿丽阿丽阿丽阿丽阿丽阿丽", ""),
        ("", ""),
    ],
)
def test_a_code_is_read_as_people_type_it(typed: str, read: str) -> None:
    assert read_short_code(typed) == read


def test_every_break_has_words() -> None:
    assert set(WHYS) == set(Why.__args__)  # type: ignore[attr-defined]
