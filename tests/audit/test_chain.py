"""Whatever is done to the chain is found, and the first event that is not as it was written is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audit.chain import BEGINNING, WHYS, Broken, Check, Item, Link, Reason, check, digest, link
from audit.events import EMPLOYEE, SYSTEM, Event, account, employee, task
from audit.exported import NotAnExport, Opening, read_key, verify, write
from audit.heads import Head, Signer, is_signed, standing

NOON = datetime(2026, 10, 15, 4, tzinfo=UTC)
SIGNER = Signer(bytes(range(32)))
ALI, WANG = employee("of-ali"), employee("of-wang")
ZHAO = account("2a0")
EVENTS = (
    Event("sign_in", ZHAO),
    Event("log_search", ZHAO, (ALI,)),
    Event("log_check", ZHAO, (ALI, WANG), reason="阿丽要求核对"),
    Event("log_export", ZHAO, details={"form": "jsonl", "events": 3}),
    Event("sign_out", ZHAO),
)

Chain = list[Link]


def chain() -> Chain:
    links: Chain = []
    for seq, event in enumerate(EVENTS, 1):
        before = links[-1].hash if links else BEGINNING
        links.append(link(seq, event, NOON + timedelta(minutes=seq), before))
    return links


def head_of(each: Link, **changes: Any) -> Head:
    return SIGNER.sign(Head(each.seq, each.hash, NOON, **changes))


def found(links: Chain, *heads: Head, written: int = 0) -> Broken | None:
    return check(links, heads, SIGNER.public, written).broken


def with_body(each: Link, **changes: Any) -> Link:
    """The event with another body whose hash is right again, as somebody would forge it who knows how it is made."""
    body = json.dumps(
        json.loads(each.body) | changes, ensure_ascii=False, separators=(",", ":"), sort_keys=True
    )
    return replace(each, body=body)


def relinked(links: Chain) -> Chain:
    """The chain with every hash made anew, as somebody would forge it who rewrites everything."""
    anew: Chain = []
    for each in links:
        anew.append(replace(each, hash=digest(anew[-1].hash if anew else BEGINNING, each.body)))
    return anew


def test_a_chain_as_it_was_written_is_whole() -> None:
    links = chain()
    heads = (head_of(links[2]), head_of(links[4]))
    assert check(links, heads, SIGNER.public, 5) == Check(5, links[4].hash)
    assert check((), (), SIGNER.public) == Check(0, BEGINNING)


def test_what_is_chained_tells_nothing_about_anybody() -> None:
    text = "".join(each.body for each in chain())
    for personal in ("of-ali", "of-wang", "阿丽", "核对"):
        assert personal not in text
    assert text.count('"count":2') == 1


def test_the_same_person_has_another_hash_in_every_event() -> None:
    once, again = (link(1, Event("log_search", ZHAO, (ALI,)), NOON, BEGINNING) for _ in range(2))
    assert once.items[0].hash != again.items[0].hash


def test_an_employee_who_acts_stands_where_they_can_be_erased() -> None:
    event = Event("sign_in", ALI, (task("T-000001"), ALI))
    assert event.actor == EMPLOYEE and event.about == (ALI, task("T-000001"))
    assert "of-ali" not in link(1, event, NOON, BEGINNING).body


def test_an_act_that_is_not_listed_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="not an act"):
        Event("nothing", SYSTEM)


def put(links: Chain, **changes: Any) -> None:
    links[1] = replace(links[1], **changes)


def swap(links: Chain) -> None:
    links[1], links[2] = replace(links[2], seq=2), replace(links[1], seq=3)


def delete_and_close_up(links: Chain) -> None:
    del links[2]
    links[2:] = [replace(each, seq=each.seq - 1) for each in links[2:]]


def insert_and_move_up(links: Chain) -> None:
    forged = link(3, Event("sign_in", account("nobody")), NOON, links[1].hash)
    links[2:] = [forged, *(replace(each, seq=each.seq + 1) for each in links[2:])]


def insert_without_the_hash(links: Chain) -> None:
    links[2] = replace(link(3, Event("sign_in", ZHAO), NOON, BEGINNING), seq=3)


@pytest.mark.parametrize(
    ("change", "seq", "why"),
    [
        (lambda links: put(links, body=links[1].body.replace("log_search", "sign_in")), 2, "altered"),
        (lambda links: put(links, body="not JSON"), 2, "altered"),
        (lambda links: put(links, body="[]"), 2, "altered"),
        (lambda links: put(links, body="{}"), 2, "altered"),
        (lambda links: put(links, hash=bytes(32)), 2, "altered"),
        (lambda links: put(links, index=("2026-10-15T04:02:00.000Z", "sign_in", ZHAO)), 2, "index"),
        (lambda links: links.__delitem__(2), 3, "missing"),
        (lambda links: links.__delitem__(0), 1, "missing"),
        (lambda links: links.insert(2, links[1]), 2, "repeated"),
        (swap, 2, "moved"),
        (delete_and_close_up, 3, "moved"),
        (insert_and_move_up, 4, "moved"),
        (insert_without_the_hash, 3, "altered"),
    ],
)  # fmt: skip
def test_every_alteration_is_found_at_its_event(change: Callable[[Chain], None], seq: int, why: Any) -> None:
    links = chain()
    change(links)
    assert found(links) == Broken(seq, why)
    assert WHYS[why]


@pytest.mark.parametrize(
    "items",
    [
        lambda items: items[:1],
        lambda items: (*items, Item(bytes(32), None, None)),
        lambda items: (replace(items[0], subject=employee("0000")), items[1]),
        lambda items: (replace(items[0], subject=employee("0000"), salt=None), items[1]),
        lambda items: (replace(items[0], subject=None), items[1]),
        lambda items: (replace(items[0], salt=bytes(16)), items[1]),
        lambda items: (),
    ],
)
def test_a_list_that_was_changed_is_found(items: Callable[[Any], tuple[Item, ...]]) -> None:
    links = chain()
    links[2] = replace(links[2], items=items(links[2].items))
    assert found(links) == Broken(3, "list")


def test_the_order_in_which_a_list_is_read_does_not_matter() -> None:
    links = chain()
    links[2] = replace(links[2], items=links[2].items[::-1])
    assert found(links) is None


def test_a_reason_that_was_changed_or_added_is_found() -> None:
    links = chain()
    assert links[2].reason is not None
    assert found(
        [*links[:2], replace(links[2], reason=replace(links[2].reason, text="别的")), *links[3:]]
    ) == Broken(3, "reason")
    assert found([replace(links[0], reason=Reason("后来补的", bytes(16))), *links[1:]]) == Broken(1, "reason")  # fmt: skip


def test_erasing_a_person_and_a_reason_leaves_the_chain_whole() -> None:
    links = chain()
    whole = len(exported(links)[3])
    gone = tuple(Item(each.hash, None, None) if each.subject == ALI else each for each in links[2].items)
    links[1] = replace(links[1], items=(Item(links[1].items[0].hash, None, None),))
    links[2] = replace(links[2], items=gone, reason=None)
    assert found(links, head_of(links[4]), written=5) is None
    lines = exported(links, head_of(links[4]))
    assert len(lines[3]) < whole and verify(lines)[1].broken is None


def test_a_chain_that_was_rewritten_does_not_fit_the_heads_that_were_signed() -> None:
    links = chain()
    heads = (head_of(links[1]), head_of(links[4]))
    links[3] = with_body(links[3], details={"form": "xlsx"})
    forged = relinked(links)
    assert found(forged) is None
    assert found(forged, *heads) == Broken(5, "head")


def test_a_forged_head_is_found() -> None:
    links = chain()
    other = Signer(bytes(32)).sign(Head(5, links[4].hash, NOON))
    assert found(links, other) == Broken(5, "signature")
    assert found(links, replace(other, seq=9), head_of(replace(links[4], seq=8))) == Broken(9, "signature")
    assert not is_signed(replace(head_of(links[4]), at=NOON + timedelta(days=1)), SIGNER.public)


def test_an_end_that_was_cut_off_is_found_by_a_head_or_by_the_count() -> None:
    links = chain()
    assert found(links[:3]) is None
    assert found(links[:3], head_of(links[4])) == Broken(4, "truncated")
    assert found(links[:3], written=5) == Broken(4, "truncated")
    assert found([], head_of(links[0])) == Broken(1, "truncated")


def test_a_head_from_outside_tells_a_database_that_was_put_back() -> None:
    """The end is deleted and the head before put back with it: only the copy outside still knows."""
    links = chain()
    inside, outside = (head_of(links[2]),), (head_of(links[2]), head_of(links[4]))
    assert found(links[:3], *inside) is None
    assert found(links[:3], *standing(outside, SIGNER.public)) == Broken(4, "truncated")


def test_putting_back_a_backup_on_purpose_ends_the_heads_after_it() -> None:
    links = chain()
    file = (head_of(links[1]), head_of(links[4]), head_of(links[2], restored=True))
    kept = standing(file, SIGNER.public)
    assert [head.seq for head in kept] == [2, 3]
    went_on = [*links[:3], link(4, Event("restore", SYSTEM), NOON, links[2].hash)]
    assert found(went_on, *kept) is None
    assert standing((file[1], replace(file[2], signature=bytes(64))), SIGNER.public)[0] == file[1]


def test_a_head_goes_through_json_and_nothing_else_does() -> None:
    head = head_of(chain()[0], restored=True)
    assert Head.from_json(json.loads(json.dumps(head.as_json()))) == head
    for data in ({}, [], None, head.as_json() | {"form": "x"}, head.as_json() | {"seq": "one"}):
        with pytest.raises(ValueError):
            Head.from_json(data)


# -- The file --------------------------------------------------------------------------------------------------------


def exported(links: Chain, *heads: Head) -> list[str]:
    return list(write(Opening(SIGNER.public, NOON, len(links), heads), links))


def test_an_export_is_checked_without_anything_else() -> None:
    links = chain()
    lines = exported(links, head_of(links[4]))
    opening, result = verify(lines)
    assert (opening.last, opening.made_at, opening.heads) == (5, NOON, (head_of(links[4]),))
    assert result == Check(5, links[4].hash)
    assert "阿丽要求核对" not in "".join(lines) and "\\u" not in lines[1]


def test_an_export_is_checked_with_the_key_that_somebody_already_has() -> None:
    links = chain()
    lines = exported(links, head_of(links[4]))
    other = Signer(bytes(32)).public
    assert verify(lines, read_key(other.hex()))[1].broken == Broken(5, "signature")


def test_lines_that_are_missing_or_altered_are_named() -> None:
    links = chain()
    lines = exported(links, head_of(links[4]))
    assert verify(lines[:-1])[1].broken == Broken(5, "truncated")
    assert verify([*lines[:2], *lines[3:]])[1].broken == Broken(2, "moved")
    assert verify([*lines[:1], lines[1].replace("sign_in", "sign_up"), *lines[2:]])[1].broken == Broken(
        1, "altered"
    )


@pytest.mark.parametrize(
    "first",
    [
        "",
        "{}",
        "[]",
        '{"form": "another"}',
        '{"form": "shebao audit 1"}',
        '{"form": "shebao audit 1", "key": "00", "made_at": "x"}',
    ],
)
def test_a_file_that_is_no_export_is_told_apart(first: str) -> None:
    with pytest.raises(NotAnExport, match="line 1: not the beginning"):
        verify([first] if first else [])


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        '{"body": 1, "hash": "", "items": []}',
        '{"body": "", "hash": "xx", "items": []}',
        '{"body": "", "hash": "", "items": [1]}',
        '{"body": "", "hash": "", "items": [{"hash": "", "subject": 5, "salt": ""}]}',
        '{"body": "", "hash": "", "items": [{"hash": "", "subject": "x"}]}',
    ],
)
def test_a_line_that_is_no_event_is_named(line: str) -> None:
    with pytest.raises(NotAnExport, match="line 3: not an event"):
        verify([*exported(chain())[:2], line])
