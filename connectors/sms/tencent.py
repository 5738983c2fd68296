"""Text messages over Tencent Cloud (腾讯云短信): SendSms of 2021-01-11. Variables are given in the order of their places."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111.models import DescribeSmsTemplateListRequest, SendSmsRequest
from tencentcloud.sms.v20210111.sms_client import SmsClient

from connectors.channel_checks import Finding
from connectors.sms.checking import NotTold, Service, Template, check_texts
from connectors.sms.texts import PATIENCE, Kind, Provider, SmsAccount, Texts, classify, is_unconnected
from delivery.sending import Temporary, Unsure
from locales import N_, Say

#: What passes by itself, by the beginning of the service's code, and how long it takes.
PASSING: Final[Mapping[str, timedelta]] = {
    "InternalError": timedelta(),
    "RequestLimitExceeded": timedelta(seconds=1),
    "LimitExceeded.DeliveryFrequencyLimit": timedelta(seconds=30),
    "LimitExceeded.PhoneNumberThirtySecondLimit": timedelta(seconds=30),
    "LimitExceeded.PhoneNumberOneHourLimit": timedelta(hours=1),
}
#: The region, unless the settings name another.
REGION: Final = "ap-guangzhou"


class TencentSms(Texts):
    """Text messages over Tencent Cloud."""

    def __init__(self, account: SmsAccount, phone_of: Callable[[str], str]) -> None:
        super().__init__(account, phone_of)
        self._client = _client(account)

    def hand_over(self, number: str, template: str, variables: Mapping[str, str]) -> None:
        """Raises `Temporary`, `Permanent` or `Unsure`."""
        request = SendSmsRequest()
        request.PhoneNumberSet = [number]
        request.SmsSdkAppId = self._account.app_id
        request.SignName = self._account.sign_name
        request.TemplateId, request.TemplateParamSet = template, list(variables.values())
        try:
            answer = self._client.SendSms(request)
        except TencentCloudSDKException as error:
            raise _failed(error) from None
        (status,) = answer.SendStatusSet
        if status.Code != "Ok":
            raise classify(status.Code, PASSING)


def _client(account: SmsAccount) -> SmsClient:
    where = urlsplit(account.api_base)
    http = HttpProfile(protocol=where.scheme, endpoint=where.netloc, reqTimeout=PATIENCE)
    return SmsClient(
        Credential(account.secret_id, account.secret_key),
        account.region or REGION,
        ClientProfile(httpProfile=http),
    )


def _failed(error: TencentCloudSDKException) -> Exception:
    """What the library raised: the service's own code, or that it was not reached or not heard to the end."""
    if error.code == "ClientNetworkError":
        return Temporary("unreachable") if is_unconnected(error.__context__) else Unsure("disconnected")
    if error.code in ("ServerNetworkError", "ClientError", None):
        return Unsure("no_answer")
    return classify(error.code, PASSING)


# Whether it can.

_KEY: Final = (N_("SecretId 不对或者被停用了"), N_("到腾讯云“访问管理 → API 密钥管理”看，填到 sms.secret_id"))
_SECRET: Final = (N_("SecretKey 不对"), N_("SecretKey 只在新建时显示一次：新建一把，填到 sms.secret_key"))
_MAY_NOT: Final = (N_("这把密钥没有短信的权限"), N_("到“访问管理”给它加上 QcloudSMSFullAccess"))
_STATES: Final[Mapping[int, str]] = {0: "approved", 1: "waiting"}


def _places(kind: Kind) -> tuple[str, ...]:
    return tuple(f"{{{place}}}" for place in range(1, len(kind.variables) + 1))


SERVICE: Final = Service(
    name=N_("腾讯云"),
    page=N_("“短信 → 正文模板管理”"),
    id_shape=re.compile(r"\d+"),
    places=_places,
    known={
        "AuthFailure.SecretIdNotFound": _KEY,
        "AuthFailure.SignatureFailure": _SECRET,
        "AuthFailure.SignatureExpire": (N_("这台电脑的时间和腾讯云差了 5 分钟以上"), N_("打开自动对时（NTP）")),
        "AuthFailure.UnauthorizedOperation": _MAY_NOT,
        "UnauthorizedOperation": _MAY_NOT,
    },
    right=N_("SecretId 和 SecretKey 对"),
    unseen=N_("签名、套餐余量和 SDKAppID 查不到，要发一条才知道：到控制台看签名是否通过、套餐还剩多少"),
)  # fmt: skip


def check(account: SmsAccount, address: str, say: Say) -> Iterator[Finding]:
    """The key, and whether the templates are approved and have the variables that they need."""
    client = _client(account)

    def template_of(number: str) -> Template | None:
        request = DescribeSmsTemplateListRequest()
        request.International = 0
        request.TemplateIdSet = [int(number)]
        try:
            found = client.DescribeSmsTemplateList(request).DescribeTemplateStatusSet
        except TencentCloudSDKException as error:
            raise NotTold("" if error.code == "ClientNetworkError" else str(error.code)) from None
        if not found:
            return None
        return Template(_STATES.get(found[0].StatusCode, "refused"), found[0].TemplateContent)

    return check_texts(SERVICE, account, template_of, address, say)


PROVIDER: Final = Provider(
    TencentSms,
    check,
    "https://sms.tencentcloudapi.com",
    ("secret_id", "secret_key", "app_id", "sign_name", "template_id"),
)
