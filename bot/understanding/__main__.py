"""`python -m bot.understanding`: trains the reader where its sentences changed; `make setup` runs it."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

from bot.understanding.model import stored_hash
from bot.understanding.sentences import load_encoder
from bot.understanding.training import data_hash, train

HOME: Final = Path(__file__).parents[2]
SENTENCES: Final = HOME / "intents" / "data"
TRAINED: Final = HOME / "var" / "reader"


def main() -> None:
    """Trains into `var/reader`, or says nothing where that is done."""
    encoder = load_encoder()
    if stored_hash(TRAINED) == data_hash(SENTENCES, encoder):
        return
    started = time.perf_counter()
    model = train(SENTENCES, encoder)
    model.save(TRAINED)
    spent = time.perf_counter() - started
    print(f"trained the reader: {len(model.labels)} intents in {spent:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
