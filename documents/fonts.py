"""The font files: found inside two pinned packages and checked, so that no character changes its form unseen."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

import typst

from locales import Locale


class FontFile(NamedTuple):
    """One font file, the package that brings it, and its SHA-256."""

    package: str
    name: str
    sha256: str


class FontsUnusable(RuntimeError):
    """A font file is missing, or is not the one that was checked."""


FILES: Final = (
    FontFile(
        "pylopdf_fonts_zh_cn",
        "NotoSerifSC-Regular.otf",
        "e8f396decc1f0963a016a989c3d8852e863d1350996f573860a80767c83a1cd3",
    ),
    FontFile(
        "pylopdf_fonts_zh_cn",
        "NotoSansSC-Regular.otf",
        "faa6c9df652116dde789d351359f3d7e5d2285a2b2a1f04a2d7244df706d5ea9",
    ),
    FontFile(
        "manimgx_fonts_cjk",
        "NotoSansCJK-VF.otf.ttc",
        "d3d8256cdec8dbcb3552284bc6b20c734dd60c2ee9df83b5758e34807c4bac32",
    ),
)

#: The font in which each language reads right: the same code point has other strokes in Taiwan than on the mainland.
SANS: Final[dict[Locale, str]] = {
    "zh-Hans": "Noto Sans CJK SC",
    "zh-Hant": "Noto Sans CJK TC",
    "en": "Noto Sans CJK SC",
}


@cache
def fonts() -> typst.Fonts:
    """The fonts of every document, checked once in a process.

    Raises `FontsUnusable` naming the file and what to do.
    """
    folders = {checked(file).parent for file in FILES}
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=sorted(map(str, folders))
    )


def checked(file: FontFile) -> Path:
    """Where the file lies, once its SHA-256 is found to be the known one.

    Raises `FontsUnusable`.
    """
    path = _folder(file.package) / file.name
    if not path.is_file():
        raise FontsUnusable(
            f"{path} is missing: reinstall the package {file.package} as pinned in pyproject.toml"
        )
    with path.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != file.sha256:
        raise FontsUnusable(
            f"{path} is not the font that was checked: SHA-256 {found}, expected {file.sha256}"
        )
    return path


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FontsUnusable(f"the package {package} is not installed: install it as pinned in pyproject.toml")
    return Path(spec.submodule_search_locations[0])
