"""What was said in a conversation, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from delivery.messages import Reply

Author = Literal["employee", "assistant", "hr"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One bubble of a conversation. `seq` grows by one with every bubble and is what a browser sorts by."""

    seq: int
    author: Author
    bubble: Reply = field(repr=False)
    at: datetime
