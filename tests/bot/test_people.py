"""Who is counted, by a number or by name."""

from __future__ import annotations

import pytest

from bot.understanding.people import People, read_people


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("家里六口,本上四个", 4),
        ("户口本上五个,低保本上三个", 3),
        ("一家四口,两个孩子", 4),
        ("加我一共五个", 5),
        ("除了我还有三个", 4),
    ],
)
def test_the_book_counts_before_the_family(text: str, size: int) -> None:
    assert read_people(text).size == size


def test_a_correction_keeps_the_last_count() -> None:
    assert read_people("六个,不对,四个", corrects=True).size == 4
    assert read_people("不是六个是四个", corrects=True).size == 4


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("我和老婆俩娃", 4), ("两口子带俩娃", 4), ("我爸我妈我和弟弟", 4), ("我和娃娘俩", 2), ("我们娘仨", 3), ("两大两小", 4),
        ("两个孩子,一儿一女,我和老公", 4), ("夫妻两人,三个孩子", 5), ("我爸去世了,就我和我妈", 2), ("单亲妈妈带一个孩子", 2),
    ],
)  # fmt: skip
def test_nobody_is_counted_twice_or_left_out(text: str, size: int) -> None:
    assert read_people(text, "household_size").size == size


@pytest.mark.parametrize(
    "text", ["我和老婆都在苏州打工", "我老婆说的", "宿舍8个人", "我一个人出来打工", "三个月", "四口锅"]
)
def test_people_in_passing_are_no_household(text: str) -> None:
    assert read_people(text) == People()


def test_vague_people_are_asked_back_unless_a_number_is_there() -> None:
    assert read_people("上有老下有小").vague
    assert read_people("上有老下有小,一共六口") == People(6)


def test_more_than_a_household_holds_is_a_slip() -> None:
    assert read_people("四十口人") == People()
