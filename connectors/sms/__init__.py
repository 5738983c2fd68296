"""Text messages, by one of two services: a module each, beside what both have in common (`texts`, `checking`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from connectors.sms import aliyun, tencent
from connectors.sms.texts import Provider

#: By the name in the settings.
PROVIDERS: Final[Mapping[str, Provider]] = {"tencent": tencent.PROVIDER, "aliyun": aliyun.PROVIDER}
