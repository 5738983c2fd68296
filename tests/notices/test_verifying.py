"""Every change to a sealed file or its chain is found, and each line says what it does not prove."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.generic import NameObject, NumberObject, StreamObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from seal_samples import (
    CASE,
    NOON,
    SIGNER,
    Authority,
    authority,
    case_links,
    own_key,
    paper,
    sample,
    stamping,
)

from audit.case_chain import CaseEvent, CaseHead, Committed, link_event, short_code
from audit.heads import Signer
from locales import as_written
from notices.anchors import Anchor, AnchoredHead, make_anchor, under
from notices.apart import in_own_thread
from notices.pdf_seal import inspect
from notices.sealing import seal, stamp_later
from notices.verifying import (
    NOT_PROVEN,
    TITLES,
    Known,
    Line,
    Trust,
    all_good,
    verify,
    verify_hash,
)

States = dict[str, str]


def states(lines: tuple[Line, ...]) -> States:
    return {line.key: line.state for line in lines}


def failed(pdf: bytes, known: Known | None = None, **more: Any) -> set[str]:
    """The lines that failed, of a file that is checked against what is known of the sample's."""
    found = states(verify(pdf, known or sample().known, **more))
    return {key for key, state in found.items() if state == "failed"}


def said(lines: tuple[Line, ...], key: str) -> str:
    return next(line.said(as_written) for line in lines if line.key == key)


# -- What is good ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stamped", "timestamp"), [(False, "unchecked"), (True, "ok")])
def test_the_six_lines_of_a_good_file(stamped: bool, timestamp: str) -> None:
    made = sample(stamped)
    lines = verify(made.file.pdf, made.known)
    assert list(states(lines)) == ["hash", "seal", "intact", "whole", "timestamp", "chain"]
    expected = dict.fromkeys(("hash", "seal", "intact", "whole", "chain"), "ok") | {"timestamp": timestamp}
    assert states(lines) == expected and all_good(lines)


def test_every_line_says_what_it_does_not_prove() -> None:
    assert set(TITLES) == set(NOT_PROVEN)
    made = sample()
    for line in verify(made.file.pdf, made.known, code="0000-0000-0000", rederive=paper):
        told = line.as_json(as_written)
        assert told["not_proven"] and told["says"] and told["title"] and told["state_text"]
        assert "{" not in told["says"]


def test_no_line_tells_anything_personal() -> None:
    made = sample()
    lines = verify(made.file.pdf, made.known, code="0000-0000-0000", rederive=paper)
    told = "".join(str(line.as_json(as_written)) + repr(line) for line in lines)
    for personal in ("阿丽", "A0007", "药钱", CASE):
        assert personal not in told
    assert "阿丽" not in repr(made.known) and "%PDF" not in repr(replace(made.known, pdf=made.file.pdf))


def test_the_data_make_the_same_file_again() -> None:
    made = sample()
    assert states(verify(made.file.pdf, made.known, rederive=lambda: made.unsealed))["rederived"] == "ok"
    other = paper("阿丽的告知书，多一个字")
    assert states(verify(made.file.pdf, made.known, rederive=lambda: other))["rederived"] == "failed"
    assert states(verify(made.file.pdf, made.known, rederive=lambda: b""))["rederived"] == "failed"
    assert states(verify(made.file.pdf, made.known, rederive=lambda: None))["rederived"] == "unchecked"


# -- The seven alterations, and more -----------------------------------------------------------------------------------


def flipped(pdf: bytes, place: int, bit: int = 1) -> bytes:
    return pdf[:place] + bytes([pdf[place] ^ bit]) + pdf[place + 1 :]


def in_a_stream(pdf: bytes) -> bytes:
    return flipped(pdf, pdf.index(b"stream\n") + 40)


def in_the_middle(pdf: bytes) -> bytes:
    return flipped(pdf, len(sample().unsealed) // 2)


def in_the_padding(pdf: bytes) -> bytes:
    end = pdf.index(b">", pdf.rindex(b"/Contents <"))
    assert pdf[end - 20 : end] == b"0" * 20
    return pdf[: end - 10] + b"1" + pdf[end - 9 :]


def junk_after_the_end(pdf: bytes) -> bytes:
    return pdf + b"\n% nothing to see here\n"


def updated(pdf: bytes, change: Callable[[IncrementalPdfFileWriter], None]) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    change(writer)
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def a_key_in_the_catalog(pdf: bytes) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        writer.root[NameObject("/Waived")] = NumberObject(1)
        writer.update_root()

    return updated(pdf, change)


def a_text_on_the_page(pdf: bytes) -> bytes:
    def change(writer: IncrementalPdfFileWriter) -> None:
        stamp = StreamObject(stream_data=b"q 1 0 0 RG 100 100 200 50 re S Q")
        writer.add_stream_to_page(0, writer.add_object(stamp))

    return updated(pdf, change)


def without_its_seal(pdf: bytes) -> bytes:
    return sample().unsealed


def a_second_field(pdf: bytes) -> bytes:
    return updated(pdf, lambda writer: append_signature_field(writer, SigFieldSpec("Employee")))


def a_second_seal(pdf: bytes) -> bytes:
    """As somebody would who adds a signature of their own and cares for no rule."""

    class Careless(PdfSigner):
        def _enforce_certification_constraints(self, reader: Any) -> None:
            pass

    metadata = PdfSignatureMetadata(field_name="Second", md_algorithm="sha256")
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    careless = Careless(metadata, own_key("冒名公司").signer)
    return bytes(in_own_thread(lambda: careless.sign_pdf(writer)).getvalue())


def sealed_by_a_stranger(pdf: bytes) -> bytes:
    return seal(sample().unsealed, own_key("冒名公司"), None, NOON).pdf


def other_words_with_the_companys_key(pdf: bytes) -> bytes:
    return seal(paper("阿丽的告知书，另一个数"), own_key(), None, NOON).pdf


ALTERED: Mapping[str, tuple[Callable[[bytes], bytes], set[str]]] = {
    "a bit in a content stream": (in_a_stream, {"hash", "intact"}),
    "a bit in the middle": (in_the_middle, {"hash", "intact"}),
    "a nibble in the padding": (in_the_padding, {"hash"}),
    "junk after the end": (junk_after_the_end, {"hash", "whole"}),
    "a key in the catalog": (a_key_in_the_catalog, {"hash", "intact", "whole"}),
    "a text on the page": (a_text_on_the_page, {"hash", "intact", "whole"}),
    "the seal is taken away": (without_its_seal, {"hash", "seal", "intact", "whole"}),
    "a second field": (a_second_field, {"hash", "seal", "whole"}),
    "a second seal": (a_second_seal, {"hash", "seal", "intact", "whole"}),
    "sealed by a stranger": (sealed_by_a_stranger, {"hash", "seal", "intact"}),
    "other words, with the company's own key": (other_words_with_the_companys_key, {"hash"}),
    "the file is cut": (lambda pdf: pdf[:-100], {"hash", "seal", "intact", "whole"}),
    "no PDF": (lambda pdf: b"GIF89a", {"hash", "seal", "intact", "whole"}),
    "nothing": (lambda pdf: b"", {"hash", "seal", "intact", "whole"}),
}


@pytest.mark.parametrize("what", ALTERED)
def test_every_alteration_is_found(what: str) -> None:
    alter, expected = ALTERED[what]
    assert failed(alter(sample().file.pdf)) == expected


@pytest.mark.parametrize("what", ALTERED)
def test_every_alteration_of_a_stamped_file_is_found(what: str) -> None:
    made = sample(True)
    assert "hash" in failed(ALTERED[what][0](made.file.pdf), made.known)


#: What poppler's tool says: it takes additions for valid and only says that they are not part of what was signed.
SECOND_OPINION: Mapping[str, tuple[str, bool]] = {
    "a bit in a content stream": ("Digest Mismatch", True),
    "a bit in the middle": ("Digest Mismatch", True),
    "junk after the end": ("Signature is Valid", False),
    "a key in the catalog": ("Signature is Valid", False),
    "a text on the page": ("Signature is Valid", False),
    "the seal is taken away": ("does not contain any signatures", False),
    "sealed by a stranger": ("Signature is Valid", True),
}


def pdfsig(pdf: bytes, folder: Path) -> str:
    if shutil.which("pdfsig") is None:
        pytest.skip("poppler (pdfsig) is not installed")
    (folder / "file.pdf").write_bytes(pdf)
    done = subprocess.run(["pdfsig", "-nocert", "file.pdf"], cwd=folder, capture_output=True, check=False)
    return (done.stdout + done.stderr).decode(errors="replace")


@pytest.mark.parametrize("stamped", [False, True])
def test_a_second_tool_agrees_on_a_good_file(stamped: bool, tmp_path: Path) -> None:
    told = pdfsig(sample(stamped).file.pdf, tmp_path)
    assert "Signature is Valid" in told and "Total document signed" in told
    assert told.count("Signature #") == 1


@pytest.mark.parametrize("what", SECOND_OPINION)
def test_a_second_tool_agrees_where_it_can(what: str, tmp_path: Path) -> None:
    words, total = SECOND_OPINION[what]
    told = pdfsig(ALTERED[what][0](sample().file.pdf), tmp_path)
    assert words in told
    assert (re.search("^  - Total document signed", told, re.MULTILINE) is not None) == total


@settings(max_examples=40)
@given(st.integers(0, len(sample().file.pdf) - 1), st.integers(1, 255))
def test_any_byte_that_changes_is_found(place: int, change: int) -> None:
    assert "hash" in failed(flipped(sample().file.pdf, place, change))


@settings(max_examples=40)
@given(st.binary(max_size=300))
def test_no_file_whatever_raises(data: bytes) -> None:
    verify(data, sample().known)
    verify(b"%PDF-1.7\n" + data, sample().known)


# -- Seal and trust ----------------------------------------------------------------------------------------------------


def test_the_certificate_is_the_one_of_the_chain() -> None:
    """A second key of the same company, made later, does not seal what the first one sealed."""
    made, other = sample(), own_key("另一把钥匙")
    file = seal(made.unsealed, other, None, NOON)
    named = replace(file, certificate_sha256=made.file.certificate_sha256)
    trust = replace(made.known.trust, seals=(own_key().certificates, other.certificates))
    known = Known(trust, CASE, case_links(named, made.unsealed))
    assert failed(file.pdf, known) == {"seal"}
    assert failed(file.pdf, replace(known, links=case_links(file, made.unsealed))) == set()


def test_without_trusted_certificates_nothing_is_trusted() -> None:
    made = sample()
    assert failed(made.file.pdf, replace(made.known, trust=replace(made.known.trust, seals=()))) == {
        "seal",
        "intact",
    }


def test_a_certificate_counts_when_it_sealed_and_not_for_ever() -> None:
    made = sample()
    found = inspect(made.file.pdf, made.known.trust.seals, (), None)
    assert found.trusted
    late = own_key().certificates.until + timedelta(days=1)
    assert not inspect(made.file.pdf, made.known.trust.seals, (), late).trusted
    assert not inspect(made.file.pdf, made.known.trust.seals, (), NOON - timedelta(days=400)).trusted


def test_whether_an_authority_gave_the_certificate_is_said() -> None:
    made = sample()
    assert "单位自建的证书" in said(verify(made.file.pdf, made.known), "seal")
    licensed = replace(own_key().certificates, licensed=True)
    trust = replace(made.known.trust, seals=(licensed,))
    assert "持牌机构发的证书" in said(verify(made.file.pdf, replace(made.known, trust=trust)), "seal")


# -- Time stamps -------------------------------------------------------------------------------------------------------


def test_a_time_stamp_of_a_stranger_is_none() -> None:
    made = sample(True)
    trust = replace(made.known.trust, timestamps=(Authority().root,))
    assert failed(made.file.pdf, replace(made.known, trust=trust)) == {"timestamp"}
    assert failed(made.file.pdf, replace(made.known, trust=replace(trust, timestamps=()))) == {"timestamp"}


def test_a_time_stamp_that_the_chain_tells_of_must_be_there() -> None:
    made = sample()
    claimed = replace(made.file, level="B-T", timestamp="ok")
    assert failed(made.file.pdf, made.with_links(case_links(claimed, made.unsealed))) == {"timestamp"}


def test_a_time_stamp_that_is_still_due_is_not_pretended() -> None:
    made, service = sample(), authority()
    due = replace(made.file, timestamp="failed", failure="unreachable")
    known = made.with_links(case_links(due, made.unsealed))
    lines = verify(made.file.pdf, known)
    assert states(lines)["timestamp"] == "unchecked" and "还没有补上" in said(lines, "timestamp")
    later = replace(known, token=stamp_later(made.file.sha256, stamping(service)).response)
    lines = verify(made.file.pdf, later)
    assert states(lines)["timestamp"] == "ok" and "北京时间 2026-11-20 12:01:00" in said(lines, "timestamp")
    wrong = replace(known, token=stamp_later("00" * 32, stamping(service)).response)
    assert failed(made.file.pdf, wrong) == {"timestamp"}


# -- The chain ---------------------------------------------------------------------------------------------------------


def test_what_is_done_to_the_chain_is_found() -> None:
    made = sample()
    links = made.links
    for altered, where in (
        (links[:1] + links[2:], "第 2 条"),
        ((links[0], links[2], links[1], *links[3:]), "第 2 条"),
        ((links[0], replace(links[1], body=links[1].body.replace("wechat", "mail")), *links[2:]), "第 2 条"),
        (links[:4], "第 5 条"),
        (
            (replace(links[0], committed={"name": Committed("阿芳", bytes(16))}), *links[1:]),
            "第 1 条",
        ),
        ((*links[:4], replace(links[4], signature=bytes(64))), "第 5 条"),
    ):
        lines = verify(made.file.pdf, made.with_links(altered))
        assert states(lines)["chain"] == "failed" and where in said(lines, "chain")
    trust = replace(made.known.trust, public=Signer(bytes(32)).public)
    assert failed(made.file.pdf, replace(made.known, trust=trust)) == {"chain"}


def test_a_chain_without_the_event_of_the_seal_knows_no_file() -> None:
    made = sample()
    assert failed(made.file.pdf, made.with_links(made.links[:3], written=0)) == {"hash"}


def test_erased_values_change_nothing() -> None:
    made = sample()
    erased = tuple(replace(each, committed={}) for each in made.links)
    assert failed(made.file.pdf, made.with_links(erased)) == set()


def test_the_code_in_her_hand() -> None:
    made = sample()
    code = short_code(made.file.sha256, made.links[3].hash)
    lines = verify(made.file.pdf, made.known, code=code.lower().replace("-", ""))
    assert states(lines)["code"] == "ok"
    for wrong in ("0000-0000-0000", "阿丽", "-"):
        assert failed(made.file.pdf, code=wrong) == {"code"}
    # The company rolls back behind its seal and writes the same things anew, with its own key.
    again = case_links(made.file, made.unsealed)
    known = made.with_links(again)
    assert failed(made.file.pdf, known) == set()
    assert failed(made.file.pdf, known, code=code) == {"code"}
    broken = made.with_links((*made.links[:2], replace(made.links[2], hash=bytes(32)), *made.links[3:]))
    assert failed(made.file.pdf, broken, code=code) == {"chain", "code"}


def anchored(stamped: bool = False) -> AnchoredHead:
    made = sample()
    heads = [CaseHead("the-notice-of-wang", 3, bytes(32)), CaseHead(CASE, 5, made.links[4].hash)]
    anchor, failure = make_anchor(heads, date(2026, 11, 20), NOON, stamping(authority()) if stamped else None)
    assert failure is None
    found = under(anchor, heads, CASE)
    assert found is not None
    return found


@pytest.mark.parametrize(("stamped", "words"), [(True, "锚点有时间戳：北京时间"), (False, "锚点没有时间戳")])
def test_a_days_anchor(stamped: bool, words: str) -> None:
    made, anchor = sample(), anchored(stamped)
    lines = verify(made.file.pdf, replace(made.known, anchors=(anchor,)))
    assert states(lines)["anchor"] == "ok" and words in said(lines, "anchor")
    # Put back to before the copy was sent, with the head's own signature: nothing else shows it.
    back = made.with_links(made.links[:4], written=0)
    assert failed(made.file.pdf, back) == set()
    assert failed(made.file.pdf, replace(back, anchors=(anchor,))) == {"anchor"}
    other = link_event(CASE, 5, CaseEvent("withdrawn", "account:2a0"), NOON, made.links[3], SIGNER)
    rewritten = made.with_links((*made.links[:4], other), anchors=(anchor,))
    assert failed(made.file.pdf, rewritten) == {"anchor"}


def test_an_anchor_that_is_not_one() -> None:
    made, anchor = sample(), anchored(stamped=True)
    for wrong in (
        replace(anchor, path=()),
        replace(anchor, head=replace(anchor.head, case="the-notice-of-wang")),
        replace(anchor, anchor=replace(anchor.anchor, root=bytes(32))),
        replace(anchor, anchor=replace(anchor.anchor, token=b"none")),
    ):
        assert failed(made.file.pdf, replace(made.known, anchors=(wrong,))) == {"anchor"}


def test_anchors_as_plain_data() -> None:
    anchor = anchored(stamped=True)
    assert AnchoredHead.from_json(anchor.as_json()) == anchor
    for garbage in (None, [], {}, {**anchor.as_json(), "path": [["up", "00"]]}, {**anchor.as_json(), "x": 1}):
        with pytest.raises(ValueError, match="not a head"):
            AnchoredHead.from_json(garbage)
    for wrong in ({**anchor.anchor.as_json(), "root": "z"}, {**anchor.anchor.as_json(), "heads": "many"}, 7):
        with pytest.raises(ValueError, match="not an anchor"):
            Anchor.from_json(wrong)


def test_an_anchor_of_other_heads_proves_nothing() -> None:
    anchor = anchored().anchor
    assert under(anchor, [CaseHead(CASE, 5, bytes(32))], CASE) is None
    assert under(anchor, [], "nobody") is None


# -- A hash alone ------------------------------------------------------------------------------------------------------


def test_a_file_stays_with_its_holder() -> None:
    made = sample()
    code = short_code(made.file.sha256, made.links[3].hash)
    lines = verify_hash(made.file.sha256, made.known, made.known.trust, code)
    assert states(lines) == dict.fromkeys(("hash", "chain", "code"), "ok") | dict.fromkeys(
        ("seal", "intact", "whole", "timestamp"), "unchecked"
    )
    known = replace(made.known, pdf=made.file.pdf)
    assert states(verify_hash(made.file.sha256, known, known.trust))["intact"] == "ok"
    unknown = verify_hash("00" * 32, None, made.known.trust, code)
    assert states(unknown)["hash"] == "failed" and states(unknown)["code"] == "unchecked"
    # What is looked up under one hash and is another file is not what was asked for.
    assert states(verify_hash("00" * 32, known, known.trust))["hash"] == "failed"


def test_without_a_register_a_file_is_checked_by_itself() -> None:
    made = sample()
    lines = verify(made.file.pdf, Known(made.known.trust, searched=False))
    assert states(lines) == {
        "hash": "unchecked",
        "seal": "ok",
        "intact": "ok",
        "whole": "ok",
        "timestamp": "unchecked",
        "chain": "unchecked",
    }
    assert all_good(lines)
    assert states(verify(made.file.pdf, Known(Trust())))["hash"] == "failed"
