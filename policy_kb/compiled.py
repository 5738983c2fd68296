"""The compiled form of the library: all its files as one JSON with a content hash, so that loading takes milliseconds."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from policy_kb.divisions import Divisions
from policy_kb.files import REGIONS, parse_region, read_yaml
from policy_kb.library import Library

COMPILED: Final = Path(__file__).with_name("compiled.json")
EDITION: Final = Path(__file__).with_name("edition.txt")


def load(overlays: Iterable[Path] = (), compiled: Path | None = COMPILED) -> Library:
    """The library that ships, with folders of a company's own region files laid over it.

    `compiled` is read where it still matches the files, else made anew (and kept, where the folder can be written).
    Raises `PolicyError` where a file does not load.
    """
    folders = (REGIONS, *overlays)
    fingerprint = _fingerprint(folders)
    data = _kept(compiled, fingerprint) if compiled else None
    if data is None:
        data = {"fingerprint": fingerprint, "regions": _merge(folders)}
        if compiled:
            _keep(compiled, data)
    divisions = Divisions.load()
    regions = [parse_region(content, name, divisions) for name, content in data["regions"].items()]
    canonical = json.dumps(data["regions"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    sha256 = hashlib.sha256(canonical.encode()).hexdigest()
    return Library(regions, divisions, EDITION.read_text(encoding="utf-8").strip(), sha256)


def _fingerprint(folders: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.glob("*.yaml")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _merge(folders: Iterable[Path]) -> dict[str, Any]:
    """Each region's plain data; an overlay's lists are added to the region that ships, its sources under their own keys."""
    merged: dict[str, Any] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.yaml")):
            data = read_yaml(path)
            known = merged.setdefault(path.name, data)
            if known is not data:
                known.setdefault("sources", {}).update(data.get("sources") or {})
                for part in ("notices", "inherits", "lines", "rules"):
                    known[part] = [*(known.get(part) or []), *(data.get(part) or [])]
    return merged


def _kept(path: Path, fingerprint: str) -> dict[str, Any] | None:
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and data.get("fingerprint") == fingerprint else None


def _keep(path: Path, data: dict[str, Any]) -> None:
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, suffix=".json")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(data, file, ensure_ascii=False, separators=(",", ":"))
        Path(name).replace(path)
    except OSError:
        return  # a read-only installation works all the same, only slower to start
