"""李小梅 is asked about her own figures, in an order that is hers, and a wrong answer is explained."""

from __future__ import annotations

from dataclasses import replace

import pytest
from notice_samples import ALI, OCTOBER, drafted, words

from calculator.money import parse_yuan
from locales import as_written
from notices.drafting import OnRecord
from notices.questions import graded, questions, shown
from people.records import PayMonth
from policy_kb.article_lint import NEVER_SAID
from policy_kb.library import Library


def test_she_is_asked_her_own_share_among_figures_of_her_own_notice(library: Library) -> None:
    own, signing, refusing = questions(drafted(library))
    assert own.right == "524.96" and set(own.question.choices) == {"524.96", "1213.24", "1738.20"}
    assert signing.right == "我收到了，也看过了，不等于同意" and refusing.right.startswith("照样参保、照样缴")
    for each in (own, signing, refusing):
        assert len(set(each.question.choices)) == 3 and each.right in each.question.choices
        assert [shown(choice, as_written) for choice in each.question.choices] == list(each.question.choices)


def test_what_is_shown_after_a_wrong_answer_gives_the_right_one(library: Library) -> None:
    content = drafted(library)
    own, signing, refusing = questions(content)
    assert "524.96 元" in own.explanation(as_written) and "1213.24 元" in own.explanation(as_written)
    assert "不等于同意" in signing.explanation(as_written) and "滞纳金由单位出" in refusing.explanation(
        as_written
    )
    for each in (own, signing, refusing):
        said = each.text(as_written) + each.explanation(as_written) + "".join(each.question.choices)
        assert not any(word in said for word in (*NEVER_SAID, "放弃"))


def test_answers_are_graded_and_what_was_not_answered_is_not_right(library: Library) -> None:
    content = drafted(library)
    right = {each.question.key: each.right for each in questions(content)}
    assert graded(content, right) == dict.fromkeys(("own_share", "signing", "refusing"), True)
    assert graded(content, {"own_share": "1213.24", "signing": right["signing"]}) == {
        "own_share": False,
        "signing": True,
        "refusing": False,
    }


def test_the_order_is_the_contents_own_and_stays(library: Library) -> None:
    contents = [drafted(library, replace(ALI, number=f"A{number:04}")) for number in range(30)]
    orders = [[each.question.choices for each in questions(content)] for content in contents]
    assert orders == [[each.question.choices for each in questions(content)] for content in contents]
    # The right one stands in every place for somebody.
    for asked in range(3):
        places = {
            questions(content)[asked].question.choices.index(questions(content)[asked].right)
            for content in contents
        }
        assert places == {0, 1, 2}


@pytest.mark.parametrize("wage", [100, 350_000, 1_000_000, 9_000_000])
def test_there_are_always_three_figures(library: Library, wage: int) -> None:
    own = questions(drafted(library, replace(ALI, wage=wage)))[0]
    assert len(set(own.question.choices)) == 3 and all(
        parse_yuan(choice) > 0 for choice in own.question.choices
    )


def test_a_statement_asks_about_its_month(library: Library) -> None:
    content = drafted(library, known=OnRecord(months=(PayMonth(OCTOBER, 600_000),)), kind="statement")
    own, signing = questions(content)
    assert own.right == content.data["totals"]["employee"] and "这个月" in own.text(as_written)
    assert own.right in words(content) and signing.question.key == "signing"
