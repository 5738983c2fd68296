"""Alibaba Cloud's text messages: SendSms and GetSmsTemplate of version 2017-05-25, signed with ACS3-HMAC-SHA256.

The service knows no path: mounted at "" it takes what is posted to `/` with an x-acs-action; the parameters stand in the query.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from platforms.harness import Clock, Request, Response, as_json
from platforms.sms import SIGN_NAME, Sms, Texts

SECRET_ID: Final = "LTAIlocal00000000000"
SECRET_KEY: Final = "localaliyunkey0000000000000000"
#: Where the links of the template lead.
ADDRESS: Final = "https://shebao.example"
TEMPLATE_ID: Final = "SMS_100000001"
CODE_TEMPLATE_ID: Final = "SMS_100000002"
ALARM_TEMPLATE_ID: Final = "SMS_100000003"
#: Seconds that the product's clock may be off.
SKEW: Final = 900
VERSION: Final = "2017-05-25"
#: What a variable may be long.
LONGEST: Final = 35

#: What `fail` names by number here, as the service has words and no numbers.
ERRORS: Final = {
    1: "isp.SYSTEM_ERROR",
    2: "isv.BUSINESS_LIMIT_CONTROL",
    3: "isv.AMOUNT_NOT_ENOUGH",
    4: "isv.MOBILE_NUMBER_ILLEGAL",
    5: "Throttling.User",
    6: "ServiceUnavailable",
    7: "SignatureNonceUsed",
    8: "isv.SMS_TEMPLATE_ILLEGAL",
}
#: The gateway's own errors and the status that they come with; the service's come with 200.
STATUS: Final = {
    "InvalidAccessKeyId": 404,
    "InvalidAccessKeyId.NotFound": 404,
    "InvalidVersion": 404,
    "InvalidAction.NotFound": 404,
    "Throttling.User": 400,
    "ServiceUnavailable": 503,
}


class _Error(Exception):
    """Another error code of the service."""


class AliyunSms(Texts):
    """The service with one signature and three templates, each with the state that it is in: 0 waits, 1 is approved, 2 is
    refused.

    `refused` gives single numbers another code than OK; `limit` is the one that isv.BUSINESS_LIMIT_CONTROL tells.
    """

    def __init__(self, clock: Clock = time.time, address: str = ADDRESS) -> None:
        super().__init__(clock)
        self.limit = "触发分钟级流控Permits:1"
        self.templates = {
            TEMPLATE_ID: f"公司有一条社保的消息给你，点开看：{address}/${{link}}",
            CODE_TEMPLATE_ID: "你的验证码：${code}，五分钟内有效，谁要都别给。",
            ALARM_TEMPLATE_ID: "社保助手：${system}，${alarm}，请登录查看。",
        }
        self.states = dict.fromkeys(self.templates, "1")
        self._nonces: deque[str] = deque(maxlen=10_000)

    def failure(self, code: int) -> Response:
        return self._refusal(ERRORS[code])

    def handle(self, request: Request) -> Response:
        action = request.headers.get("x-acs-action")
        if request.method != "POST" or request.path or not action:
            return Response(b"", 404)
        try:
            self._check(request)
            known = {"SendSms": self._send, "GetSmsTemplate": self._template}
            if action not in known:
                raise _Error("InvalidAction.NotFound")
            return as_json({"Code": "OK", "Message": "OK", **known[action](request.query), **_number()})
        except _Error as error:
            return self._refusal(str(error))
        except KeyError as error:
            return self._refusal(f"Missing{error.args[0]}")

    def _refusal(self, code: str) -> Response:
        text = self.limit if code == "isv.BUSINESS_LIMIT_CONTROL" else "as documented"
        ours = code.startswith(("isv.", "isp."))
        return as_json({"Code": code, "Message": text, **_number()}, 200 if ours else STATUS.get(code, 400))

    def _check(self, request: Request) -> None:
        """The version, the clock, the number that is used once, and the signature over method, path, query, the signed headers
        and the body. Raises `_Error`."""
        found = re.fullmatch(
            r"ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([a-z0-9;-]+),Signature=([0-9a-f]{64})",
            request.headers.get("authorization", ""),
        )
        if found is None:
            raise _Error("MissingAuthorization")
        name, signed, given = found.groups()
        if name != SECRET_ID:
            raise _Error("InvalidAccessKeyId.NotFound")
        if request.headers["x-acs-version"] != VERSION:
            raise _Error("InvalidVersion")
        self._fresh(request.headers["x-acs-date"])
        body = hashlib.sha256(request.body).hexdigest()
        names = signed.split(";")
        must = {"host", *(each for each in request.headers if each.startswith("x-acs-"))}
        if not must <= set(names) or request.headers["x-acs-content-sha256"] != body:
            raise _Error("IncompleteSignature")
        query = "&".join(
            f"{quote(key, safe='-_.~')}={quote(value, safe='-_.~')}"
            for key, value in sorted(request.query.items())
        )
        headers = "".join(f"{each}:{request.headers[each].strip()}\n" for each in sorted(names))
        canonical = f"{request.method}\n/\n{query}\n{headers}\n{signed}\n{body}"
        text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        if hmac.digest(SECRET_KEY.encode(), text.encode(), "sha256").hex() != given:
            raise _Error("SignatureDoesNotMatch")
        with self.lock:
            if request.headers["x-acs-signature-nonce"] in self._nonces:
                raise _Error("SignatureNonceUsed")
            self._nonces.append(request.headers["x-acs-signature-nonce"])

    def _fresh(self, date: str) -> None:
        try:
            at = datetime.strptime(date, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise _Error("InvalidTimeStamp.Format") from None
        if abs(at - datetime.fromtimestamp(self.clock(), UTC)) > timedelta(seconds=SKEW):
            raise _Error("InvalidTimeStamp.Expired")

    def _send(self, given: dict[str, str]) -> dict[str, Any]:
        numbers = [_plain(each) for each in given["PhoneNumbers"].split(",")]
        template = given["TemplateCode"]
        if given["SignName"] != SIGN_NAME:
            raise _Error("isv.SMS_SIGNATURE_ILLEGAL")
        if self.states.get(template) != "1":
            raise _Error("isv.SMS_TEMPLATE_ILLEGAL")
        text, values = self._filled(self.templates[template], given.get("TemplateParam", "{}"))
        for number in numbers:
            if number in self.refused:
                raise _Error(self.refused[number])
        with self.lock:
            self.sent += [Sms(each, SIGN_NAME, template, values, text) for each in numbers]
        return {"BizId": f"{secrets.randbelow(10**18):018d}^0"}

    def _filled(self, template: str, parameters: str) -> tuple[str, tuple[str, ...]]:
        """The text with its variables, and these. Raises `_Error`."""
        try:
            given = json.loads(parameters)
        except ValueError:
            raise _Error("isv.INVALID_JSON_PARAM") from None
        names = re.findall(r"\$\{(\w+)\}", template)
        if not isinstance(given, dict) or not all(isinstance(each, str) for each in given.values()):
            raise _Error("isv.INVALID_JSON_PARAM")
        if not all(given.get(each) for each in names):
            raise _Error("isv.TEMPLATE_MISSING_PARAMETERS")
        if any("://" in each for each in given.values()):
            raise _Error("isv.PARAM_NOT_SUPPORT_URL")
        if any(len(each) > LONGEST for each in given.values()):
            raise _Error("isv.PARAM_LENGTH_LIMIT")
        text = re.sub(r"\$\{(\w+)\}", lambda found: str(given[found[1]]), template)
        return text, tuple(given[each] for each in names)

    def _template(self, given: dict[str, str]) -> dict[str, Any]:
        code = given["TemplateCode"]
        if code not in self.templates:
            raise _Error("isv.SMS_TEMPLATE_ILLEGAL")
        return {
            "TemplateCode": code,
            "TemplateName": "通知",
            "TemplateContent": self.templates[code],
            "TemplateStatus": self.states[code],
            "TemplateType": "0" if code == CODE_TEMPLATE_ID else "1",
            "CreateDate": "2026-10-01 10:00:00",
        }


def _plain(number: str) -> str:
    """A number of the mainland without what may stand before it. Raises `_Error`."""
    found = re.fullmatch(r"(?:\+|\+86|0086|86)?(1\d{10})", number)
    if found is None:
        raise _Error("isv.MOBILE_NUMBER_ILLEGAL")
    return found[1]


def _number() -> dict[str, str]:
    return {"RequestId": secrets.token_hex(16).upper()}
