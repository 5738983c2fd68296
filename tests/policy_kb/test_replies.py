"""What HR can pick as an answer: founded like an article, for the employee's place and day, and never past its clauses."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from article_samples import SAMPLE

from policy_kb.article_lint import lint_replies
from policy_kb.articles import Article, read_article
from policy_kb.library import Library
from policy_kb.replies import holding_for, load_replies, ready_reply

ON = date(2026, 11, 27)
SUZHOU = "320500"
#: An article's fields that a reply does not have.
FOUND_BY = SAMPLE[SAMPLE.index("intents:") : SAMPLE.index("rules:")]
PICKED = SAMPLE.replace(FOUND_BY, "")


def write_reply(folder: Path, *changes: tuple[str, str]) -> Path:
    text = PICKED
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    path = folder / "000000" / "late-fee.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def shipped(slug: str) -> Article:
    return next(reply for reply in load_replies() if reply.slug == slug)


def test_what_hr_asks_for_is_there() -> None:
    assert {reply.slug for reply in load_replies()} >= {
        "back-pay",
        "take-home",
        "resident-medical",
        "can-i-wait",
        "who-told-you",
        "not-signing",
        "cash-instead",
    }


def test_what_ships_has_no_finding(library: Library) -> None:
    assert lint_replies(library) == []


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ("statutes: [SIL-86, MOHRSS20-LATE]", "statutes: []", "article_without_record"),
        ("拿不准就打 {{ phone.12333 }} 问", "拿不准就打 12333 问", "article_figure"),
        ("这笔钱由厂里出，", "按社会保险法第八十六条，", "article_citation"),
        ("这笔钱由厂里出，", "你这是自愿放弃，", "article_word"),
        ("title_en: Who pays when insurance is paid late?\n", "", "article_english"),
        ("- Call {{ phone.12333 }} if in doubt.\n", "", "article_english"),
        ("rules: []", "rules: []\nquestions: [谁出]", "reply_is_picked"),
        ("effective_from: 2011-07-01", "effective_from: 2001-07-01", "article_dates"),
    ],
)
def test_each_slip_is_found(tmp_path: Path, library: Library, before: str, after: str, rule: str) -> None:
    write_reply(tmp_path, (before, after))
    assert rule in [finding.rule for finding in lint_replies(library, tmp_path)]


def test_a_reply_needs_neither_questions_nor_steps(tmp_path: Path, library: Library) -> None:
    steps = PICKED[PICKED.index("## 怎么办") : PICKED.index("## 依据")]
    english = PICKED[PICKED.index("- From the day") :]
    write_reply(tmp_path, (steps, ""), (english, ""))
    assert lint_replies(library, tmp_path) == []


def test_figures_come_from_the_library_for_the_place(library: Library) -> None:
    reply = ready_reply(shipped("take-home"), library, SUZHOU, ON, "zh-Hans")
    assert "养老：8%" in reply.text and "8%" in " ".join(reply.figures)
    assert "SIL-60" in [source["id"] for source in reply.sources]
    assert any(source["region"] != "000000" for source in reply.sources)


def test_a_figure_that_is_not_on_record_is_said_to_be_missing(library: Library) -> None:
    reply = ready_reply(shipped("take-home"), library, "000000", ON, "zh-Hans")
    assert "各地不一样" in reply.text and "医疗" not in reply.text


def test_each_language_has_its_own(library: Library) -> None:
    reply = shipped("can-i-wait")
    texts = {
        locale: ready_reply(reply, library, SUZHOU, ON, locale).text
        for locale in ("zh-Hans", "zh-Hant", "en")
    }
    assert "不能等" in texts["zh-Hans"] and "還" not in texts["zh-Hans"]
    assert "廠裡" in texts["zh-Hant"]
    assert texts["en"].startswith("It cannot wait.") and "0.05%" in texts["en"]


def test_a_reply_past_its_last_day_cannot_be_sent(tmp_path: Path, library: Library) -> None:
    reply = read_article(write_reply(tmp_path, ("effective_until: null", f"effective_until: {ON}")))
    assert ready_reply(reply, library, SUZHOU, ON, "zh-Hans").obstacle is None
    obstacle = ready_reply(reply, library, SUZHOU, ON + timedelta(days=1), "zh-Hans").obstacle
    assert obstacle is not None and (obstacle.reason, obstacle.day) == ("longer", ON)


def test_a_reply_whose_clause_is_not_in_force_cannot_be_sent(library: Library) -> None:
    early = ready_reply(shipped("cash-instead"), library, SUZHOU, date(2025, 8, 31), "zh-Hans").obstacle
    assert early is not None and early.reason == "yet"
    # N-16 ended with June 2026, whatever the reply itself says of its days.
    ended = ready_reply(
        replace(shipped("back-pay"), rules=("N-16",)), library, SUZHOU, ON, "zh-Hans"
    ).obstacle
    assert ended is not None and (ended.reason, ended.day) == ("longer", date(2026, 6, 30))
    assert ended.record


def test_a_reply_whose_clause_has_left_the_library_cannot_be_sent(library: Library) -> None:
    gone = replace(shipped("back-pay"), statutes=("SIL-999",))
    obstacle = ready_reply(gone, library, SUZHOU, ON, "zh-Hans").obstacle
    assert obstacle is not None and (obstacle.reason, obstacle.record) == ("gone", "SIL-999")


def test_a_region_has_its_own_beside_those_of_the_nation() -> None:
    nation = shipped("back-pay")
    beijing, haidian = replace(nation, region="110000"), replace(nation, region="110108")
    kept = (nation, beijing, haidian)
    assert holding_for(kept, "110108") == kept
    assert holding_for(kept, "110105") == (nation, beijing)
    assert holding_for(kept, "000000") == (nation,)
