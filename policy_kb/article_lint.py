"""Checks over policy articles and ready replies: what each rests on, and how it speaks to a worker."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from policy_kb.articles import ARTICLES, ASK_INTENTS, BASIS, STEPS, Article, article_paths, read_article
from policy_kb.divisions import NATION
from policy_kb.files import PolicyError
from policy_kb.library import USABLE, Library
from policy_kb.lint import Finding
from policy_kb.records import RuleRecord, Statute
from policy_kb.references import REFERENCE, Place, UnknownReference, record_of, resolve
from policy_kb.replies import REPLIES
from policy_kb.script import simplified

LONGEST_SENTENCE: Final = 40
FEWEST_QUESTIONS: Final = 6
STEPS_ALLOWED: Final = range(2, 7)
#: Words that never reach a worker, a line each; people may use them when they ask.
NEVER_SAID: Final = tuple(Path(__file__).with_name("never_said.txt").read_text(encoding="utf-8").split())

_DIGIT: Final = re.compile(r"[0-9０-９]+|[%％‰]|(?:百|千|万)分之(?![几多])")
_COUNTED: Final = re.compile(
    r"(?<![第每同某这那哪有])(?:半|[〇零一二两三四五六七八九十百千万]+[多几来]?)"
    r"(?:个?半?(?:个月|元|块钱|倍|周岁|年|天|日)|岁|成(?![不年为本了])|分之)"
)
_COUNTED_EN: Final = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|sixty|hundred|half)[ -]+"
    r"(?:(?:working|calendar|full|and|a|an|half|hundred|thousand)[ -]+)*(?:percent|per cent|times|days?|months?|years?|yuan)\b",
    re.IGNORECASE,
)
_CITED: Final = re.compile(r"[《》〔〕]|第[〇零一二三四五六七八九十百千]+条")
_HAN: Final = re.compile(r"[\u4e00-\u9fff]")


def lint_articles(library: Library, folder: Path = ARTICLES) -> list[Finding]:
    """Every finding over the articles below a folder, an article that cannot be read among them."""
    articles, found = _read(folder)
    for article in articles:
        found += lint_article(article, library)
    return [*found, *_same_questions(articles), *_in_place(articles)]


def lint_replies(library: Library, folder: Path = REPLIES) -> list[Finding]:
    """Every finding over the ready replies below a folder."""
    replies, found = _read(folder)
    for reply in replies:
        about = _About(reply)
        found += [*_founded(about, library), *_shape_of_a_reply(about), *_spoken(about)]
    return found


def lint_article(article: Article, library: Library) -> Iterator[Finding]:
    """The findings about one article alone."""
    about = _About(article)
    yield from _founded(about, library)
    yield from _shape(about)
    yield from _spoken(about)


def _read(folder: Path) -> tuple[list[Article], list[Finding]]:
    """What can be read below a folder, and a finding for each file that cannot."""
    articles: list[Article] = []
    found: list[Finding] = []
    for path in article_paths(folder):
        try:
            articles.append(read_article(path))
        except PolicyError as error:
            found.append(Finding("article_unreadable", path.parent.name, path.stem, None, str(error)))
    return articles, found


def _founded(about: _About, library: Library) -> Iterator[Finding]:
    article = about.article
    if article.region != NATION and article.region not in library.divisions:
        yield about("article_region", f"没有 {article.region} 这个地区，文件夹要用六位代码或 {NATION}")
    yield from _records(about, library)
    yield from _dates(about, library)
    yield from _references(about, library)


def _spoken(about: _About) -> Iterator[Finding]:
    for where, text in _read_by_workers(about.article):
        yield from _words(about, where, text)
    yield from _long_sentences(about)


@dataclass(frozen=True, slots=True)
class _About:
    """Makes findings about one article."""

    article: Article

    def __call__(self, rule: str, message: str) -> Finding:
        return Finding(rule, self.article.region, self.article.slug, None, message)


# -- What it rests on ------------------------------------------------------------------------------------------------


def _records(about: _About, library: Library) -> Iterator[Finding]:
    article = about.article
    if not article.records:
        yield about("article_without_record", "没有写依据（rules、statutes 都是空的）")
    for key in article.records:
        if not library.has(key):
            yield about("article_unknown_record", f"资料库里没有 {key}")
        elif library.citation(key).certainty not in USABLE:
            yield about("article_unsure_record", f"{key} 只凭记忆或不明，不能当依据")
    listed = library.statutes
    for key in filter(library.has, article.records):
        if (key in listed) != (key in article.statutes):
            yield about(
                "article_unknown_record", f"{key} 要写在 {'statutes' if key in listed else 'rules'} 里"
            )


def _dates(about: _About, library: Library) -> Iterator[Finding]:
    article = about.article
    rules = {rule.key: rule for records in library.regions.values() for rule in records.rules}
    for key in article.records:
        record: RuleRecord | Statute | None = rules.get(key) or library.statutes.get(key)
        if record is None:
            continue
        if record.start is not None and article.effective_from < record.start:
            yield about(
                "article_dates", f"effective_from {article.effective_from} 早于 {key} 的 {record.start}"
            )
        until = getattr(record, "until", None)
        if until is not None and (article.effective_until is None or article.effective_until > until):
            yield about("article_dates", f"effective_until {article.effective_until} 晚于 {key} 的 {until}")
    if article.effective_until is not None and article.effective_until < article.effective_from:
        yield about("article_dates", "effective_until 早于 effective_from")


def _references(about: _About, library: Library) -> Iterator[Finding]:
    article = about.article
    place = Place(library, _known(article.region, library), article.checked_on, article.checked_on)
    clauses = 0
    for where, text in _all_texts(article):
        for reference in REFERENCE.findall(text):
            key = record_of(reference)
            if key is not None and key not in article.records:
                yield about("article_reference", f"{where}: {reference}: {key} 没有列在 rules、statutes 里")
            if reference.startswith("clause "):
                clauses += 1
                if where != BASIS:
                    yield about("article_reference", f"{where}: {reference}: 条文只写在 {BASIS} 下面")
                continue
            try:
                resolve(reference, place)
            except UnknownReference as error:
                yield about("article_reference", f"{where}: {error}")
        if "{{" in REFERENCE.sub("", text) or "}}" in REFERENCE.sub("", text):
            yield about("article_reference", f"{where}: 引用没有写完整：{text}")
    if not clauses:
        yield about("article_reference", f"{BASIS} 下面没有条文")


def _known(region: str, library: Library) -> str:
    return region if region in library.divisions else NATION


# -- How it speaks ---------------------------------------------------------------------------------------------------


def _shape(about: _About) -> Iterator[Finding]:
    article = about.article
    if not article.intents or (unknown := sorted(set(article.intents) - set(ASK_INTENTS))):
        yield about(
            "article_intent", f"intents 里没有或不认识：{'、'.join(unknown) if article.intents else ''}"
        )
    if len(set(article.questions)) < FEWEST_QUESTIONS:
        yield about(
            "article_questions", f"问法至少要 {FEWEST_QUESTIONS} 个，只有 {len(set(article.questions))} 个"
        )
    for name, steps in ((STEPS, article.steps), ("In English", article.steps_en)):
        if len(steps) not in STEPS_ALLOWED:
            yield about("article_steps", f"{name}: 要有 2 到 6 步，现在 {len(steps)} 步")
    if not (article.title_en and article.answer_en and article.steps_en):
        yield about("article_english", "缺英文：title_en、答案或步骤")
    yield from _same_steps(about)


def _shape_of_a_reply(about: _About) -> Iterator[Finding]:
    reply = about.article
    if reply.intents or reply.questions:
        yield about("reply_is_picked", "现成的答复没有 intents、questions：它由人事挑，不由问题找")
    if not (reply.title_en and reply.answer_en):
        yield about("article_english", "缺英文：title_en 或答案")
    if len(reply.steps) > max(STEPS_ALLOWED):
        yield about("article_steps", f"{STEPS}: 最多 {max(STEPS_ALLOWED)} 步，现在 {len(reply.steps)} 步")
    yield from _same_steps(about)


def _same_steps(about: _About) -> Iterator[Finding]:
    chinese, english = len(about.article.steps), len(about.article.steps_en)
    if english and english != chinese:
        yield about("article_english", f"中文 {chinese} 步，英文 {english} 步")


def _long_sentences(about: _About) -> Iterator[Finding]:
    article = about.article
    for where, text in (
        *(("answer", each) for each in article.answer),
        *((STEPS, each) for each in article.steps),
    ):
        for sentence in re.split(r"[。！？]", REFERENCE.sub("", text)):
            if (length := len(_HAN.findall(sentence))) > LONGEST_SENTENCE:
                yield about(
                    "article_sentence", f"{where}: 一句 {length} 个字，最多 {LONGEST_SENTENCE}：{sentence}"
                )


def _words(about: _About, where: str, text: str) -> Iterator[Finding]:
    prose = REFERENCE.sub("", text)
    for pattern in (_DIGIT, _COUNTED, _COUNTED_EN):
        if match := pattern.search(prose):
            yield about("article_figure", f"{where}: 数字要用引用，不能写出来：{match[0]}（{prose}）")
    if match := _CITED.search(prose):
        yield about("article_citation", f"{where}: 出处要用引用，不能写出来：{match[0]}（{prose}）")
    plain = simplified(prose)
    for word in NEVER_SAID:
        if word in plain:
            yield about("article_word", f"{where}: 不对职工说“{word}”：{prose}")


def _read_by_workers(article: Article) -> Iterator[tuple[str, str]]:
    yield "title", article.title
    yield "title_en", article.title_en
    yield from _all_texts(article)


def _all_texts(article: Article) -> Iterator[tuple[str, str]]:
    parts: tuple[tuple[str, Iterable[str]], ...] = (
        ("answer", article.answer),
        (STEPS, article.steps),
        (BASIS, article.basis),
        ("In English", (*article.answer_en, *article.steps_en)),
    )
    for where, texts in parts:
        for text in texts:
            yield where, text


# -- Side by side ----------------------------------------------------------------------------------------------------


def _same_questions(articles: Iterable[Article]) -> Iterator[Finding]:
    """A question that two articles of one region claim: nobody could tell which of them answers it."""
    asked: dict[tuple[str, str], list[Article]] = defaultdict(list)
    for article in articles:
        for question in dict.fromkeys(_bare(each) for each in (*article.questions, article.title)):
            asked[article.region, question].append(article)
    for (region, question), claimed in asked.items():
        for other in claimed[1:]:
            yield Finding(
                "article_questions",
                region,
                other.slug,
                None,
                f"{claimed[0].slug} 里已有同样的问法：{question}",
            )


def _in_place(articles: Iterable[Article]) -> Iterator[Finding]:
    national = {article.slug for article in articles if article.region == NATION}
    for article in articles:
        for slug in article.instead_of:
            if article.region == NATION or slug not in national:
                yield _About(article)(
                    "article_instead_of", f"instead_of: 没有全国的 {slug}，或者自己就是全国的"
                )


def _bare(question: str) -> str:
    """A question without case, width, script and punctuation."""
    plain = simplified(unicodedata.normalize("NFKC", question)).casefold()
    return "".join(character for character in plain if character.isalnum())
