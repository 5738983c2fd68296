"""The evidence of a case checks itself on another computer, and says first what it does not prove."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from seal_samples import (
    CASE,
    COMPANY,
    NOON,
    SIGNER,
    Sample,
    authority,
    case_links,
    own_key,
    paper,
    sample,
    stamping,
)
from test_verifying import ALTERED

from audit.case_chain import CaseEvent, CaseHead, CaseLink, link_event, short_code
from notices import bundle_verifier
from notices.anchors import make_anchor, under
from notices.bundle import (
    Evidence,
    NotABundle,
    OtherFile,
    SealedFile,
    exhibits,
    read_bundle,
    verify_bundle,
    write_bundle,
)
from notices.paper import Exhibit
from notices.sealing import seal, stamp_later
from notices.verifying import Known

Files = dict[str, bytes]
RECEIPT = OtherFile(
    Exhibit("邮寄回执", "邮政", "寄出和签收的日期", "1"), "回执 EMS.jpg", b"\xff\xd8 a picture"
)


def evidence(made: Sample | None = None, *, anchored: bool = True, later: bool = False) -> Evidence:
    made = made or sample(True)
    known = made.known
    if anchored:
        heads = [CaseHead("the-notice-of-wang", 3, bytes(32)), CaseHead(CASE, 5, made.links[4].hash)]
        anchor, _ = make_anchor(heads, date(2026, 11, 20), NOON, stamping(authority()))
        found = under(anchor, heads, CASE)
        assert found is not None
        known = replace(known, anchors=(found,))
    if later:
        known = replace(known, token=stamp_later(made.file.sha256, stamping(authority())).response)
    file = SealedFile("社会保险缴纳告知书 N-000123", made.file.pdf, known)
    return Evidence(COMPANY, "社会保险缴纳告知书", "N-000123", NOON, known.trust, (file,), (RECEIPT,))


@cache
def bundle() -> bytes:
    return write_bundle(evidence())


def unpacked(data: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def relisted(files: Files) -> Files:
    """The list made anew, as somebody would who changes a file and knows how the list is made."""
    manifest = json.loads(files["manifest.json"])
    for each in manifest["files"]:
        if each["path"] in files:
            each["sha256"] = hashlib.sha256(files[each["path"]]).hexdigest()
    return {**files, "manifest.json": json.dumps(manifest).encode()}


def run(folder: Path, *arguments: str, python: tuple[str, ...] = ("-I",)) -> tuple[int, Any]:
    """The one-file verifier as a stranger runs it."""
    done = subprocess.run(
        [sys.executable, *python, str(folder / "verify.py"), "--json", *arguments],
        cwd=folder, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode == 2:
        return 2, done.stderr.decode()
    return done.returncode, json.loads(done.stdout)


def states(told: Any) -> dict[str, str]:
    return {line["key"]: line["state"] for line in told["lines"]}


def failed(told: Any) -> set[str]:
    return {line["key"] for line in told["lines"] if line["state"] == "failed"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder with the verifier out of the bundle, and nothing else."""
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "verify.py").write_bytes(unpacked(bundle())["verify.py"])
    return tmp_path / "alone"


# -- What is in it -----------------------------------------------------------------------------------------------------


def test_the_readme_says_first_what_is_not_proven() -> None:
    files = unpacked(bundle())
    readme = files["README.txt"].decode()
    assert next(iter(files)) == "README.txt"
    assert readme.index("不能证明的") < readme.index("可以核对的") < readme.index("怎么验")
    assert "自建的" in readme and COMPANY in readme and "{" not in readme
    for name in files:
        assert name in readme
    for never in ("放弃", "系统判定", "不符合资格", "骗保"):
        assert never not in readme
    bare = unpacked(write_bundle(evidence(sample(), anchored=False)))["README.txt"].decode()
    assert "没有可信时间戳" in bare and "没有可信时间戳" not in readme


def test_the_list_of_evidence_counts_pages_on() -> None:
    made = evidence()
    twice = replace(made, sealed=(*made.sealed, made.sealed[0]))
    rows = exhibits(twice)
    assert [each.pages for each in rows[:2]] == ["1", "2"]
    assert [each.name for each in rows[2:]] == ["经过的链，5 条", "每日锚点", "邮寄回执"]
    assert "可信时间戳" in {each.name for each in exhibits(evidence(later=True))}
    assert all(each.source and each.purpose for each in rows)


def test_the_same_evidence_gives_the_same_bytes() -> None:
    made = evidence()
    assert write_bundle(made) == write_bundle(made)


def test_what_is_masked_is_not_in_it() -> None:
    made = sample(True)
    masked = tuple(replace(each, committed={}) for each in made.links)
    one = replace(evidence().sealed[0], known=replace(made.known, links=masked))
    data = write_bundle(replace(evidence(), sealed=(one,)))
    assert "药钱" not in unpacked(data)[f"chains/{CASE}.jsonl"].decode("unicode_escape")
    assert "药钱" in unpacked(bundle())[f"chains/{CASE}.jsonl"].decode("unicode_escape")
    assert not [
        line for _, lines in verify_bundle(read_bundle(data)) for line in lines if line.state == "failed"
    ]


# -- Checked by the program --------------------------------------------------------------------------------------------


def lines_of(data: bytes, **known: str) -> dict[str, str]:
    return {line.key: line.state for _, lines in verify_bundle(read_bundle(data), **known) for line in lines}


def test_a_bundle_is_read_and_checked() -> None:
    read = read_bundle(bundle())
    assert read.problems == () and read.made_at == NOON
    assert read.sealed[0].known.links == evidence().sealed[0].known.links
    good = dict.fromkeys(("files", "hash", "seal", "intact", "whole", "timestamp", "chain", "anchor"), "ok")
    assert lines_of(bundle()) == good | {"keys": "unchecked"}
    assert lines_of(bundle(), key=SIGNER.public.hex())["keys"] == "ok"
    assert lines_of(bundle(), certificate=own_key().certificates.sha256.upper())["keys"] == "ok"
    assert lines_of(bundle(), key="00" * 32)["keys"] == "failed"
    assert lines_of(bundle(), certificate="00" * 32)["keys"] == "failed"
    code = short_code(sample(True).file.sha256, sample(True).links[3].hash)
    assert lines_of(bundle(), code=code)["code"] == "ok"


def test_a_file_without_its_chain_is_said() -> None:
    made = sample()
    one = SealedFile("一份", made.file.pdf, Known(made.known.trust))
    found = lines_of(write_bundle(replace(evidence(), sealed=(one,))))
    assert (found["hash"], found["chain"]) == ("failed", "unchecked")


GARBAGE: Mapping[str, Callable[[Files], bytes]] = {
    "nothing": lambda files: b"",
    "no zip": lambda files: b"PK no zip",
    "a zip of nothing": lambda files: packed({}),
    "no manifest": lambda files: packed({k: v for k, v in files.items() if k != "manifest.json"}),
    "a manifest that is none": lambda files: packed({**files, "manifest.json": b"[1]"}),
    "another form": lambda files: packed(
        {**files, "manifest.json": files["manifest.json"].replace(b"evidence 1", b"evidence 9")}
    ),
    "no certificates": lambda files: packed({**files, "certificates/seal.pem": b""}),
    "certificates that are none": lambda files: packed({**files, "certificates/seal.pem": b"x"}),
    "no sealed file": lambda files: packed({k: v for k, v in files.items() if "files/01" not in k}),
    "a chain that is none": lambda files: packed({**files, f"chains/{CASE}.jsonl": b"{}\n"}),
    "an event that is none": lambda files: packed(
        {**files, f"chains/{CASE}.jsonl": files[f"chains/{CASE}.jsonl"] + b'{"body":1}\n'}
    ),
    "cut": lambda files: bundle()[:-200],
    "a bomb": lambda files: packed({**files, "x": bytes(70 * 2**20)}),
}


@pytest.mark.parametrize("what", GARBAGE)
def test_what_is_no_bundle_is_said(what: str) -> None:
    with pytest.raises(NotABundle):
        read_bundle(GARBAGE[what](unpacked(bundle())))


def edited(files: Files, name: str, before: bytes, after: bytes) -> Files:
    assert before in files[name], name
    return {**files, name: files[name].replace(before, after, 1)}


def chain_file(links: tuple[CaseLink, ...]) -> bytes:
    made = sample(True)
    one = replace(evidence().sealed[0], known=replace(made.known, links=links, written=0))
    return unpacked(write_bundle(replace(evidence(), sealed=(one,))))[f"chains/{CASE}.jsonl"]


def rolled_back(files: Files) -> Files:
    return {**files, f"chains/{CASE}.jsonl": chain_file(sample(True).links[:4])}


def rewritten(files: Files) -> Files:
    made = sample(True)
    other = link_event(CASE, 5, CaseEvent("withdrawn", "account:2a0"), NOON, made.links[3], SIGNER)
    return {**files, f"chains/{CASE}.jsonl": chain_file((*made.links[:4], other))}


def swapped(files: Files) -> Files:
    lines = files[f"chains/{CASE}.jsonl"].splitlines(keepends=True)
    lines[2], lines[3] = lines[3], lines[2]
    return {**files, f"chains/{CASE}.jsonl": b"".join(lines)}


def without_an_event(files: Files) -> Files:
    lines = files[f"chains/{CASE}.jsonl"].splitlines(keepends=True)
    return {**files, f"chains/{CASE}.jsonl": b"".join(lines[:2] + lines[3:])}


def other_pdf(files: Files) -> Files:
    other = seal(paper("另一份"), own_key(), None, NOON).pdf
    return {**files, "files/01-N-000123.pdf": other}


#: What is done to a bundle, with its list made right again, and which lines each of the two checks then fails.
TAMPERED: Mapping[str, tuple[Callable[[Files], Files], set[str], set[str]]] = {
    "an event is edited": (
        lambda files: edited(files, f"chains/{CASE}.jsonl", b"wechat", b"mail"),
        {"chain", "anchor"},
        {"chain", "anchor", "hash", "seal"},
    ),
    "a value is edited": (
        lambda files: edited(files, f"chains/{CASE}.jsonl", b"A0007", b"A0008"),
        {"chain", "anchor"},
        {"chain", "anchor", "hash", "seal"},
    ),
    "two events are swapped": (swapped, {"chain", "anchor"}, {"chain", "anchor", "hash", "seal"}),
    "an event is taken out": (without_an_event, {"chain", "anchor"}, {"chain", "anchor", "hash", "seal"}),
    "rolled back with an old head": (rolled_back, {"anchor"}, {"anchor"}),
    "rewritten with the key": (rewritten, {"anchor"}, {"anchor"}),
    "another file with the company's own seal": (other_pdf, {"hash"}, {"hash", "seal"}),
    "an anchor of another root": (
        lambda files: {
            name: data.replace(b'"path": [', b'"path": [["left", "%s"], ' % (b"00" * 32))
            if name.startswith("anchors/")
            else data
            for name, data in files.items()
        },
        {"anchor"},
        {"anchor"},
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_bundle_that_was_changed_with_its_list(what: str, folder: Path) -> None:
    change, expected, alone = TAMPERED[what]
    data = packed(relisted(change(unpacked(bundle()))))
    found = lines_of(data)
    assert {key for key, state in found.items() if state == "failed"} == expected
    (folder / "e.zip").write_bytes(data)
    status, told = run(folder, "e.zip")
    assert status == 1 and failed(told) == alone


def test_files_that_are_missing_added_or_changed_are_found(folder: Path) -> None:
    files = unpacked(bundle())
    for changed in (
        {name: data for name, data in files.items() if not name.startswith("files/02")},
        {**files, "files/03-more.jpg": b"more"},
        edited(files, "README.txt", "不能证明".encode(), "都能证明".encode()),
    ):
        data = packed(changed)
        assert lines_of(data)["files"] == "failed"
        (folder / "e.zip").write_bytes(data)
        status, told = run(folder, "e.zip")
        assert status == 1 and failed(told) == {"files"}


# -- Checked by its own verifier, alone --------------------------------------------------------------------------------


def test_the_verifier_needs_nothing_of_the_house() -> None:
    source = unpacked(bundle())["verify.py"].decode()
    for house in ("notices", "audit", "locales", "rfc8785", "pyhanko", "urllib", "socket", "http"):
        assert f"import {house}" not in source and f"from {house}" not in source


@pytest.mark.parametrize("form", ["zip", "folder"])
def test_a_stranger_checks_it(form: str, folder: Path) -> None:
    if form == "zip":
        (folder / "e.zip").write_bytes(bundle())
        status, told = run(folder, "e.zip")
    else:
        for name, data in unpacked(bundle()).items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(data)
        status, told = run(folder)
    assert status == 0, told
    good = dict.fromkeys(("files", "hash", "seal", "timestamp", "chain", "anchor"), "ok")
    assert states(told) == good | {"keys": "unchecked"} and told["ok"]
    assert all(line["not_proven"] for line in told["lines"])


def test_a_stranger_with_the_code_and_the_keys_of_old(folder: Path) -> None:
    (folder / "e.zip").write_bytes(bundle())
    made = sample(True)
    code = short_code(made.file.sha256, made.links[3].hash)
    right = (
        "--key",
        SIGNER.public.hex(),
        "--certificate",
        own_key().certificates.sha256,
        "--code",
        code.lower(),
    )
    status, told = run(folder, "e.zip", *right)
    assert status == 0 and states(told)["code"] == states(told)["keys"] == "ok"
    for wrong in (("--key", "00" * 32), ("--certificate", "00" * 32), ("--code", "0000-0000-0000")):
        assert run(folder, "e.zip", *wrong)[0] == 1


def test_without_cryptography_hashes_are_checked_and_signatures_said_not_to_be(folder: Path) -> None:
    (folder / "e.zip").write_bytes(bundle())
    status, told = run(folder, "e.zip", python=("-I", "-S"))
    assert status == 0
    assert states(told) == {
        "files": "ok",
        "keys": "unchecked",
        "hash": "ok",
        "seal": "unchecked",
        "timestamp": "unchecked",
        "chain": "unchecked",
        "anchor": "unchecked",
    }
    assert "没装 cryptography" in json.dumps(told, ensure_ascii=False)
    data = packed(relisted(edited(unpacked(bundle()), f"chains/{CASE}.jsonl", b"wechat", b"mail")))
    (folder / "e.zip").write_bytes(data)
    assert "chain" in failed(run(folder, "e.zip", python=("-I", "-S"))[1])


def test_a_bare_file_and_a_stamp_that_came_later(folder: Path) -> None:
    (folder / "e.zip").write_bytes(write_bundle(evidence(sample(), anchored=False)))
    status, told = run(folder, "e.zip")
    assert status == 0 and states(told)["timestamp"] == "unchecked"
    (folder / "e.zip").write_bytes(write_bundle(evidence(sample(), later=True)))
    status, told = run(folder, "e.zip")
    assert status == 0 and states(told)["timestamp"] == "ok" and "后补的" in str(told)


def test_a_stamp_that_the_chain_tells_of_and_is_not_there(folder: Path) -> None:
    made = sample()
    claimed = replace(made.file, level="B-T", timestamp="ok")
    lying = replace(made, known=replace(made.known, links=case_links(claimed, made.unsealed)))
    (folder / "e.zip").write_bytes(write_bundle(evidence(lying, anchored=False)))
    status, told = run(folder, "e.zip")
    assert status == 1 and failed(told) == {"timestamp"}


#: Which alterations of the PDF its small check finds by itself, were the hash in the chain none of its checks.
FOUND_BY_THE_SEAL_ALONE = set(ALTERED) - {"other words, with the company's own key"}


@pytest.mark.parametrize("what", ALTERED)
def test_every_alteration_of_the_file_is_found(what: str, folder: Path) -> None:
    altered = ALTERED[what][0](sample(True).file.pdf)
    files = unpacked(bundle())
    data = packed(relisted({**files, "files/01-N-000123.pdf": altered}))
    (folder / "e.zip").write_bytes(data)
    status, told = run(folder, "e.zip")
    assert status == 1 and {"hash", "seal"} <= failed(told)
    event = bundle_verifier.read_chain(files[f"chains/{CASE}.jsonl"], SIGNER.public).events[3]
    pem = files["certificates/seal.pem"]
    if what in FOUND_BY_THE_SEAL_ALONE:
        with pytest.raises((bundle_verifier.Wrong, ValueError)):
            bundle_verifier.check_seal(altered, pem, event)
    else:
        assert bundle_verifier.check_seal(altered, pem, event)


def test_what_is_no_bundle_is_one_line_and_status_2(folder: Path) -> None:
    for name, data in (
        ("e.zip", b"no zip"),
        ("f.zip", packed({"a": b""})),
        ("g.zip", packed({"manifest.json": b"1"})),
    ):
        (folder / name).write_bytes(data)
        status, told = run(folder, name)
        assert status == 2 and len(told.splitlines()) == 1
    assert run(folder, "none.zip")[0] == 2
    assert run(folder)[0] == 2  # the folder itself, with nothing but the verifier


def test_the_verifier_speaks_to_people(folder: Path) -> None:
    (folder / "e.zip").write_bytes(bundle())
    done = subprocess.run(
        [sys.executable, "-I", "verify.py", "e.zip"], cwd=folder, capture_output=True, check=True
    )
    told = done.stdout.decode()
    assert "[对得上]" in told and "不证明：" in told and "没有查的，不等于对得上" in told


def test_both_verifiers_make_the_same_of_canonical_json_and_codes() -> None:
    for link in sample().links:
        assert bundle_verifier.canonical(json.loads(link.body)) == link.body
    odd = {"\U0001f600": 1, "\ufb33": 2, "é": ['\x7f\u2028\n"\\', True, None, -5], "a": {}}
    import rfc8785

    assert bundle_verifier.canonical(odd) == rfc8785.dumps(odd).decode()
    code = short_code("ab" * 32, bytes(range(32)))
    assert bundle_verifier.short_code("ab" * 32, bytes(range(32))) == bundle_verifier.plain_code(code)


def test_the_list_is_a_pdf_in_the_bundle() -> None:
    reader = PdfFileReader(io.BytesIO(unpacked(bundle())["证据目录.pdf"]))
    assert int(reader.root["/Pages"]["/Count"]) == 1
