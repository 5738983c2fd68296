"""Whether Tencent's text messages can go out: it is asked about our template, and nothing is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111.models import DescribeSmsTemplateListRequest, DescribeTemplateListStatus
from tencentcloud.sms.v20210111.sms_client import SmsClient

from connectors.channel_checks import PATIENCE, Finding
from locales import N_, Say

#: The template's one variable, which is the link.
_VARIABLES: Final = re.compile(r"\{(\d+)\}")

_KNOWN: Final[Mapping[str, tuple[str, str]]] = {
    "AuthFailure.SecretIdNotFound": (
        N_("SecretId 不对或者被停用了"),
        N_("到腾讯云“访问管理 → API 密钥管理”看，填到 sms.secret_id"),
    ),
    "AuthFailure.SignatureFailure": (N_("SecretKey 不对"), N_("SecretKey 只在新建时显示一次：新建一把，填到 sms.secret_key")),
    "AuthFailure.SignatureExpire": (N_("这台电脑的时间和腾讯云差了 5 分钟以上"), N_("打开自动对时（NTP）")),
    "AuthFailure.UnauthorizedOperation": (N_("这把密钥没有短信的权限"), N_("到“访问管理”给它加上 QcloudSMSFullAccess")),
    "UnauthorizedOperation": (N_("这把密钥没有短信的权限"), N_("到“访问管理”给它加上 QcloudSMSFullAccess")),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SmsKeys:
    """What the settings hold of Tencent's text messages."""

    secret_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    template_id: str
    region: str
    base: str


def check_sms(keys: SmsKeys, say: Say) -> Iterator[Finding]:
    """The key, and whether the template is approved and has the one variable that it needs."""
    if not keys.template_id.isdigit():
        yield Finding(
            "wrong", say(N_("sms.template_id 不是数字")), say(N_("到“短信 → 正文模板管理”抄模板的 ID"))
        )
        return
    try:
        found = _template(keys)
    except TencentCloudSDKException as error:
        yield _refused(str(error.code), say)
        return
    yield Finding("right", say(N_("SecretId 和 SecretKey 对")))
    if found is None:
        yield Finding(
            "wrong",
            say(N_("没有 ID 是 {id} 的模板"), id=keys.template_id),
            say(N_("到“短信 → 正文模板管理”抄模板的 ID，填到 sms.template_id")),
        )
        return
    yield _approved(found.StatusCode, say)
    if _VARIABLES.findall(found.TemplateContent) != ["1"]:
        yield Finding(
            "wrong",
            say(N_("模板里要有一个变量 {1}，而且只有一个")),
            say(N_("另外申请一个模板，比如：公司有一条社保的消息给你，点开看：{1}")),
        )
    yield Finding(
        "note",
        say(N_("签名、套餐余量和 SDKAppID 查不到，要发一条才知道：到控制台看签名是否通过、套餐还剩多少")),
    )


def _approved(status: int, say: Say) -> Finding:
    if status == 0:
        return Finding("right", say(N_("模板审核通过了")))
    if status == 1:
        return Finding("wrong", say(N_("模板还在审核")), say(N_("等腾讯云审完再用")))
    return Finding(
        "wrong", say(N_("模板没有通过审核")), say(N_("到“短信 → 正文模板管理”看原因，改了重新申请"))
    )


def _refused(code: str, say: Say) -> Finding:
    for known, (what, then) in _KNOWN.items():
        if code == known or code.startswith(f"{known}."):
            return Finding("wrong", f"{say(what)}（{code}）", say(then))
    if code == "ClientNetworkError":
        return Finding("wrong", say(N_("连不上腾讯云")), say(N_("看这台电脑能不能上外网，DNS 和代理对不对")))
    return Finding(
        "wrong", say(N_("腾讯云没有答应（{code}）"), code=code), say(N_("按这个词查腾讯云短信的错误码"))
    )


def _template(keys: SmsKeys) -> DescribeTemplateListStatus | None:
    """The template as the service knows it. Raises `TencentCloudSDKException`."""
    parts = urlsplit(keys.base)
    profile = HttpProfile(protocol=parts.scheme, endpoint=parts.netloc, reqTimeout=int(PATIENCE))
    client = SmsClient(
        Credential(keys.secret_id, keys.secret_key), keys.region, ClientProfile(httpProfile=profile)
    )
    request = DescribeSmsTemplateListRequest()
    request.International = 0
    request.TemplateIdSet = [int(keys.template_id)]
    found = client.DescribeSmsTemplateList(request).DescribeTemplateStatusSet
    return found[0] if found else None
