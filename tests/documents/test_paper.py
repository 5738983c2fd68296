"""The finished pages, read back with poppler as a court or an archive would."""

import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from paper_samples import chart, in_english, note, report, with_headline

from documents import fonts
from documents.rendering import LARGEST_DATA, DataTooLarge, MissingGlyph, render, render_pages
from documents.report import (
    Comparison,
    LegalPoint,
    ReportData,
    Row,
    SourceLine,
    StepLine,
    note_pdf,
    note_png,
    note_to_typst,
    report_pdf,
    report_png,
    report_to_typst,
)

poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler (pdftotext) is not installed")

PNG = b"\x89PNG\r\n\x1a\n"


def read(pdf: bytes) -> str:
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


def words(pdf: bytes) -> str:
    """The text without spaces and line ends, so that a sentence is found wherever it was broken."""
    done = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True)
    return squeezed(done.stdout.decode())


def squeezed(text: str) -> str:
    return "".join(text.split())


@poppler
def test_the_report_holds_every_figure_and_answers_first() -> None:
    text = read(report_pdf(report()))
    data = report()
    for figure in (
        "3500.00",
        "524.96",
        "2975.04",
        "743.76",
        "875.00",
        "224.96",
        "4952.00",
        "396.16",
        "792.32",
    ):
        assert figure in text
    for fact in data.facts:
        assert fact.value in text
    for sentence in (*data.keeps, *data.asks, *data.warnings, data.calculation_id, data.ruleset_version):
        assert squeezed(sentence) in words(report_pdf(data))
    assert text.index("要看老家怎么算") < text.index("交和不交")
    assert "民发〔2021〕57号" in text.replace(" ", "")
    assert "第 1 页，共 2 页" in text and "这是估算，最后由老家民政部门审核确认。" in text
    assert "2026-10-15" in text and "2026-11-22" in text


@poppler
def test_what_is_not_on_record_is_never_zero() -> None:
    lines = {
        line.split()[0]: line.split()[1:] for line in read(report_pdf(report())).splitlines() if line.split()
    }
    assert lines["住房公积金"] == ["未记录"] * 5
    assert squeezed("0.00 未记录 未记录") in squeezed(read(report_pdf(report())))
    assert lines["合计"] == ["524.96", "未记录"]


@poppler
def test_the_chart_is_in_the_report_as_text() -> None:
    assert "3724.95" in read(report_pdf(report()))
    assert "3724.95" not in read(report_pdf(replace(report(), chart=None)))


@poppler
def test_empty_parts_are_left_out() -> None:
    shortest = ReportData(
        locale="zh-Hans",
        on=date(2026, 1, 1),
        as_of=date(2026, 1, 1),
        calculation_id="1",
        ruleset_version="1",
        headline="低保线还不知道。",
        comparison=Comparison(("交社保", "不交社保"), (Row("到手", ("1.00", "2.00")),)),
    )
    text = read(report_pdf(shortest))
    assert "1.00" in text and "2.00" in text
    assert not any(label in text for label in ("出处", "请注意", "险种", "依据", "要问清楚的"))


@poppler
def test_the_note_asks_the_four_questions_on_one_page() -> None:
    assert len(render_pages("township_note", note_to_typst(note()), format="png")) == 1
    text = words(note_pdf(note()))
    for figure in ("江苏苏州", "3500.00元", "524.96元", "4人", "0558-12345", "2026-10-15"):
        assert figure in text
    for question in note().questions:
        assert question.text in text
    assert "低保户" not in text
    assert note_png(note()).startswith(PNG)


@poppler
@pytest.mark.parametrize("name", ["䶮", "㛃", "堃", "喆", "𬀩", "𠀋"])
@pytest.mark.parametrize("locale", ["zh-Hans", "zh-Hant", "en"])
def test_rare_characters_of_names_are_printed(name: str, locale: fonts.Locale) -> None:
    assert name in read(report_pdf(replace(with_headline(f"欧阳{name}"), locale=locale)))


@pytest.mark.parametrize(
    ("character", "named"),
    [
        ("𪛖", "U+2A6D6"),
        ("\ue123", "U+E123"),
        ("\U0001f600", "U+1F600"),
        ("\x07", "U+0007"),
        ("\ud800", "U+D800"),
    ],
)
def test_a_character_no_font_has_is_refused_by_name(character: str, named: str) -> None:
    data = report_to_typst(with_headline(f"欧阳{character}玥"))
    for format in ("pdf", "png", "svg"):
        with pytest.raises(MissingGlyph, match=named.replace("+", r"\+")) as refused:
            render("report", data, format=format)  # type: ignore[arg-type]
        assert character in refused.value.text


def test_a_character_no_font_has_is_refused_within_the_chart_too() -> None:
    data = report_to_typst(report())
    with pytest.raises(MissingGlyph, match="2A6D6"):
        render("report", data | {"chart": data["chart"].replace("不交社保", "𪛖")})


@poppler
@pytest.mark.parametrize(
    "hostile",
    [
        '#eval("1+1")',
        "*x* _y_ `z` $a$",
        "] } ) #panic() [",
        r"\ \u{41} \# <a> @b",
        "= 标题",
        '"}, "tone": "good',
        "// 注 /* 释 */",
        "{page} {pages}",
        "sys.inputs.data",
    ],
)
def test_markup_comes_out_literally(hostile: str) -> None:
    found = read(report_pdf(replace(with_headline(hostile), keeps=(hostile,), warnings=(hostile,))))
    assert found.count(hostile) == 3


def test_equal_data_give_equal_bytes() -> None:
    assert report_pdf(report()) == report_pdf(report())
    assert report_png(report()) == report_png(report())
    assert note_png(note()) == note_png(note())
    assert report_pdf(report()) != report_pdf(replace(report(), on=date(2026, 10, 16)))


def test_equal_bytes_from_another_process() -> None:
    script = (
        "import hashlib; from paper_samples import report; from documents.report import report_pdf;"
        "print(hashlib.sha256(report_pdf(report())).hexdigest())"
    )
    here, house = Path(__file__).parent, Path(__file__).parents[2]
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONPATH": f"{here}:{house}", "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_the_pdf_is_an_archive_copy_with_its_fonts_and_its_date() -> None:
    pdf = report_pdf(report())
    assert b"pdfaid:part>2<" in pdf and b"pdfaid:conformance>U<" in pdf
    assert b"D:20261015" in pdf


@poppler
def test_threads_render_at_once_without_mixing_documents() -> None:
    def one(number: int) -> bool:
        return re.findall(r"DOC\d+", read(report_pdf(with_headline(f"DOC{number}")))) == [f"DOC{number}"]

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(one, range(24)))


def test_pages_as_pictures() -> None:
    pages = report_png(report())
    assert len(pages) == 2
    assert all(page.startswith(PNG) for page in pages)
    assert render("report", report_to_typst(report()), format="svg").startswith(b"<svg")


@poppler
def test_a_long_report_in_english_loses_nothing() -> None:
    long = "Where the county has a rule of its own, that rule alone counts, and the figures change with it."
    data = replace(
        report(),
        locale="en",
        headline=long,
        keeps=(long,) * 8,
        steps=tuple(StepLine(f"Step {number}", "10000000.00", long, 1) for number in range(60)),
        chart=chart(extra=50_000, say=in_english),
    )
    text = read(report_pdf(data))
    assert all(f"Step {number}" in text for number in range(60))
    assert text.count("10000000.00") == 60
    assert text.count("怎么来的") >= 2, "the head of the table is repeated on the next page"


def test_data_that_are_too_large_are_refused() -> None:
    with pytest.raises(DataTooLarge, match="bytes"):
        report_pdf(with_headline("字" * LARGEST_DATA))
    with pytest.raises(DataTooLarge, match="line ends"):
        report_pdf(with_headline("\n" * 5_000))


def test_only_templates_of_the_house() -> None:
    for name in ("../report", "common.typ", "nothing", ""):
        with pytest.raises(ValueError, match="no such template"):
            render(name, report_to_typst(report()))


def test_a_slip_in_a_template_is_not_taken_for_a_missing_glyph() -> None:
    with pytest.raises(RuntimeError, match="does not contain key"):
        render("report", report_to_typst(replace(report(), labels={})))


def test_numbers_of_sources_must_exist() -> None:
    with pytest.raises(ValueError, match="no source has the number 9"):
        replace(report(), legal=(LegalPoint("。", (9,)),))
    with pytest.raises(ValueError, match="no source has the number 0"):
        replace(report(), steps=(StepLine("", "", "", 0),))


def test_only_secure_addresses_and_whole_rows() -> None:
    with pytest.raises(ValueError, match="https"):
        SourceLine("x", url="javascript:alert(1)")
    with pytest.raises(ValueError, match="cell"):
        Comparison(("a", "b"), (Row("x", ("1",)),))


def test_fonts_are_the_ones_that_were_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in fonts.FILES:
        assert fonts.checked(file).is_file()
    with pytest.raises(fonts.FontsUnusable, match="is not the font that was checked"):
        fonts.checked(fonts.FILES[0]._replace(sha256="0" * 64))
    with pytest.raises(fonts.FontsUnusable, match=r"Nothing\.otf is missing"):
        fonts.checked(fonts.FILES[0]._replace(name="Nothing.otf"))
    with pytest.raises(fonts.FontsUnusable, match="package no_such_package is not installed"):
        fonts.checked(fonts.FILES[0]._replace(package="no_such_package"))
