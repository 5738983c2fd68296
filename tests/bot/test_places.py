"""Names of regions in a text, and what the places are to the reader."""

from __future__ import annotations

import pytest

from bot.understanding.places import Places
from bot.understanding.reading_places import read_places
from policy_kb.divisions import Divisions

DIVISIONS = Divisions.load()
PLACES = Places(DIVISIONS)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("安徽省阜阳市颍州区", ["颍州区"]), ("老家安徽的,阜阳", ["阜阳市"]), ("苏州昆山", ["昆山市"]),
        ("北京朝阳", ["朝阳区"]), ("吴江市", ["吴江区"]), ("恩施州", ["恩施土家族苗族自治州"]),
        ("襄樊", ["襄阳市"]), ("户县", ["鄠邑区"]), ("西安", ["西安市"]), ("suzhou, jiangsu", ["苏州市"]),
        ("从合肥到上海", ["合肥市", "上海市"]),
    ],
)  # fmt: skip
def test_places_go_by_many_names(text: str, names: list[str]) -> None:
    assert [DIVISIONS.name(code) for place in PLACES.named(text) for code in place.codes] == names


@pytest.mark.parametrize(
    "text", ["和平年代", "在大厂上班", "南京路", "兰州拉面", "资源", "公安局", "安排工作", "in yuan", "hukou"]
)
def test_words_with_a_places_name_in_them_are_none(text: str) -> None:
    assert PLACES.named(text) == []


def test_an_ordinary_word_is_a_place_between_words_of_place() -> None:
    assert PLACES.named("太和") == []
    assert PLACES.named("太和", asked=True) != []
    assert PLACES.named("老家太和的") != []
    assert PLACES.named("和平县") != []
    assert PLACES.named("日子太和平了") == []


def test_every_region_is_known_by_its_full_name() -> None:
    codes = [place.code for place in PLACES._by_code.values()]
    assert all(PLACES.named(DIVISIONS.full_name(code))[-1].codes == (code,) for code in codes)


def test_sound_alikes_are_symmetric_and_not_the_same_name() -> None:
    assert PLACES.sounds_like("320500") == ("341300",)
    assert PLACES.sounds_like("341300") == ("320500",)
    assert PLACES.sounds_like("140000") == ("610000",)
    assert PLACES.sounds_like("420600") == ("610400",)
    assert PLACES.sounds_like("220000") == ()
    assert PLACES.sounds_like("999999") == ()


def test_two_places_share_the_two_roles() -> None:
    said = read_places("老家阜阳,苏州", PLACES)
    assert (said.region, said.dibao_region) == ("320500", "341200")


def test_an_ambiguous_place_offers_at_most_six() -> None:
    (doubt,) = read_places("鼓楼区", PLACES, "region").unsure
    assert (doubt.field, doubt.why, len(doubt.choices)) == ("region", "ambiguous_region", 4)
