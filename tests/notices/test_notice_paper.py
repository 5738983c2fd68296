"""The pages of a notice, read back with poppler as a court or an archive would."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from notice_samples import ALI, HEAD, PLANT, SIGNATURE, answered, drafted, happened, occasion, picture, words

from documents.rendering import MissingGlyph
from notices.drafting import OnRecord, draft
from notices.notice import Content
from notices.paper import (
    Exhibit,
    Letterhead,
    NoticePapers,
    Worth,
    confirmation_forms,
    evidence_list,
    notice_pdf,
    print_form,
    signed_pdf,
    witness_form,
)
from people.entities import LegalEntity
from policy_kb.article_lint import NEVER_SAID
from policy_kb.library import Library

poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler (pdftotext) is not installed")
COMPANY = LegalEntity("1", PLANT.name, PLANT.credit_code, has_seal=True)


def poppler_says(tool: str, pdf: bytes, *options: str) -> str:
    done = subprocess.run(
        [tool, *options, "-", *(("-",) if tool == "pdftotext" else ())], input=pdf, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def read(pdf: bytes) -> str:
    """The text without spaces and line ends, so that a sentence is found wherever it was broken."""
    return squeezed(poppler_says("pdftotext", pdf))


def squeezed(text: str) -> str:
    return "".join(text.split())


def pages(pdf: bytes) -> int:
    match = re.search(r"Pages:\s+(\d+)", poppler_says("pdfinfo", pdf))
    assert match is not None
    return int(match[1])


@pytest.fixture(scope="module")
def notice(library: Library) -> Content:
    return drafted(library)


@poppler
def test_the_notice_holds_every_sentence_and_every_figure(notice: Content) -> None:
    pdf = notice_pdf(notice, HEAD)
    text = read(pdf)
    for paragraph in words(notice).splitlines():
        assert squeezed(paragraph) in text or all(
            squeezed(part) in text for part in re.split("[，。；：]", paragraph)
        ), paragraph
    for line in notice.data["lines"]:
        assert line["name"] in text and line["employee"] in text and line["employer"] in text
    for figure in ("524.96", "1213.24", "2975.04", "4952.00", "N-000123", "A0034", "002X", notice.sha256):
        assert figure in text
    assert all(squeezed(warning) in text for warning in notice.data["warnings"])
    assert 2 <= pages(pdf) <= 3


@poppler
def test_the_longest_notice_stays_within_three_pages(library: Library) -> None:
    long = draft(
        library,
        replace(ALI, name="阿依古丽·买买提"),
        occasion(supersedes="N-000001", why="基数写错了，" * 30),
    )
    assert pages(notice_pdf(long, HEAD)) <= 3
    assert "更正并取代编号N-000001" in read(notice_pdf(long, HEAD))


@poppler
def test_the_table_stands_in_columns(notice: Content) -> None:
    rows = [
        row.split() for row in poppler_says("pdftotext", notice_pdf(notice, HEAD), "-layout").splitlines()
    ]
    assert ["养老保险", "4952.00", "16%", "792.32", "8%", "396.16", "[1]"] in rows
    assert ["工伤保险", "4952.00", "0.2%", "9.90", "—", "0.00", "[4]"] in rows
    assert ["合计", "1213.24", "524.96"] in rows


@poppler
def test_it_is_an_archive_copy_with_its_fonts_and_its_day(notice: Content) -> None:
    pdf = notice_pdf(notice, HEAD)
    assert b"pdfaid:part>2<" in pdf and b"pdfaid:conformance>U<" in pdf
    fonts = poppler_says("pdffonts", pdf).splitlines()[2:]
    assert fonts and all(re.search(r"\byes\s+yes\s+yes\b", font) for font in fonts)
    assert any("NotoSerifSC" in font for font in fonts) and any("NotoSansCJK" in font for font in fonts)
    assert "Oct 15" in poppler_says("pdfinfo", pdf)


@poppler
@pytest.mark.parametrize("name", list("䶮㛃堃喆犇淼昇镕珺翀彧祎鎏𬀩𬭊𬭬𫄸𫍯𬊤𬍛𬘓𬭎𫔍𬤊𬸚𠅤㙓㸌䲠𬭤"))
def test_rare_names_are_printed_and_read_back(library: Library, name: str) -> None:
    pdf = notice_pdf(drafted(library, replace(ALI, name=f"欧阳{name}玥")), HEAD)
    assert f"欧阳{name}玥" in read(pdf)


def test_what_cannot_be_printed_is_refused_by_name(notice: Content) -> None:
    strange = Content(dict(notice.data) | {"employee": notice.data["employee"] | {"name": "李𪛖"}})
    with pytest.raises(MissingGlyph, match=r"U\+2A6D6"):
        notice_pdf(strange, HEAD)


def test_markup_in_what_people_typed_is_text(library: Library) -> None:
    hostile = '#eval("1") *x* $a$ <b> // ] } {company}'
    content = drafted(library, replace(ALI, name="李*小*#梅"), why=hostile, supersedes="N-1")
    text = read(signed_pdf(content, answered(content, statement=hostile), happened(content), HEAD))
    assert text.count(squeezed(hostile)) == 2 and "李*小*#梅" in text


@poppler
def test_a_draft_says_so_on_every_page_and_has_nothing_to_check_it_by(notice: Content) -> None:
    pdf = notice_pdf(notice, HEAD, draft=True)
    drawn = poppler_says("pdftotext", pdf, "-raw")
    assert drawn.count("草") >= pages(pdf)
    assert len(pdf) < len(notice_pdf(notice, HEAD))


@poppler
def test_the_form_has_room_for_her_two_witnesses_and_the_post(notice: Content) -> None:
    text = read(print_form(notice, HEAD))
    for asked in (
        "员工签名",
        "签收但有异议（我看到了，有话要说）",
        "拒绝签收（我不签；社会保险照样缴）",
        "见证人1",
        "见证人2",
        "邮寄单号",
    ):
        assert asked in text
    assert text.count("日期") >= 5 and "524.96" in text


@poppler
def test_the_witnesses_sheet_names_the_notice_and_none_of_its_figures(notice: Content) -> None:
    pdf = witness_form(notice, HEAD)
    text = read(pdf)
    assert pages(pdf) == 1 and "N-000123" in text and "李小梅" in text and notice.sha256 in text
    assert "524.96" not in text and "3500" not in text and "不表示同意，也不表示不同意" in text


# -- With the answer -----------------------------------------------------------------------------------------------------


def signed(
    content: Content, signature: str = SIGNATURE, worth: Worth | None = None, **values: object
) -> bytes:
    outcome = str(values.pop("outcome", "objected"))
    answer = answered(content, outcome, **values)
    return signed_pdf(content, answer, happened(content, outcome), HEAD, signature, worth)


@poppler
def test_the_signed_file_tells_what_was_answered_and_how_it_came_about(notice: Content) -> None:
    text = read(signed(notice))
    assert "签收但有异议（我看到了，有话要说）" in text and "我看到了，有话要说：药钱紧" in text
    assert "有异议的项目医疗保险（含生育保险）" in text
    assert "2026-10-1601:30:00（UTC+8）" in text
    assert "本人纸质签字，扫描件SHA-256abababab…abab" in text
    assert "经微信公众号送达的链接，验证码相符，证件末四位相符" in text and "停留214秒" in text
    assert "每个月从你工资里扣的社保是多少元？答对（先答错1次）" in text
    assert "和人事用过同一个网络" in text
    assert f"显示内容SHA-256{notice.sha256}" in text and "cd" * 32 in text
    assert "自建证书（不是第三方认证）；可信时间戳：无" in text
    for link in happened(notice):
        assert f"{link.hash.hex()[:8]}…{link.hash.hex()[-4:]}" in text
    for event in (
        "出具",
        "送出链接",
        "链接被点开（不算看过）",
        "发出验证码",
        "验证码不对",
        "看到末尾",
        "回答理解核对",
    ):
        assert event in text


@poppler
def test_the_worth_of_the_seal_is_told_as_it_is(notice: Content) -> None:
    assert "持牌电子认证机构的证书；可信时间戳：有" in read(
        signed(notice, worth=Worth(self_made=False, stamped=True))
    )


@poppler
def test_a_refusal_is_a_file_of_its_own_with_her_words_and_without_a_signature(notice: Content) -> None:
    text = read(signed(notice, "", outcome="refused", statement="我不签\U0001f620，\n家里困难", lines=[]))
    assert "拒绝签收（我不签；社会保险照样缴）" in text and "（没有签名）" in text
    assert "我不签〔U+1F620〕，家里困难" in text and "是打印不出来的字符的编号" in text
    assert "有异议的项目" not in text and not any(word in text for word in (*NEVER_SAID, "放弃"))


@poppler
def test_a_signature_and_a_seal_are_drawn(notice: Content) -> None:
    plain = signed_pdf(notice, answered(notice), happened(notice), HEAD)
    assert "（没有签名）" in read(plain) and "（盖章）" in read(plain)
    sealed = signed_pdf(notice, answered(notice), happened(notice), replace(HEAD, seal=picture()), SIGNATURE)
    assert "（没有签名）" not in read(sealed) and "（盖章）" not in read(sealed)
    assert "image" in poppler_says_images(sealed) and "image" not in poppler_says_images(plain)


def poppler_says_images(pdf: bytes) -> str:
    done = subprocess.run(["pdfimages", "-list", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


@poppler
def test_the_longest_words_and_a_long_history_still_make_a_file(notice: Content) -> None:
    links = happened(notice) * 30
    pdf = signed_pdf(notice, answered(notice, statement="药钱紧。\n" * 400), links, HEAD, SIGNATURE)
    assert "药钱紧" in read(pdf) and pages(pdf) > 5
    empty = signed_pdf(
        notice, answered(notice, statement="药钱" + "\n" * 1990 + "紧"), links[:11], HEAD, SIGNATURE
    )
    assert "药钱紧" in read(empty) and pages(empty) <= 5


# -- The same data, the same bytes -------------------------------------------------------------------------------------


def test_equal_data_give_equal_bytes_and_another_figure_others(library: Library, notice: Content) -> None:
    assert signed(notice) == signed(notice) and print_form(notice, HEAD) == print_form(notice, HEAD)
    assert notice_pdf(notice, HEAD) != notice_pdf(drafted(library, replace(ALI, wage=600_000)), HEAD)


def test_equal_bytes_from_another_process() -> None:
    script = """
import hashlib
from notice_samples import HEAD, SIGNATURE, answered, drafted, happened, picture
from notices.paper import Letterhead, confirmation_forms, notice_pdf, print_form, signed_pdf
from policy_kb import compiled
content = drafted(compiled.load(compiled=None))
head = Letterhead(HEAD.address, picture())
made = [notice_pdf(content, head), print_form(content, head),
        signed_pdf(content, answered(content), happened(content), head, SIGNATURE)]
print([hashlib.sha256(each).hexdigest() for each in made])
"""
    here, house = Path(__file__).parent, Path(__file__).parents[2]
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONPATH": f"{house}:{here}", "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1


def test_many_at_once_make_what_one_makes(notice: Content) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: signed(notice), range(8))) == {signed(notice)}


# -- What goes with them -------------------------------------------------------------------------------------------------


@poppler
def test_the_confirmation_is_a_page_each_with_place_for_account_and_ink() -> None:
    people = [replace(ALI, phone="13800000000"), replace(ALI, name="欧阳䶮玥", number="A0035", id_number="")]
    pdf = confirmation_forms(people, COMPANY, PLANT.contact, date(2026, 10, 15))
    text = read(pdf)
    assert pages(pdf) == 2 and text.count("电子送达与电子签名确认书") == 2
    assert "13800000000" in text and "002X" in text and "欧阳䶮玥" in text and ALI.id_number not in text
    for asked in (
        "微信公众号",
        "企业微信",
        "Telegram",
        "短信",
        "员工签名（亲笔）",
        "笔迹和书写时间",
        "撤回这份确认",
    ):
        assert asked in text
    assert not any(word in text for word in (*NEVER_SAID, "放弃"))


@poppler
def test_the_list_of_evidence_is_numbered(notice: Content) -> None:
    exhibits = [
        Exhibit("社会保险缴纳告知书（封存件）", "本单位系统封存", "告知了什么、本人怎样回应", "1–4"),
        Exhibit("电子送达与电子签名确认书", "本人纸质签字的扫描件", "双方约定了送达和签名的方法", "5"),
    ]
    text = read(evidence_list("社会保险缴纳告知书", "N-000123", PLANT.name, exhibits, date(2026, 10, 15)))
    assert "证据目录" in text and "证明目的" in text and "页码" in text and "1–4" in text
    assert text.index("告知了什么、本人怎样回应") < text.index("双方约定了送达和签名的方法")


class OneCompany:
    """The company with its seal, as far as papers look at it."""

    picture = picture()

    def entities(self) -> tuple[LegalEntity, ...]:
        return (LegalEntity("0", "另一家", "", has_seal=True), COMPANY)

    def seal(self, entity: str) -> bytes | None:
        assert entity == "1", "the seal of another company"
        return self.picture


def papers_of(companies: OneCompany) -> NoticePapers:
    return NoticePapers(
        HEAD.address,
        companies,  # type: ignore[arg-type]
        lambda: PLANT.contact,
        lambda: date(2026, 10, 15),
        lambda strokes: SIGNATURE,
    )


def test_a_seal_whose_picture_is_broken_holds_nothing_up(notice: Content) -> None:
    companies = OneCompany()
    companies.picture = companies.picture[:-60] + companies.picture[-12:]
    assert papers_of(companies).notice(notice) == print_form(notice, HEAD)


@poppler
def test_the_papers_bear_the_seal_of_whoever_issues_them(notice: Content) -> None:
    papers = papers_of(OneCompany())
    head = Letterhead(HEAD.address, picture())
    assert papers.notice(notice) == print_form(notice, head)
    assert papers.draft(notice) == notice_pdf(notice, head, draft=True)
    assert papers.witness_form(notice) == witness_form(notice, head)
    assert papers.signed(notice, answered(notice), happened(notice), Worth()) == signed_pdf(
        notice, answered(notice), happened(notice), head, SIGNATURE
    )
    assert "李小梅" in read(papers.confirmations([ALI]))


def test_no_repr_tells_anything(library: Library) -> None:
    shown = repr((OnRecord(months=()), HEAD, replace(HEAD, seal=b"png"), drafted(library)))
    assert "png" not in shown and "李小梅" not in shown
