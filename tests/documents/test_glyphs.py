"""What is said to be printable is printed, and what is not is refused by the press too."""

import random
import shutil
import subprocess

import pytest
from paper_samples import with_headline

from documents.glyphs import _covered, named, printable, unprintable
from documents.rendering import MissingGlyph, render
from documents.report import report_to_typst

RARE = "䶮㛃堃喆犇淼昇镕珺翀彧祎鎏𬀩𬭊𬭬𫄸𫍯𬊤𬍛𬘓𬭎𫔍𬤊𬸚𠅤㙓㸌䲠𬭤"


def printed(text: str) -> bytes:
    return render("report", report_to_typst(with_headline(text)))


def test_rare_characters_of_names_are_printable() -> None:
    assert len(RARE) == 30 and unprintable(RARE) == ""
    assert unprintable("阿依古丽·买买提") == unprintable("欧阳𠀋 (Ａ)") == unprintable("line\nend\t") == ""


def test_a_name_that_cannot_be_printed_is_found_and_named() -> None:
    assert unprintable("李𪛖𪛖梅\ue123") == "𪛖\ue123"
    assert [named(each) for each in "𪛖\ue123\u200b\ud800"] == ["𪛖（U+2A6D6）", "U+E123", "U+200B", "U+D800"]


@pytest.mark.parametrize("character", ["𪛖", "\ue123", "\U0001f600", "\x07", "\ud800", "ي"])
def test_the_press_refuses_what_is_said_to_be_unprintable(character: str) -> None:
    assert unprintable(character) == character
    with pytest.raises(MissingGlyph):
        printed(f"欧阳{character}玥")


def test_the_press_prints_what_is_said_to_be_printable() -> None:
    points = [point for point in _covered() if point > 0x20]
    for point in random.Random(1).sample(points, 3000):
        assert unprintable(chr(point)) == ""
    text = "".join(map(chr, random.Random(2).sample(points, 3000)))
    assert printed(text)


def test_nothing_of_ones_own_words_is_lost() -> None:
    said = printable("看到了\U0001f600，\n药钱紧\u200d")
    assert said == "看到了〔U+1F600〕，\n药钱紧〔U+200D〕"
    assert printed(said)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler (pdftotext) is not installed")
def test_rare_names_are_read_back_from_the_page() -> None:
    done = subprocess.run(["pdftotext", "-", "-"], input=printed(RARE), capture_output=True, check=True)
    assert RARE in "".join(done.stdout.decode().split())
