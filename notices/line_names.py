"""What the lines of a notice's table are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from locales import N_, Say
from policy_kb.wording import INSURANCE

WITH_MATERNITY: Final = N_("医疗保险（含生育保险）")
OTHER: Final = N_("{insurance}另收部分")
#: What the key of a line ends with that is charged beside the insurance's own share.
OTHER_KEY: Final = "_other"


def name_of(key: str, say: Say, *, with_maternity: bool = False) -> str:
    """A line's name in the reader's language.

    >>> from locales import as_written
    >>> name_of("medical", as_written, with_maternity=True), name_of("medical_other", as_written)
    ('医疗保险（含生育保险）', '医疗保险另收部分')
    """
    if key.endswith(OTHER_KEY):
        return say(OTHER, insurance=say(INSURANCE[key.removesuffix(OTHER_KEY)]))
    return say(WITH_MATERNITY) if with_maternity else say(INSURANCE[key])


def line_name(line: Mapping[str, Any], say: Say) -> str:
    """The name of a line of a content."""
    return name_of(line["key"], say, with_maternity=line["name"] == WITH_MATERNITY)
