"""`python -m locales TEMPLATE.pot`: brings every catalogue up to the sentences in use, and names those untranslated."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from locales import LOCALES, SOURCE

WIDTH = 110


def read_template(path: Path) -> Catalog:
    """The sentences in use; what has neither a Chinese character nor a figure is a key that stood in a call."""
    with path.open("rb") as file:
        found = read_po(file)
    template = Catalog()
    for message in found:
        if message.id and re.search(r"[一-鿿{]", str(message.id)):
            template.add(message.id, flags=message.flags)
    return template


def update(locale: str, template: Catalog) -> list[str]:
    """Update one catalogue; its untranslated sentences."""
    path = Path(__file__).with_name(locale) / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        catalog = read_po(file, locale=locale)
    template.creation_date = catalog.creation_date  # so that nothing changes where nothing changed
    catalog.update(template, no_fuzzy_matching=True, update_header_comment=False)
    catalog.obsolete.clear()
    with path.open("wb") as file:
        write_po(file, catalog, width=WIDTH, sort_output=True, ignore_obsolete=True)
    return [str(message.id) for message in catalog if message.id and not message.string]


def main() -> int:
    """Exit status 1 where a sentence has no translation."""
    template = read_template(Path(sys.argv[1]))
    untranslated = {locale: update(locale, template) for locale in LOCALES if locale != SOURCE}
    for locale, sentences in untranslated.items():
        for sentence in sentences:
            print(f"{locale}: {sentence}")
    return int(any(untranslated.values()))


if __name__ == "__main__":
    sys.exit(main())
