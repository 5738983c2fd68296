"""The compiled form of the library: all its files as one JSON with a content hash, so that loading takes milliseconds."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from policy_kb.divisions import Divisions
from policy_kb.files import REGIONS, parse_region, read_yaml
from policy_kb.library import Library
from policy_kb.records import RegionRecords

COMPILED: Final = Path(__file__).with_name("compiled.json")
#: Changes when the compiled form does, so that a kept one of another form is made anew.
FORM: Final = b"files by folder"
EDITION: Final = Path(__file__).with_name("edition.txt")


def load(overlays: Iterable[Path] = (), compiled: Path | None = COMPILED) -> Library:
    """The library that ships, with folders of a company's own region files laid over it.

    `compiled` is read for every folder whose files it still matches; the others are read anew (and kept, where it can
    be written), so that a published figure does not have the whole library read again.
    Raises `PolicyError` where a file does not load.
    """
    return _library(_layers(overlays, compiled))


def snapshot(overlays: Iterable[Path] = ()) -> bytes:
    """The whole content of the library as it stands, for `restore` later. Raises `PolicyError`."""
    return zlib.compress(_canonical(_layers(overlays, COMPILED)).encode())


def restore(kept: bytes) -> Library:
    """The library of a snapshot, with the hash that it had."""
    return _library(json.loads(zlib.decompress(kept)))


def _layers(overlays: Iterable[Path], compiled: Path | None) -> list[Any]:
    folders = (REGIONS, *overlays)
    prints = [_fingerprint(folder) for folder in folders]
    kept = _kept(compiled) if compiled else {}
    layers = [
        kept[mark] if mark in kept else _read(folder) for mark, folder in zip(prints, folders, strict=True)
    ]
    if compiled and not kept.keys() >= set(prints):
        _keep(compiled, dict(zip(prints, layers, strict=True)))
    return layers


def _canonical(layers: list[Any]) -> str:
    return json.dumps(layers, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _library(layers: list[Any]) -> Library:
    divisions = Divisions.load()
    regions: dict[str, RegionRecords] = {}
    for layer, files in enumerate(layers):
        for name, content in files.items():
            records = parse_region(content, name, divisions, layer)
            known = regions.get(records.region)
            regions[records.region] = records if known is None else known.joined(records)
    sha256 = hashlib.sha256(_canonical(layers).encode()).hexdigest()
    library = Library(regions.values(), divisions, EDITION.read_text(encoding="utf-8").strip(), sha256)
    # It stays and does not change: walking through it again and again would double the time of an answer.
    gc.freeze()
    return library


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256(FORM)
    for path in sorted(folder.glob("*.yaml")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _read(folder: Path) -> dict[str, Any]:
    return {path.name: read_yaml(path) for path in sorted(folder.glob("*.yaml"))}


def _kept(path: Path) -> dict[str, Any]:
    """The files of each folder that was compiled, by its fingerprint."""
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _keep(path: Path, data: dict[str, Any]) -> None:
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, suffix=".json")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(data, file, ensure_ascii=False, separators=(",", ":"))
        Path(name).replace(path)
    except OSError:
        return  # a read-only installation works all the same, only slower to start
