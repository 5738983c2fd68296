"""What can go wrong with the storage, in one line; importing it brings no database library along."""

from __future__ import annotations


class StorageError(ValueError):
    """The database, its keys or a backup cannot be used as they are; one line says what is wrong."""
