"""How the dialogue says things: templates in `*.toml`, Chinese the source; other languages through the catalogues."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Final

from bot.dialogue.steps import Ask, HandOff, Part, Quoted, Sign, Step, Tap
from bot.guard import Evidence, check
from bot.wording.neutral import is_neutral
from delivery.messages import Button, Reply
from locales import Say

FOLDER: Final = Path(__file__).parent
Message = tuple[int, str, str, list[str]]


@dataclass(frozen=True, slots=True)
class Template:
    """A text, and the taps under it as (title, payload)."""

    text: str
    taps: tuple[tuple[str, str], ...] = ()


@cache
def templates() -> Mapping[str, Template]:
    """Every template by its key: the file's name, a dot, the table's name."""
    return {
        f"{file.stem}.{name}": Template(
            table["text"], tuple((title, payload) for title, payload in table.get("taps", ()))
        )
        for file in sorted(FOLDER.glob("*.toml"))
        for name, table in tomllib.loads(file.read_text(encoding="utf-8")).items()
    }


def word(step: Step, say: Say) -> Reply:
    """The reply that a step is in words. Raises `Unfounded` where it holds a figure that nothing supports."""
    if isinstance(step, Sign):
        key = "notices.waiting" if step.waits else "notices.again"
        return Reply(say(templates()[key].text), neutral=is_neutral(step))
    if isinstance(step, HandOff):
        reply = Reply(_text(step.parts, say), neutral=is_neutral(step))
        check(reply.text, Evidence.of(*(part.text for part in step.parts if isinstance(part, Quoted))))
        return reply
    if isinstance(step, Ask):
        key = f"ask.{step.question}{'_' + step.variant if step.variant else ''}"
        template = templates()[key]
        text = _text((*step.before, Part(key, step.figures)), say)
        offered = template.taps if step.taps is None else ()
        more = (*(step.taps or ()), *step.more)
        buttons = (*(Button(say(title), payload) for title, payload in offered), *_taps(more, say))
    else:
        text, buttons = _text(step.parts, say), _taps(step.taps, say)
    check(" ".join((text, *(button.title for button in buttons))), step.evidence)
    return Reply(text, buttons, step.sources, step.papers, neutral=is_neutral(step))


def _text(parts: Collection[Part | Quoted], say: Say) -> str:
    return "\n".join(filter(None, (_said(part, say) for part in parts)))


def _said(part: Part | Quoted, say: Say) -> str:
    return part.text if isinstance(part, Quoted) else say(templates()[part.key].text, **part.figures)


def _taps(taps: Collection[Tap], say: Say) -> tuple[Button, ...]:
    return tuple(Button(_said(tap.title, say), tap.payload) for tap in taps)


def extract(
    file: BinaryIO, keywords: Collection[str], comment_tags: Collection[str], options: dict[str, Any]
) -> Iterator[Message]:
    """What Babel asks of an extractor: the texts and tap titles of one file of templates."""
    for table in tomllib.loads(file.read().decode()).values():
        for text in (table["text"], *(title for title, _ in table.get("taps", ()))):
            yield 1, "_", text, []
