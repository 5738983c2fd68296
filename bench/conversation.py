"""How fast the assistant is: turns and whole calculator dialogues, understanding and storage included."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Final

import click

from bot.assistant import Assistant
from bot.dialogue.talk import House
from delivery.messages import IncomingMessage
from storage.opening import open_storage

NOW: Final = datetime.fromisoformat("2026-10-15T10:00:00+08:00")
#: One calculator dialogue from the fear to the result; every sender has another wage, so that nothing is known by heart.
DIALOGUE: Final = (
    "我在苏州上班，老家安徽阜阳，工资{wage}扣之前，交社保影响低保吗",
    "在",
    "四个人",
    "没有",
    "低保线八百，卡上每月打{received}",
)
#: Dialogues of as many turns that an assistant made of Rasa alone does on two cores in a second.
RASA_ALONE: Final = 4.6


@contextmanager
def assistant(house: House, url: str = "") -> Iterator[Assistant]:
    """An assistant over a database of its own."""
    with TemporaryDirectory(prefix="shebao-bench-") as name:
        folder = Path(name)
        address = url or f"sqlite:///{folder / 'bench.db'}"
        storage = open_storage(address, folder / "keys", folder / "erased.jsonl", make=True)
        try:
            yield Assistant(house, storage.conversations, lambda: NOW)
        finally:
            storage.database.close()


def run(house: House, *, quick: bool) -> None:
    """Turns of one sender, of eight at once, and dialogues a second, printed."""
    dialogues = 10 if quick else 60
    with assistant(house) as it:
        _talk(it, "warm")
        alone = [spent for number in range(dialogues) for spent in _talk(it, f"one-{number}")]
    with assistant(house) as it:
        _talk(it, "warm")
        together, seconds = _eight(it, max(1, dialogues // 4))
    click.echo(_row("one sender", alone, sum(alone)))
    click.echo(_row("eight senders", together, seconds))
    rate = len(alone) / len(DIALOGUE) / sum(alone)
    click.echo(
        f"dialogues a second   {rate:.1f}, {rate / RASA_ALONE:.0f} × an assistant of Rasa alone ({RASA_ALONE})"
    )


def _talk(it: Assistant, sender: str) -> list[float]:
    """One dialogue; the seconds of each turn. Ends in a result, or the figures mean nothing."""
    spent = []
    topic = ""
    figures = {"wage": str(3000 + abs(hash(sender)) % 900), "received": str(100 + abs(hash(sender)) % 700)}
    for number, text in enumerate(DIALOGUE):
        message = IncomingMessage("bench", sender, f"{sender}-{number}", text.format(**figures))
        started = time.perf_counter()
        received = it.receive(message)
        spent.append(time.perf_counter() - started)
        topic = received.topic
    if topic != "dibao_impact" or received.step != "tell":
        raise RuntimeError("the dialogue did not end in a result")
    return spent


def _eight(it: Assistant, each: int) -> tuple[list[float], float]:
    """Eight senders at once: the seconds of every turn, and of all of it."""
    spent: list[float] = []

    def talk(sender: int) -> None:
        for number in range(each):
            spent.extend(_talk(it, f"{sender}-{number}"))

    threads = [threading.Thread(target=talk, args=(sender,)) for sender in range(8)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return spent, time.perf_counter() - started


def _row(name: str, spent: list[float], seconds: float) -> str:
    cuts = quantiles(spent, n=100)
    figures = itertools.chain((len(spent) / seconds,), (cuts[at] * 1000 for at in (49, 94, 98)))
    return f"{name:<20} {{:6.0f}} turns/s   p50 {{:5.1f}} ms   p95 {{:5.1f}} ms   p99 {{:5.1f}} ms".format(
        *figures
    )
