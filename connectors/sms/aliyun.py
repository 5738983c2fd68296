"""Text messages over Alibaba Cloud (阿里云短信服务): SendSms of 2017-05-25. Variables are given by name, as JSON.

It is called here and not by its own library, which tells a connection that did not come about and an answer that was lost by
nothing but a text, with the number and the link in it: the one is to be sent again, and the other is not.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import requests

from connectors.channel_checks import Finding
from connectors.sms.checking import NotTold, Service, Template, check_texts
from connectors.sms.texts import PATIENCE, Kind, Provider, SmsAccount, Texts, classify, is_unconnected
from delivery.sending import Permanent, Temporary, Undelivered, Unsure
from locales import N_, Say

VERSION: Final = "2017-05-25"
#: What passes by itself, by the beginning of the service's code, and how long it takes.
PASSING: Final[Mapping[str, timedelta]] = {
    "InternalError": timedelta(),
    "ServiceUnavailable": timedelta(),
    "isp.SYSTEM_ERROR": timedelta(),
    "Throttling": timedelta(seconds=1),
    "isv.BUSINESS_LIMIT_CONTROL": timedelta(minutes=1),
}
#: Too many for one number: which limit it was stands in the text alone.
LIMITED: Final = "isv.BUSINESS_LIMIT_CONTROL"
_ALGORITHM: Final = "ACS3-HMAC-SHA256"


class AliyunSms(Texts):
    """Text messages over Alibaba Cloud."""

    def hand_over(self, number: str, template: str, variables: Mapping[str, str]) -> None:
        """Raises `Temporary`, `Permanent` or `Unsure`."""
        values = {name: _after_host(value) if name == "link" else value for name, value in variables.items()}
        answer = call(
            self._account,
            "SendSms",
            {
                "PhoneNumbers": number.removeprefix("+86"),
                "SignName": self._account.sign_name,
                "TemplateCode": template,
                "TemplateParam": json.dumps(values, ensure_ascii=False),
            },
        )
        if answer["Code"] != "OK":
            raise _meaning(answer)


def call(account: SmsAccount, action: str, parameters: Mapping[str, str]) -> Mapping[str, Any]:
    """What the service answers, its `Code` a string. Raises `Temporary` where it was not reached, and `Unsure` where it was not
    heard to the end."""
    where = urlsplit(account.api_base)
    headers = signed(
        {
            "host": where.netloc,
            "x-acs-action": action,
            "x-acs-version": VERSION,
            "x-acs-date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "x-acs-signature-nonce": secrets.token_hex(16),
        },
        parameters,
        account.secret_id,
        account.secret_key,
    )
    try:
        # Each call has a connection of its own: on one that is just being closed it would be unclear what was sent.
        answer = requests.post(
            f"{where.scheme}://{where.netloc}/?{_query(parameters)}",
            headers=headers,
            timeout=PATIENCE,
            allow_redirects=False,
        )
        data = answer.json()
    except requests.JSONDecodeError:
        raise Unsure("no_answer") from None
    except requests.RequestException as error:
        # The text of the error holds the address, and that the number and the link.
        raise (Temporary("unreachable") if is_unconnected(error) else Unsure("disconnected")) from None
    if not isinstance(data, dict) or not isinstance(data.get("Code"), str):
        raise Unsure("no_answer")
    return data


def signed(
    headers: Mapping[str, str], parameters: Mapping[str, str], secret_id: str, secret_key: str
) -> dict[str, str]:
    """The headers of a POST without a body, signed (签名机制 V3)."""
    empty = hashlib.sha256(b"").hexdigest()
    every = {**headers, "x-acs-content-sha256": empty}
    names = ";".join(sorted(every))
    lines = "".join(f"{name}:{every[name]}\n" for name in sorted(every))
    canonical = "\n".join(("POST", "/", _query(parameters), lines, names, empty))
    text = f"{_ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(secret_key.encode(), text.encode(), "sha256").hex()
    given = f"{_ALGORITHM} Credential={secret_id},SignedHeaders={names},Signature={signature}"
    return {**every, "Authorization": given}


def _query(parameters: Mapping[str, str]) -> str:
    return urlencode(sorted(parameters.items()), quote_via=quote, safe="")


def _after_host(link: str) -> str:
    """What a variable holds of a link: the service takes none with a host, which stands in the template.

    >>> _after_host("https://shebao.example/reports/x?y=1")
    'reports/x?y=1'
    """
    return urlsplit(link)._replace(scheme="", netloc="").geturl().lstrip("/")


def _meaning(answer: Mapping[str, Any]) -> Undelivered:
    code, text = answer["Code"], str(answer.get("Message"))
    if code == "SignatureNonceUsed":  # something on the way repeated the call
        return Unsure(code)
    if code == LIMITED and "天级" in text:
        return Permanent(code)
    if code == LIMITED and "小时级" in text:
        return Temporary(code, timedelta(hours=1))
    return classify(code, PASSING)


# Whether it can.

_KEY: Final = (
    N_("AccessKey ID 不对或者被停用了"),
    N_("到阿里云“RAM 访问控制 → 用户 → AccessKey”看，填到 sms.secret_id"),
)
_SECRET: Final = (
    N_("AccessKey Secret 不对"),
    N_("AccessKey Secret 只在新建时显示一次：新建一把，填到 sms.secret_key"),
)
_CLOCK: Final = (N_("这台电脑的时间和阿里云差了 15 分钟以上"), N_("打开自动对时（NTP）"))
_MAY_NOT: Final = (N_("这把密钥没有短信的权限"), N_("到“RAM 访问控制”给它加上 AliyunDysmsFullAccess"))
#: The service's code for a template that there is none of.
_NO_TEMPLATE: Final = "isv.SMS_TEMPLATE_ILLEGAL"
_STATES: Final[Mapping[str, str]] = {"0": "waiting", "1": "approved"}


def _places(kind: Kind) -> tuple[str, ...]:
    return tuple(f"${{{name}}}" for name in kind.variables)


SERVICE: Final = Service(
    name=N_("阿里云"),
    page=N_("“短信服务 → 国内消息 → 模板管理”"),
    id_shape=re.compile(r"SMS_\d+"),
    places=_places,
    known={
        "InvalidAccessKeyId": _KEY,
        "SignatureDoesNotMatch": _SECRET,
        "InvalidTimeStamp": _CLOCK,
        "isp.RAM_PERMISSION_DENY": _MAY_NOT,
        "NoPermission": _MAY_NOT,
        "Forbidden": _MAY_NOT,
        "isv.PRODUCT_UN_SUBSCRIPT": (N_("这个账号没有开通短信服务"), N_("到阿里云“短信服务”开通")),
        "isv.OUT_OF_SERVICE": (N_("阿里云账号欠费停机了"), N_("到阿里云“费用与成本”充值")),
    },
    right=N_("AccessKey ID 和 Secret 对"),
    unseen=N_("签名和套餐余量查不到，要发一条才知道：到控制台看签名是否通过、报备成功，套餐还剩多少"),
    whole_links=False,
)  # fmt: skip


def check(account: SmsAccount, address: str, say: Say) -> Iterator[Finding]:
    """The key, and whether the templates are approved and have the variables that they need."""

    def template_of(code: str) -> Template | None:
        try:
            answer = call(account, "GetSmsTemplate", {"TemplateCode": code})
        except Temporary:
            raise NotTold("") from None
        except Undelivered as error:
            raise NotTold(error.code) from None
        if answer["Code"] == _NO_TEMPLATE:
            return None
        if answer["Code"] != "OK":
            raise NotTold(answer["Code"])
        state = _STATES.get(str(answer.get("TemplateStatus")), "refused")
        return Template(state, str(answer.get("TemplateContent")))

    return check_texts(SERVICE, account, template_of, address, say)


PROVIDER: Final = Provider(
    AliyunSms,
    check,
    "https://dysmsapi.aliyuncs.com",
    ("secret_id", "secret_key", "sign_name", "template_id"),
)
