"""What an article must rest on and how it must speak, each rule broken once."""

from __future__ import annotations

from pathlib import Path

import pytest
from article_samples import SAMPLE, write_article

from policy_kb.article_lint import NEVER_SAID, lint_articles
from policy_kb.library import Library

ANSWER = "这笔钱由厂里出，不从你工资里扣。"
STEP = "拿不准就打"
STATUTES = "statutes: [SIL-86, MOHRSS20-LATE]"
CLAUSE = "{{ clause MOHRSS20-LATE }}"
ENGLISH = "It is not taken from your wage."


def rules(folder: Path, library: Library) -> list[str]:
    return [finding.rule for finding in lint_articles(library, folder)]


def test_the_sample_has_no_finding(tmp_path: Path, library: Library) -> None:
    write_article(tmp_path)
    assert lint_articles(library, tmp_path) == []


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        (STATUTES, "statutes: []", "article_without_record"),
        (STATUTES, "statutes: [SIL-86, MOHRSS20-LATE, SIL-999]", "article_unknown_record"),
        (STATUTES, "statutes: [SIL-86, MOHRSS20-LATE, N-01]", "article_unknown_record"),
        (STATUTES, "statutes: [SIL-86, MOHRSS20-LATE, AEL-45]", "article_unsure_record"),
        (STATUTES, "statutes: [SIL-86]", "article_reference"),
        ("effective_from: 2011-07-01", "effective_from: 2010-01-01", "article_dates"),
        ("rules: []", "rules: [N-32]", "article_dates"),
        ("effective_until: null", "effective_until: 2011-06-30", "article_dates"),
        ("SIL-86.fine_multiple_max | times }} what", "SIL-86.fine | times }} what", "article_reference"),
        ("fine_multiple_max | times }} what", "fine_multiple_max | fold }} what", "article_reference"),
        ("phone.12333 }} 问", "phone.12333 } 问", "article_reference"),
        (STEP, "看 {{ clause SIL-86 }}，拿不准就打", "article_reference"),
        (f"{{{{ clause SIL-86 }}}}\n{CLAUSE}\n", "\n", "article_reference"),
        ("[ask_late_fee_penalty]", "[ask_weather]", "article_intent"),
        ("[ask_late_fee_penalty]", "[]", "article_intent"),
        ("  - 滯納金誰出\n", "", "article_questions"),
        ("title_en: Who pays when insurance is paid late?\n", "", "article_english"),
        ("- Call {{ phone.12333 }} if in doubt.\n", "", "article_english"),
        (
            f"{STEP} {{{{ phone.12333 }}}} 问。",
            f"{STEP}电话。\n- 再问。\n- 再问。\n- 再问。\n- 再问。",
            "article_steps",
        ),
        (STEP, "啊" * 41, "article_sentence"),
        (ANSWER, f"{ANSWER}每天加收万分之五。", "article_figure"),
        (ANSWER, f"{ANSWER}最多罚三倍。", "article_figure"),
        (ANSWER, f"{ANSWER}六十天内说。", "article_figure"),
        (ANSWER, f"{ANSWER}满十五年。", "article_figure"),
        (ANSWER, f"{ANSWER}先减掉八成。", "article_figure"),
        (ANSWER, f"{ANSWER}可以再发半年。", "article_figure"),
        (ANSWER, f"{ANSWER}罚 500 块。", "article_figure"),
        (ANSWER, f"{ANSWER}罚５００块。", "article_figure"),
        (ANSWER, f"{ANSWER}加收5%。", "article_figure"),
        (ENGLISH, f"{ENGLISH} Appeal within sixty days.", "article_figure"),
        (ENGLISH, f"{ENGLISH} Article 86 says so.", "article_figure"),
        (ANSWER, f"{ANSWER}这是《社会保险法》说的。", "article_citation"),
        (ANSWER, f"{ANSWER}这是第八十六条说的。", "article_citation"),
        (ANSWER, f"{ANSWER}见民发〔〕号。", "article_citation"),
    ],
)
def test_each_rule_broken_once(tmp_path: Path, library: Library, before: str, after: str, rule: str) -> None:
    write_article(tmp_path, (before, after))
    assert rule in rules(tmp_path, library)


@pytest.mark.parametrize("word", NEVER_SAID)
def test_words_never_said_may_only_be_asked(tmp_path: Path, library: Library, word: str) -> None:
    write_article(tmp_path, ("厂里社保交晚了要加钱吗", f"{word}是什么"))
    assert lint_articles(library, tmp_path) == []
    write_article(tmp_path, (ANSWER, f"{ANSWER}{word}。"))
    assert "article_word" in rules(tmp_path, library)


@pytest.mark.parametrize(
    "said",
    [
        "每月都交。",
        "第一步先问。",
        "同一天办。",
        "找一个人。",
        "一次说清。",
        "两边都要说。",
        "九成新的车。"[2:],
    ],
)
def test_ordinary_words_are_no_figures(tmp_path: Path, library: Library, said: str) -> None:
    write_article(tmp_path, (ANSWER, f"{ANSWER}{said}"))
    assert lint_articles(library, tmp_path) == []


def test_two_articles_of_a_region_cannot_claim_one_question(tmp_path: Path, library: Library) -> None:
    write_article(tmp_path)
    other = SAMPLE.replace("  - 单位欠社保会罚款吗\n", "  - 滞纳金谁出？\n").replace(
        "多出来的钱谁出", "怎么办"
    )
    (tmp_path / "000000" / "other.md").write_text(other, encoding="utf-8")
    assert "article_questions" in rules(tmp_path, library)


def test_a_region_may_answer_what_the_nation_answers(tmp_path: Path, library: Library) -> None:
    write_article(tmp_path)
    write_article(tmp_path, region="110000")
    assert lint_articles(library, tmp_path) == []


def test_a_folder_must_be_a_region_and_a_file_readable(tmp_path: Path, library: Library) -> None:
    write_article(tmp_path, region="999999")
    assert rules(tmp_path, library) == ["article_region"]
    write_article(tmp_path, ("## 依据", "## 出处"), region="999999")
    assert rules(tmp_path, library) == ["article_unreadable"]


def test_every_article_that_ships_keeps_the_rules(library: Library) -> None:
    assert [f"{each.region}/{each.what}: {each.message}" for each in lint_articles(library)] == []
