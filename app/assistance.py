"""The assistant as this installation has it: library, articles, readers and storage put together."""

from __future__ import annotations

from dataclasses import replace

from app.clock import today_in_china
from app.settings import Settings, SettingsError
from bot.dialogue.talk import House, NoNotices, Notices
from bot.mine import NoFiles, OwnFiles
from bot.understanding.__main__ import TRAINED
from bot.understanding.intents import Reader
from bot.understanding.reading_facts import FactReader
from bot.understanding.sentences import load_encoder
from connectors.rasa import choose_reader
from people.bindings import Bindings, NoBindings
from policy_kb import compiled
from policy_kb.articles import load_articles
from policy_kb.company import Company, load_company
from policy_kb.finding import Finder
from policy_kb.library import Library


def make_reader(settings: Settings) -> Reader:
    """The reader of the settings. Raises `SettingsError` where it cannot be used."""
    chosen = settings.understanding
    try:
        return choose_reader(
            chosen.engine,
            TRAINED,
            url=chosen.rasa_url,
            token=chosen.rasa_token,
            milliseconds=chosen.timeout_ms,
        )
    except ValueError as error:
        raise SettingsError(f"understanding.{error}") from error
    except OSError as error:
        raise SettingsError("understanding: the reader is not trained yet; run `make setup`") from error


def make_house(
    settings: Settings,
    library: Library | None = None,
    company: Company | None = None,
    bindings: Bindings | None = None,
    like: House | None = None,
    notices: Notices | None = None,
    files: OwnFiles | None = None,
) -> House:
    """What every conversation shares, warm: nobody waits for the weights of a first sentence.

    Library and company rules are those of the settings unless they are loaded already. Without `bindings` no chat is
    anybody's, without `notices` none ever waits, and without `files` nothing is on record of anybody. What does not change
    with them, such as the readers, is taken over from a house like this one where there is one.
    """
    rules = compiled.load(settings.policy.overlays) if library is None else library
    if company is None:
        company = load_company(settings.policy.company_folder, rules, today_in_china())
    if like is not None:
        return replace(like, library=rules, company=company, files=files or like.files)
    articles = load_articles()
    reader = make_reader(settings)
    house = House(
        library=rules,
        finder=Finder(articles, load_encoder(), TRAINED),
        articles={article.key: article for article in articles},
        reader=reader,
        facts=FactReader(rules.divisions),
        company=company,
        bindings=bindings or NoBindings(),
        notices=notices or NoNotices(),
        files=files or NoFiles(),
    )
    reader.read("交社保影响低保吗")
    return house
