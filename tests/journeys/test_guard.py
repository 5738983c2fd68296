"""No reply leaves with a figure or a citation that nothing supports; what is withheld is withheld without a leak."""

from __future__ import annotations

import logging

import pytest

from bot import wording
from bot.dialogue.steps import Ask, HandOff, Part, Quoted, Tap, Tell
from bot.guard import NOTHING, Evidence, Unfounded, check
from bot.wording import Template, templates, word
from hr_inbox.task import HrTask
from locales import speak

SAY = speak("zh_Hans")


def tell(text: str, evidence: Evidence = NOTHING) -> Tell:
    return Tell("said", (Quoted(text),), evidence=evidence)


@pytest.mark.parametrize(
    "text",
    [
        "低保线是 800 元。",
        "每月扣３２００元。",
        "要交1,234.50元。",
        "扣八百元。",
        "罚二倍以下。",
        "交满十五年。",
        "再发六个月。",
        "六十日内申请。",
        "每天加万分之五。",
        "百分之八。",
        "按八成发。",
        "两百块。",
        "半年之内。",
        "一个月内去说。",
        "依据《社会保险法》。",
        "看第八十六条。",
        "看第86条。",
        "民发〔2021〕57号写着。",
    ],
)
def test_a_typed_figure_or_citation_is_not_sent(text: str) -> None:
    with pytest.raises(Unfounded):
        word(tell(text), SAY)


@pytest.mark.parametrize(
    "text",
    [
        "问一个问题。",
        "一个月工资多少？",
        "一年算下来差不多。",
        "第一，先看低保本。",
        "两边都出钱。",
        "点一个最像的就行。",
        "一家人一起算。",
    ],
)
def test_a_manner_of_speaking_is_no_figure(text: str) -> None:
    assert word(tell(text), SAY).text == text


def test_a_template_with_a_typed_figure_cannot_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = {**templates(), "talk.typed": Template("低保线是 800 元，按《社会保险法》第六十条。")}
    monkeypatch.setattr(wording, "templates", lambda: typed)
    with pytest.raises(Unfounded):
        word(Tell("typed", (Part("talk.typed"),)), SAY)


def test_a_button_is_checked_like_the_text() -> None:
    tap = Tap(Quoted("再发 6 个月"), "way=transition")
    with pytest.raises(Unfounded):
        word(Tell("said", (Quoted("看下面。"),), (tap,)), SAY)


def test_a_question_is_checked_too() -> None:
    with pytest.raises(Unfounded):
        word(Ask("gross_or_net", "", {"wage": "3500.00"}), SAY)
    assert (
        "3500.00"
        in word(Ask("gross_or_net", "", {"wage": "3500.00"}, evidence=Evidence.of("3500")), SAY).text
    )


def test_figures_of_a_trace_pass_however_they_are_written() -> None:
    evidence = Evidence.of_data(
        {"steps": [{"value": "1234.50"}, {"value": "0.05"}], "text": ["60日", None, True]}
    )
    check("到手 1,234.50 元，60 日内。", evidence)
    check("到手 1234.5 元。", evidence)
    with pytest.raises(Unfounded):
        check("到手 1234.51 元。", evidence)


def test_a_figure_is_founded_as_a_whole_and_not_by_a_part_of_another() -> None:
    with pytest.raises(Unfounded):
        check("扣 80 元", Evidence.of("800 元"))


def test_citations_pass_only_where_the_record_holds_them() -> None:
    evidence = Evidence.of("《社会保险法》第六十条，民发〔2021〕57号")
    check("依据《社会保险法》第六十条。", evidence)
    check("见民发〔2021〕57号", evidence)
    with pytest.raises(Unfounded):
        check("依据《社会保险法》第八十六条。", evidence)
    with pytest.raises(Unfounded):
        check("依据《劳动法》。", evidence)


def test_the_message_of_the_error_holds_no_word_of_the_text() -> None:
    with pytest.raises(Unfounded) as error:
        check("阿丽的工资 3500 元", NOTHING)
    assert "3500" not in str(error.value) and "阿丽" not in str(error.value)


def test_a_hand_over_says_no_figure_of_its_own() -> None:
    task = HrTask("question", ("工资 3500",))
    with pytest.raises(Unfounded):
        word(HandOff(task, (Part("dibao.break_even", {"wage": "3724.95"}),)), SAY)


def test_no_template_holds_a_figure_or_a_citation() -> None:
    for key, template in templates().items():
        for text in (template.text, *(title for title, _ in template.taps)):
            held = Evidence.of(text)
            assert held == NOTHING, f"{key}: {held}"


def test_what_is_withheld_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    from bot.dialogue.turn import _worded

    with caplog.at_level(logging.ERROR, "shebao.bot"):
        reply, founded = _worded(tell("阿丽家的低保线是 800 元"), SAY)
    assert not founded
    assert "800" not in reply.text and reply.buttons
    assert "withheld" in caplog.text and "800" not in caplog.text and "阿丽" not in caplog.text
