"""The texts are data that never change once used, cite by the library alone, and mean the same in every language."""

from __future__ import annotations

import re
from datetime import date

import pytest
from notice_samples import ALI, drafted, words

from locales import LOCALES
from notices.drafting import OnRecord
from notices.notice import Content, NoticeKind
from notices.reading_aid import aid
from notices.texts import CURRENT, FOLDER, text_of
from people.records import PayMonth
from policy_kb.article_lint import NEVER_SAID
from policy_kb.library import Library

#: What each file was when it was first used. A new wording is a new file with the next number, and a line here.
FROZEN = {
    "contribution_notice/1": "7e15099264a2054c2a9159aec6da8e29b55fddf788bc4d9fcb0049f8fccadf50",
    "monthly_statement/1": "502db10db5ecac32f52ee44e05c81441246d5da6fc267887690c99426c08c4df",
}
KINDS: tuple[NoticeKind, ...] = ("notice", "statement")
HAN = re.compile("[一-鿿]")


def test_no_text_that_a_notice_was_made_of_is_changed() -> None:
    assert {path.name for path in FOLDER.glob("*.toml")} == {
        f"{name.replace('/', '-')}{suffix}.toml"
        for name in CURRENT.values()
        for suffix in ("", ".zh_Hant", ".en")
    }
    assert {name: text_of(name).sha256 for name in FROZEN} == FROZEN


@pytest.mark.parametrize(
    "name", ["contribution_notice/2", "../../x/1", "contribution_notice", "contribution_notice/0"]
)
def test_there_is_no_other_text(name: str) -> None:
    with pytest.raises(ValueError, match="no such text"):
        text_of(name)


@pytest.mark.parametrize("name", CURRENT.values())
def test_a_text_holds_no_figure_and_no_citation_of_its_own(name: str) -> None:
    for locale in LOCALES:
        text = text_of(name, locale)
        for section in text.sections:
            for each in section.paragraphs:
                plain = re.sub(r"\{[^{}]*\}", "", each.text)
                assert not re.search(
                    r"\d|《|第.{1,4}条|[一二三四五六七八九十百]+(元|倍|天|日|个月|年)", plain
                ), plain


@pytest.mark.parametrize("name", CURRENT.values())
def test_a_text_says_in_every_language_what_it_says_in_chinese(name: str) -> None:
    chinese = text_of(name)
    for locale in ("zh_Hant", "en"):
        other = text_of(name, locale)
        assert [each.key for each in other.sections] == [each.key for each in chinese.sections]
        for mine, theirs in zip(chinese.sections, other.sections, strict=True):
            assert [(each.when, each.rests_on, sorted(each.placeholders)) for each in mine.paragraphs] == [
                (each.when, each.rests_on, sorted(each.placeholders)) for each in theirs.paragraphs
            ], mine.key
        assert other.words.keys() == chinese.words.keys() and other.preface


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_is_never_said_to_a_worker(kind: NoticeKind) -> None:
    bodies = [text_of(CURRENT[kind], locale).body for locale in LOCALES]
    assert not any(word in body for body in bodies for word in (*NEVER_SAID, "放弃", "放棄", "waive "))


def contents(library: Library) -> list[Content]:
    before = drafted(library, kind="statement")
    months = (PayMonth(date(2026, 11, 1), 900_000, own_share=1, paid=False),)
    known = OnRecord(before=before, months=months)
    november = drafted(
        library, ALI, known, kind="statement", month=date(2026, 11, 1), supersedes="N-000100", why="写错了"
    )
    return [drafted(library), before, november]


def test_the_aid_is_headed_by_what_counts_and_gives_the_same_figures(library: Library) -> None:
    for content in contents(library):
        frozen = sorted(re.findall(r"\d+\.\d{2}(?!%)", words(content)))
        for locale in ("zh_Hant", "en"):
            head, *sections = aid(content, locale)
            assert head["key"] == "aid" and re.search("為準|what counts", head["paragraphs"][0])
            assert [each["key"] for each in sections] == [each["key"] for each in content.data["sections"]]
            told = "\n".join(text for each in sections for text in each["paragraphs"])
            assert sorted(re.findall(r"\d+\.\d{2}(?!%)", told)) == frozen
            assert "{" not in told
        assert aid(content, "zh_Hans") == [] and aid(content, "zh-Hant") == aid(content, "zh_Hant")


def test_the_english_aid_is_english_but_for_names(library: Library) -> None:
    for content in contents(library):
        data = content.data
        for section in aid(content, "en"):
            for text in section["paragraphs"]:
                for name in (
                    data["company"]["name"],
                    data["company"]["contact"],
                    data["place"]["name"],
                    data["why"],
                ):
                    text = text.replace(name, "") if name else text
                # A line's name is Chinese until the catalogue has it.
                text = text.replace("医疗保险（含生育保险）", "")
                assert not HAN.search(text), text


def test_the_aid_needs_no_library_so_that_it_still_says_years_later_what_was_said(library: Library) -> None:
    content = drafted(library)
    again = Content(dict(content.data))
    assert aid(again, "en") == aid(content, "en")
    assert "Social Insurance Law, art. 86" in str(aid(again, "en")) and "0.05%" in str(aid(again, "en"))
    assert "《社會保險法》第八十六條" in str(aid(again, "zh_Hant"))
