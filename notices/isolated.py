"""A file that nobody knows, read apart: in a process of its own that may use little memory and little time.

A PDF of five megabytes can be made to unpack into gigabytes. A file that the register knows is one that was made here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from notices.pdf_seal import Inspection
    from notices.verifying import Trust

MEMORY: Final = 768 * 2**20
SECONDS: Final = 10
#: So many are read at a time; whoever comes then is asked to come again.
AT_A_TIME: Final = 2
_HOME: Final = Path(__file__).parent.parent
_CHILD: Final = "import sys; sys.path.insert(0, sys.argv[1]); from notices.isolated import child; child()"
_places: Final = BoundedSemaphore(AT_A_TIME)


class Busy(Exception):
    """Too many files are being read."""


def inspect_apart(pdf: bytes, trust: Trust, moment: datetime | None) -> Inspection:
    """What `pdf_seal.inspect` tells of a file. One that takes too much counts as one that cannot be read. Raises `Busy`."""
    from notices.pdf_seal import Inspection

    if not _places.acquire(blocking=False):
        raise Busy
    try:
        told = _asked(_question(trust, moment) + b"\n" + pdf)
    finally:
        _places.release()
    if told is None:
        return Inspection()
    at = told.pop("timestamp_at")
    return Inspection(**told, timestamp_at=None if at is None else datetime.fromisoformat(at))


def child() -> None:
    """The process: reads a question and a file from its input, and writes what the file tells."""
    _limit()
    from notices.pdf_seal import inspect
    from notices.seal_keys import Certificates

    asked = json.loads(sys.stdin.buffer.readline())
    seals = [Certificates(tuple(map(bytes.fromhex, chain))) for chain in asked["seals"]]
    moment = None if asked["moment"] is None else datetime.fromisoformat(asked["moment"])
    found = inspect(sys.stdin.buffer.read(), seals, [*map(bytes.fromhex, asked["timestamps"])], moment)
    at = found.timestamp_at
    print(json.dumps(asdict(found) | {"timestamp_at": None if at is None else at.isoformat()}))


def _question(trust: Trust, moment: datetime | None) -> bytes:
    return json.dumps(
        {
            "seals": [[each.hex() for each in certificates.chain] for certificates in trust.seals],
            "timestamps": [each.hex() for each in trust.timestamps],
            "moment": None if moment is None else moment.isoformat(),
        }
    ).encode()


def _asked(question: bytes) -> dict[str, Any] | None:
    """What the process says; None where it ended without a word, or had to be ended."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", _CHILD, str(_HOME)],
            input=question,
            capture_output=True,
            timeout=2 * SECONDS,
            env={},
            check=True,
        )
        told: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError, OSError):
        return None
    return told


def _limit() -> None:
    try:
        import resource
    except ImportError:  # not on Windows, where the time alone is limited
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
