"""Tencent Cloud's text messages: SendSms of version 2021-01-11, signed with TC3-HMAC-SHA256.

The service knows no path: mounted at "" it takes what is posted to `/` with an X-TC-Action.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from platforms.harness import Api, Clock, Request, Response

SECRET_ID: Final = "AKIDlocal0000000000000000000000000000"
SECRET_KEY: Final = "localsmskey0000000000000000000000"
APP_ID: Final = "1400000000"
SIGN_NAME: Final = "恒纺织造"
TEMPLATE_ID: Final = "1110001"
#: The template for codes.
CODE_TEMPLATE_ID: Final = "1110002"
#: The template for alarms, with two variables.
ALARM_TEMPLATE_ID: Final = "1110003"
#: Seconds that the product's clock may be off.
SKEW: Final = 300

#: What `fail` names by number here, as the service has words and no numbers.
ERRORS: Final = {
    1: "InternalError.OtherError",
    2: "LimitExceeded.PhoneNumberDailyLimit",
    3: "FailedOperation.InsufficientBalanceInSmsPackage",
    4: "FailedOperation.PhoneNumberInBlacklist",
    5: "RequestLimitExceeded",
}


class _Error(Exception):
    """Another error code of the service."""


@dataclass(frozen=True)
class Sms:
    """One text message that arrived."""

    number: str
    sign_name: str
    template_id: str
    values: tuple[str, ...]
    text: str


class Texts(Api):
    """A service that sends text messages. `refused` gives single numbers an error code of the service's."""

    def __init__(self, clock: Clock = time.time) -> None:
        super().__init__(clock)
        self.sent: list[Sms] = []
        self.refused: dict[str, str] = {}


class TencentSms(Texts):
    """The service with one application, one signature and three templates, each with the state that it is in: 0 is approved,
    1 waits, -1 is refused.

    `refused` gives single numbers a status code other than "Ok", such as FailedOperation.PhoneNumberInBlacklist.
    """

    def __init__(self, clock: Clock = time.time) -> None:
        super().__init__(clock)
        self.templates = {
            TEMPLATE_ID: "公司有一条社保的消息给你，点开看：{1}",
            CODE_TEMPLATE_ID: "你的验证码：{1}，五分钟内有效，谁要都别给。",
            ALARM_TEMPLATE_ID: "社保助手：{1}{2}，请登录查看。",
        }
        self.states = dict.fromkeys(self.templates, 0)

    def failure(self, code: int) -> Response:
        return _answer({"Error": {"Code": ERRORS[code], "Message": "told to fail"}})

    def handle(self, request: Request) -> Response:
        action = request.headers.get("x-tc-action")
        if request.method != "POST" or request.path or not action:
            return Response(b"", 404)
        try:
            known = {"SendSms": self._send, "DescribeSmsTemplateList": self._templates}
            if action not in known or request.headers.get("x-tc-version") != "2021-01-11":
                raise _Error("InvalidAction")
            self._check(request)
            return _answer(known[action](request.json()))
        except _Error as error:
            return _answer({"Error": {"Code": str(error), "Message": "as documented"}})
        except (ValueError, KeyError, TypeError):
            return _answer({"Error": {"Code": "InvalidParameter", "Message": "as documented"}})

    def _check(self, request: Request) -> None:
        """The signature over method, path, the signed headers and the body. Raises `_Error`."""
        found = re.fullmatch(
            r"TC3-HMAC-SHA256 Credential=([^/]+)/([^/]+)/sms/tc3_request, "
            r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})",
            request.headers.get("authorization", ""),
        )
        if found is None:
            raise _Error("AuthFailure.InvalidAuthorization")
        name, day, signed, given = found.groups()
        if name != SECRET_ID:
            raise _Error("AuthFailure.SecretIdNotFound")
        stamp = int(request.headers["x-tc-timestamp"])
        if abs(stamp - self.clock()) > SKEW or f"{datetime.fromtimestamp(stamp, UTC):%Y-%m-%d}" != day:
            raise _Error("AuthFailure.SignatureExpire")
        headers = "".join(f"{each}:{request.headers[each].lower()}\n" for each in signed.split(";"))
        body = hashlib.sha256(request.body).hexdigest()
        canonical = f"POST\n/\n\n{headers}\n{signed}\n{body}"
        scope = f"{day}/sms/tc3_request"
        text = f"TC3-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = f"TC3{SECRET_KEY}".encode()
        for part in (day, "sms", "tc3_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        if hmac.digest(key, text.encode(), "sha256").hex() != given:
            raise _Error("AuthFailure.SignatureFailure")

    def _send(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["SmsSdkAppId"] != APP_ID:
            raise _Error("UnauthorizedOperation.SmsSdkAppIdVerifyFail")
        if given["SignName"] != SIGN_NAME:
            raise _Error("FailedOperation.SignatureIncorrectOrUnapproved")
        template = given["TemplateId"]
        if self.states.get(template) != 0:
            raise _Error("FailedOperation.TemplateIncorrectOrUnapproved")
        values = tuple(given.get("TemplateParamSet") or ())
        if len(values) != self.templates[template].count("{"):
            raise _Error("FailedOperation.TemplateParamSetNotMatchApprovedTemplate")
        return {"SendStatusSet": [self._one(number, template, values) for number in given["PhoneNumberSet"]]}

    def _templates(self, given: dict[str, Any]) -> dict[str, Any]:
        """The templates of these numbers, as far as there are any."""
        wanted = [str(each) for each in given["TemplateIdSet"]]
        found = [each for each in wanted if each in self.templates]
        return {
            "DescribeTemplateStatusSet": [
                {
                    "TemplateId": int(each),
                    "International": 0,
                    "StatusCode": self.states[each],
                    "ReviewReply": "",
                    "TemplateName": "通知",
                    "CreateTime": 1790000000,
                    "TemplateContent": self.templates[each],
                }
                for each in found
            ]
        }

    def _one(self, number: str, template: str, values: tuple[str, ...]) -> dict[str, Any]:
        plain = re.fullmatch(r"(?:\+?86)?(1\d{10})", number)
        code = "InvalidParameterValue.IncorrectPhoneNumber" if plain is None else "Ok"
        code = self.refused.get(plain[1], code) if plain else code
        if code == "Ok" and plain:
            with self.lock:
                text = self.templates[template].format("", *values)
                self.sent.append(Sms(plain[1], SIGN_NAME, template, values, text))
        return {
            "SerialNo": f"2026:{secrets.token_hex(8)}" if code == "Ok" else "",
            "PhoneNumber": f"+86{plain[1]}" if plain else number,
            "Fee": int(code == "Ok"),
            "SessionContext": "",
            "Code": code,
            "Message": "send success" if code == "Ok" else "as documented",
            "IsoCode": "CN" if plain else "",
        }


def _answer(response: dict[str, Any]) -> Response:
    body = json.dumps({"Response": {**response, "RequestId": secrets.token_hex(16)}}, ensure_ascii=False)
    return Response(body.encode(), media_type="application/json")  # the SDK compares it letter by letter
