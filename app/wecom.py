"""The WeCom app as the settings describe it, checked before anything starts."""

from __future__ import annotations

import re
from typing import Final

from app.settings import Settings, SettingsError
from app.wechat import check_base, make_envelope, needed
from bot.channels.drawing import Link
from bot.channels.wecom import WeComApp
from bot.channels.wecom_api import Api
from storage.opening import Storage

_SECTION: Final = "channels.wecom"
_CORP_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_AGENT_ID: Final = re.compile(r"[1-9][0-9]{0,9}")


def make_wecom(settings: Settings, storage: Storage, link: Link) -> WeComApp | None:
    """The company's app; None where the settings name no company. Raises `SettingsError`."""
    wecom = settings.channels.wecom
    if not wecom.corp_id:
        return None
    if not _CORP_ID.fullmatch(wecom.corp_id):
        raise SettingsError(f"{_SECTION}.corp_id: letters and digits, as 企业ID stands under 我的企业")
    if not _AGENT_ID.fullmatch(wecom.agent_id):
        raise SettingsError(f"{_SECTION}.agent_id: a number, as AgentId stands on the page of the app")
    check_base(_SECTION, wecom.base)
    secret = needed(_SECTION, wecom, "secret")
    return WeComApp(
        wecom.corp_id,
        wecom.agent_id,
        make_envelope(_SECTION, wecom, wecom.corp_id, storage),
        Api(wecom.corp_id, wecom.agent_id, secret, wecom.base, storage.platform_tokens, storage.now),
        link,
        storage.now,
    )
