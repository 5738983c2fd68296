"""`python -m app.prepare`, a part of `make setup`: the reader is trained beforehand, and the server only loads it."""

from __future__ import annotations

from bot.understanding.__main__ import TRAINED
from bot.understanding.__main__ import main as train
from bot.understanding.sentences import load_encoder
from policy_kb.articles import load_articles
from policy_kb.finding import Finder


def main() -> None:
    """Nothing where both are as the sentences and the articles are."""
    train()
    Finder(load_articles(), load_encoder(), TRAINED)


if __name__ == "__main__":
    main()
