"""Data in, document out: one Typst compiler a thread, the same bytes for the same data, no character lost."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, Literal

import typst

from documents.fonts import fonts

Format = Literal["pdf", "png", "svg"]

TEMPLATES: Final = Path(__file__).parent / "templates"
#: Bytes of JSON a document may be made from: ten times a long report.
LARGEST_DATA: Final = 200_000
#: Line ends in the data: each costs paper without costing bytes.
MOST_LINES: Final = 2_000
PPI: Final = 144.0


class MissingGlyph(ValueError):
    """No font has a character of the data, so the document would lose it. `text` is what cannot be shown."""

    def __init__(self, text: str) -> None:
        self.text = text
        points = " ".join(f"U+{ord(character):04X}" for character in text)
        super().__init__(
            f"no font has the character {ascii(text) if _is_surrogate(text) else text} ({points})"
        )


class DataTooLarge(ValueError):
    """The data would make a document far longer than any real one."""


def render(
    template: str,
    data: Mapping[str, Any],
    *,
    format: Format = "pdf",
    ppi: float = PPI,
    largest: int = LARGEST_DATA,
) -> bytes:
    """The document as PDF/A-2u, or its first page as PNG or SVG.

    `data` holds what JSON can hold; `data["on"]` (ISO date) becomes the document's date. Its texts are never read
    as markup. `largest` is how many bytes of JSON are taken. Raises `MissingGlyph` and `DataTooLarge`.
    """
    return render_pages(template, data, format=format, ppi=ppi, largest=largest)[0]


def render_pages(
    template: str,
    data: Mapping[str, Any],
    *,
    format: Format = "pdf",
    ppi: float = PPI,
    largest: int = LARGEST_DATA,
) -> list[bytes]:
    """Every page as PNG or SVG; of a PDF the one file."""
    document = _Document(template, _as_json(data, largest), _midnight(data))
    pdf = document.compiled("pdf", ppi)
    # Only the PDF/A export refuses a missing glyph, so it goes first; the layout it made is used again.
    return pdf if format == "pdf" else document.compiled(format, ppi)


class _Document:
    """A template with its data, ready to compile."""

    def __init__(self, template: str, data: str, made: datetime) -> None:
        self._path = _template(template)
        self._inputs = {"data": data}
        self._made = made

    def compiled(self, format: Format, ppi: float) -> list[bytes]:
        try:
            made = _compiler().compile(
                self._path,
                format=format,
                ppi=ppi,
                sys_inputs=self._inputs,
                pdf_standards=["a-2u"] if format == "pdf" else [],
                timestamp=self._made,
            )
        except typst.TypstError as error:
            raise _missing_glyph(error) or error from None
        return made if isinstance(made, list) else [made or b""]


_of_thread = threading.local()


def _compiler() -> typst.Compiler:
    """This thread's compiler: a shared one refuses the second thread as "already borrowed"."""
    if not hasattr(_of_thread, "compiler"):
        _of_thread.compiler = typst.Compiler(root=TEMPLATES, font_paths=fonts(), ignore_system_fonts=True)
    compiler: typst.Compiler = _of_thread.compiler
    return compiler


def _template(name: str) -> Path:
    path = TEMPLATES / f"{name}.typ"
    if not re.fullmatch(r"[a-z_]+", name) or not path.is_file():
        raise ValueError(f"no such template: {name!r}")
    return path


def _midnight(data: Mapping[str, Any]) -> datetime:
    on = date.fromisoformat(data["on"])
    return datetime(on.year, on.month, on.day, tzinfo=UTC)


def _as_json(data: Mapping[str, Any], largest: int) -> str:
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise MissingGlyph(text[error.start : error.end]) from None
    if size > largest:
        raise DataTooLarge(f"{size} bytes of data, {largest} at most")
    if (lines := text.count(r"\n")) > MOST_LINES:
        raise DataTooLarge(f"{lines} line ends in the data, {MOST_LINES} at most")
    return text


_MISSING: Final = re.compile(r'the text `"(.*)"` could not be displayed', re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(?:u\{([0-9a-f]+)\}|(.))")


def _missing_glyph(error: typst.TypstError) -> MissingGlyph | None:
    """What the PDF/A export refused, if that is why it failed; the message quotes text as Rust does."""
    if (match := _MISSING.search(error.message)) is None:
        return None
    return MissingGlyph(_ESCAPE.sub(lambda found: _unescaped(found[1], found[2]), match[1]))


def _unescaped(code: str | None, letter: str) -> str:
    return chr(int(code, 16)) if code else {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}.get(letter, letter)


def _is_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def draws(picture: str) -> bool:
    """Whether a picture (SVG, or a PNG within one) can be put on paper: one that is damaged would hold up every document."""
    try:
        render("picture", {"on": "2000-01-01", "picture": picture}, largest=2 * len(picture.encode()) + 1000)
    except typst.TypstError:
        return False
    return True
