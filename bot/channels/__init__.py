"""Where messages come from. A channel is a module with a `NAME`, under which its conversations are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from bot.channels import web


class Channel(Protocol):
    """One way to talk. `PUSHED` says whether replies are sent to it; where they are not, the browser fetches them."""

    @property
    def NAME(self) -> str:  # noqa: N802
        """What the channel is called in storage and addresses."""

    @property
    def PUSHED(self) -> bool:  # noqa: N802
        """Whether the outbox has to send to it."""


_ALL: Final[tuple[Channel, ...]] = (web,)
CHANNELS: Final[Mapping[str, Channel]] = {each.NAME: each for each in _ALL}
