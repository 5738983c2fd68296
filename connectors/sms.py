"""Text messages over Tencent Cloud (腾讯云短信): a template with one variable, the link, one for codes, and one for alarms to
HR with two, the system and what of it; mainland numbers only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111.models import SendSmsRequest
from tencentcloud.sms.v20210111.sms_client import SmsClient

from delivery.sending import Outgoing, Part, Permanent, Sender, Temporary, Unsure
from delivery.ways import mobile_number

#: Seconds that the service may take to answer.
PATIENCE: Final = 10
#: What passes by itself, by the beginning of the service's code, and how long it takes.
PASSING: Final[Mapping[str, timedelta]] = {
    "InternalError": timedelta(),
    "RequestLimitExceeded": timedelta(seconds=1),
    "LimitExceeded.DeliveryFrequencyLimit": timedelta(seconds=30),
    "LimitExceeded.PhoneNumberThirtySecondLimit": timedelta(seconds=30),
    "LimitExceeded.PhoneNumberOneHourLimit": timedelta(hours=1),
}
_CODE_IN: Final = re.compile(r"\d{6}")
_LINK: Final = re.compile(r"https?://\S+")
_CODE: Final = 64
#: The service is not asked: the employee has no number that it serves.
NO_NUMBER: Final = "no_mobile_number"


@dataclass(frozen=True, slots=True)
class SmsAccount:
    """An application of the service with its approved signature and templates; without one for codes none are sent, and without
    one for alarms no alarms. `api_base` is the service's address."""

    secret_id: str
    secret_key: str = field(repr=False)
    app_id: str
    sign_name: str
    template_id: str
    code_template_id: str
    region: str
    api_base: str
    alarm_template_id: str = ""


class TencentSms(Sender):
    """Text messages. A recipient is an employee, whose phone `phone_of` tells at the moment of sending.

    Only bubbles with a link are drawn, and codes where there is a template for them: nothing else fits.
    """

    REPEATS = False

    def __init__(self, account: SmsAccount, phone_of: Callable[[str], str]) -> None:
        where = urlsplit(account.api_base)
        http = HttpProfile(protocol=where.scheme, endpoint=where.netloc, reqTimeout=PATIENCE)
        self._account = account
        self._phone_of = phone_of
        self._client = SmsClient(
            Credential(account.secret_id, account.secret_key), account.region, ClientProfile(httpProfile=http)
        )

    def draw(self, bubbles: Sequence[Outgoing]) -> tuple[Part, ...]:
        """The link or the code of each bubble. Raises `Permanent` for a code that there is no template for."""
        return tuple(
            drawn for each in bubbles if each.reply.neutral and (drawn := self._drawn(each)) is not None
        )

    def send(self, recipient: str, part: Part) -> None:
        """Hands one message to the service. Raises `Temporary`, `Permanent` or `Unsure`."""
        number = mobile_number(self._phone_of(recipient))
        if not number:
            raise Permanent(NO_NUMBER)
        request = SendSmsRequest()
        request.PhoneNumberSet = [number]
        request.SmsSdkAppId = self._account.app_id
        request.SignName = self._account.sign_name
        request.TemplateId, request.TemplateParamSet = self._filled(part)
        try:
            answer = self._client.SendSms(request)
        except TencentCloudSDKException as error:
            raise _failed(error) from None
        (status,) = answer.SendStatusSet
        if status.Code != "Ok":
            raise classify(status.Code)

    def _filled(self, part: Part) -> tuple[str, list[str]]:
        """The template that a part is for, and its variables."""
        if "code" in part:
            return self._account.code_template_id, [part["code"]]
        if "alarm" in part:
            return self._account.alarm_template_id, [part["system"], part["alarm"]]
        return self._account.template_id, [part["link"]]

    def _drawn(self, bubble: Outgoing) -> Part | None:
        text = bubble.reply.text
        if not bubble.reply.secret:
            found = _LINK.search(text)
            return None if found is None else {"link": found[0]}
        if not self._account.code_template_id:
            raise Permanent("no_code_template")
        code = _CODE_IN.search(text)
        return None if code is None else {"code": code[0]}


def classify(code: str) -> Temporary | Permanent:
    """What a code of the service means for the message: to be tried again, or by another way.

    >>> type(classify("InternalError.Timeout")).__name__, classify("FailedOperation.PhoneNumberInBlacklist").code
    ('Temporary', 'FailedOperation.PhoneNumberInBlacklist')
    """
    word = re.sub(r"[^A-Za-z0-9_.:-]", "", code)[:_CODE] or "unknown"
    for begins, after in PASSING.items():
        if word.startswith(begins):
            return Temporary(word, after)
    return Permanent(word)


def _failed(error: TencentCloudSDKException) -> Exception:
    """What the library raised: the service's own code, or that it was not reached or not heard to the end."""
    if error.code == "ClientNetworkError":
        return Temporary("unreachable") if _not_connected(error.__context__) else Unsure("disconnected")
    if error.code in ("ServerNetworkError", "ClientError", None):
        return Unsure("no_answer")
    return classify(error.code)


def _not_connected(cause: Any) -> bool:
    """Whether the connection itself did not come about, so that nothing was handed over."""
    reason = getattr(cause.args[0] if cause is not None and cause.args else None, "reason", None)
    return isinstance(cause, requests.exceptions.ConnectTimeout | requests.exceptions.SSLError) or (
        type(reason).__name__ in ("NewConnectionError", "NameResolutionError")
    )
