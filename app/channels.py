"""The platforms of this installation: each is made from its own section of the settings, or is not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from app.settings import Settings
from bot.channels import Platform
from storage.opening import Storage

#: The address under which somebody reads a bubble of their conversation on a page, once: of conversation and bubble.
Link = Callable[[str, int], str]
#: Makes a platform; None where the settings name none. Raises `SettingsError`.
Make = Callable[[Settings, Storage, Link], Platform | None]

MAKERS: Final[Mapping[str, Make]] = {}


def open_platforms(settings: Settings, storage: Storage, link: Link) -> dict[str, Platform]:
    """The platforms that the settings name, by channel. Raises `SettingsError`."""
    made = {name: make(settings, storage, link) for name, make in MAKERS.items()}
    return {name: platform for name, platform in made.items() if platform is not None}


def no_link(conversation: str, seq: int) -> str:
    """Until there are one-time links."""
    return ""
