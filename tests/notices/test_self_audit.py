"""By night every chain, a sample of the files and every anchor are looked at; what is wrong is named, the report signed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from seal_samples import CASE, NOON, SIGNER, authority, case_links, own_key, paper, sample, stamping

from audit.case_chain import CaseEvent, CaseHead, CaseLink, link_event
from audit.heads import Signer
from locales import as_written
from notices.anchors import Anchor, make_anchor, read_heads, write_heads
from notices.sealing import seal
from notices.self_audit import FOUND, Finding, Report, is_signed, sampled, self_audit, signed
from notices.verifying import Known

WANG = "the-notice-of-wang"
NIGHT = NOON + timedelta(hours=14)


class Plant:
    """Two notices, of 阿丽 and 老王, sealed; one anchor."""

    def __init__(self) -> None:
        ali = sample()
        file = seal(paper("老王的告知书"), own_key(), stamping(authority()), NOON + timedelta(seconds=4))
        self.trust = ali.known.trust
        self.chains: dict[str, tuple[CaseLink, ...]] = {
            CASE: ali.links,
            WANG: case_links(file, paper("老王的告知书"), WANG),
        }
        self.pdfs = {ali.file.sha256: (CASE, ali.file.pdf), file.sha256: (WANG, file.pdf)}
        heads = tuple(CaseHead(case, links[-1].seq, links[-1].hash) for case, links in self.chains.items())
        anchor, _ = make_anchor(heads, date(2026, 11, 20), NOON, stamping(authority()))
        self.outside: list[tuple[Anchor, tuple[CaseHead, ...]]] = [(anchor, heads)]
        self.inside = {anchor.on: anchor.root}

    def cases(self) -> list[str]:
        return list(self.chains)

    def links(self, case: str) -> tuple[CaseLink, ...]:
        return self.chains[case]

    def files(self) -> list[str]:
        return list(self.pdfs)

    def known(self, sha256: str) -> Known | None:
        case, pdf = self.pdfs[sha256]
        return Known(self.trust, case, self.chains[case], pdf=pdf) if pdf and case in self.chains else None

    def roots(self) -> dict[date, bytes]:
        return self.inside

    def anchored(self) -> list[tuple[Anchor, tuple[CaseHead, ...]]]:
        return self.outside


@pytest.fixture
def plant() -> Plant:
    return Plant()


def audited(plant: Plant) -> Report:
    return self_audit(plant, plant.trust, NIGHT)


def found(plant: Plant) -> list[tuple[str, str]]:
    return [(each.what, each.case) for each in audited(plant).findings]


def test_all_is_well(plant: Plant) -> None:
    report = audited(plant)
    assert report == Report(NIGHT, cases=2, events=10, files=2, anchors=1)
    text, figures = report.line
    assert (
        as_written(text, **figures)
        == "2026-11-21 02:00 自查：2 条链、抽查的 2 份文件、1 天的锚点，都对得上。"
    )


def test_an_event_that_was_changed(plant: Plant) -> None:
    links = plant.chains[WANG]
    other = replace(links[1], body=links[1].body.replace("wechat", "mail"))
    plant.chains[WANG] = (links[0], other, *links[2:])
    assert found(plant) == [("chain", WANG), ("file", WANG)]
    report = audited(plant)
    assert report.findings[0].said(as_written) == "链断在第 2 条：内容被改过。"
    text, figures = report.line
    assert "有 2 处对不上" in as_written(text, **figures)


def test_a_roll_back_that_the_anchor_knows_of(plant: Plant) -> None:
    plant.chains[CASE] = plant.chains[CASE][:4]
    assert found(plant) == [("chain", CASE)]
    last = plant.chains[CASE][-1]
    other = link_event(CASE, 5, CaseEvent("withdrawn", "account:2a0"), NOON, last, SIGNER)
    plant.chains[CASE] = (*plant.chains[CASE], other)
    assert found(plant) == [("chain", CASE)]
    assert "重写过" in audited(plant).findings[0].said(as_written)
    plant.outside, plant.inside = [], {}
    assert found(plant) == []  # nothing outside knows of it


def test_a_case_that_is_gone(plant: Plant) -> None:
    del plant.chains[WANG]
    plant.pdfs = {sha256: each for sha256, each in plant.pdfs.items() if each[0] != WANG}
    assert found(plant) == [("gone", WANG)]


def test_a_file_that_is_gone_or_another(plant: Plant) -> None:
    sha256 = sample().file.sha256
    before = dict(plant.pdfs)
    del plant.pdfs[sha256]
    assert found(plant) == [("no_file", CASE)]
    erased = link_event(CASE, 6, CaseEvent("erased", "system"), NOON, plant.chains[CASE][-1], SIGNER)
    plant.chains[CASE] = (*plant.chains[CASE], erased)
    assert found(plant) == []
    plant.pdfs = before | {sha256: (CASE, sample().file.pdf + b"\n")}
    assert found(plant) == [("file", CASE)]
    plant.pdfs = before | {sha256: (CASE, b"")}
    assert found(plant) == [("file", "")]


def test_a_sealed_file_whose_certificate_nobody_knows(plant: Plant) -> None:
    plant.trust = replace(plant.trust, seals=())
    assert {each for each in found(plant)} == {("file", CASE), ("file", WANG)}
    titles = {each.said(as_written) for each in audited(plant).findings}
    assert titles == {
        "封存的文件查出问题：是不是这家单位的章，只有一个章。",
        "封存的文件查出问题：盖章以后有没有改过。",
    }


def test_anchors_inside_and_outside_the_database(plant: Plant) -> None:
    (anchor, heads), day = plant.outside[0], timedelta(days=1)
    plant.inside = {anchor.on: bytes(32)}
    assert found(plant) == [("anchor_file", "")]
    plant.inside = {}
    assert found(plant) == [("anchor_file", "")]
    plant.inside = {anchor.on: anchor.root, anchor.on + day: bytes(32)}
    report = audited(plant)
    assert [each.said(as_written) for each in report.findings] == [
        "2026-11-21 的锚点，库外的文件没有、缺了，或者和库里的不一样。"
    ]
    plant.inside = {anchor.on: anchor.root}
    plant.outside = [(replace(anchor, token=b"none"), heads)]
    assert found(plant) == [("anchor", "")]
    plant.outside = [(replace(anchor, token=b""), heads)]
    assert found(plant) == []


def test_the_file_of_an_anchor(plant: Plant) -> None:
    anchor, heads = plant.outside[0]
    lines = list(write_heads(anchor, heads))
    assert read_heads(lines) == (anchor, tuple(sorted(heads, key=lambda each: each.case)))
    for wrong in ([], lines[:-1], [*lines, lines[-1]], [lines[0], "[1]\n"], ["no JSON\n"], [lines[0], "7"]):
        with pytest.raises(ValueError, match=r".*"):
            read_heads(wrong)
    failing = authority()
    failing.mode = "refuses"
    bare, failure = make_anchor(heads, anchor.on, NOON, stamping(failing))
    failing.mode = "good"
    assert (bare.root, bare.token, failure) == (anchor.root, b"", "refused")


def test_every_file_has_its_turn() -> None:
    hashes = [f"{number:064x}" for number in range(60)]
    days = [date(2026, 11, 1) + timedelta(days=number) for number in range(40)]
    taken = [sampled(hashes, day, 10) for day in days]
    assert all(len(set(each)) == 10 for each in taken) and taken[0] != taken[1]
    assert set().union(*taken) == set(hashes)
    assert sampled(hashes, days[0], 10) == sampled(reversed(hashes), days[0], 10)


def test_the_report_is_signed(plant: Plant) -> None:
    del plant.chains[WANG]
    text = signed(audited(plant), SIGNER)
    assert is_signed(text, SIGNER.public) and not is_signed(text, Signer(bytes(32)).public)
    data = json.loads(text)
    assert data["found"] == len(data["findings"]) == 2
    assert not is_signed(json.dumps(data | {"found": 0}), SIGNER.public)
    garbage: list[Any] = ["", "[]", "{}", "7", '{"signature":"zz"}', '{"signature":7}', "[" * 100_000]
    for each in garbage:
        assert not is_signed(each, SIGNER.public)


def test_a_report_names_so_many_and_counts_all() -> None:
    many = Report(NIGHT, 1, 1, 0, 0, tuple(Finding("gone", str(number)) for number in range(500)))
    data = many.as_json()
    assert data["found"] == 500 and len(data["findings"]) == 200


def test_nothing_personal_is_reported(plant: Plant) -> None:
    del plant.chains[WANG]
    told = signed(audited(plant), SIGNER) + repr(audited(plant))
    for personal in ("阿丽", "老王", "A0007", "药钱"):
        assert personal not in told
    assert set(FOUND) == {"chain", "gone", "file", "no_file", "anchor", "anchor_file"}
