"""Text messages: what sends them against a local service that speaks its protocol; the same of both services, and then what is
particular to each."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from platforms import aliyun_sms
from platforms.aliyun_sms import AliyunSms
from platforms.harness import Fault, Response, Server
from platforms.sms import TencentSms, Texts
from text_services import SERVICES, sms_settings

from app.notifying import make_account
from app.settings import CHOICES, SettingsError, Sms
from connectors.sms import PROVIDERS
from connectors.sms.aliyun import signed
from connectors.sms.texts import Texts as Sender
from delivery.messages import Reply
from delivery.sending import Outgoing, Permanent, Temporary, Undelivered, Unsure

LINK = "https://shebao.example/reports/x-Y_7"
ALI = "13800000000"
LINKED = Outgoing("c", 1, "assistant", Reply(f"人事给你回了话，点开看：{LINK}", neutral=True))
CODED = Outgoing("c", 3, "assistant", Reply("你的验证码：024680。五分钟内有效。", neutral=True, secret=True))
ALARM = {"alarm": "出了故障", "system": "工资系统"}


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> Texts:
    made: Texts = request.param()
    return made


@pytest.fixture
def base(service: Texts) -> Iterator[str]:
    with Server({"": service}) as server:
        yield server.address


@pytest.fixture
def settings(service: Texts, base: str) -> Sms:
    return sms_settings(service, base)


def sender_of(settings: Sms, phone: str = ALI) -> Sender:
    account = make_account(settings)
    assert account is not None
    return PROVIDERS[account.provider].sender(account, {"ali": phone}.__getitem__)


def sends(settings: Sms, phone: str = ALI, bubble: Outgoing = LINKED) -> Undelivered | None:
    sender = sender_of(settings, phone)
    (part,) = sender.draw((bubble,))
    try:
        sender.send("ali", part)
    except Undelivered as error:
        return error
    return None


# The same of both.


def test_a_link_arrives_and_nothing_else(service: Texts, settings: Sms) -> None:
    assert sends(settings, "138-0000 0000") is None
    (sms,) = service.sent
    assert (sms.number, sms.text) == (ALI, f"公司有一条社保的消息给你，点开看：{LINK}")


def test_what_is_not_neutral_or_has_no_link_is_not_drawn(settings: Sms) -> None:
    personal = Outgoing("c", 1, "hr", Reply(f"阿丽，你的低保 {LINK}"))
    plain = Outgoing("c", 2, "assistant", Reply("刚才那条消息可能没送到。", neutral=True))
    assert sender_of(settings).draw((personal, plain)) == ()


def test_a_code_goes_by_a_template_of_its_own_and_nowhere_without_one(service: Texts, settings: Sms) -> None:
    assert sends(settings, bubble=CODED) is None
    assert [each.text for each in service.sent] == ["你的验证码：024680，五分钟内有效，谁要都别给。"]
    with pytest.raises(Permanent, match="no_code_template"):
        sender_of(replace(settings, code_template_id="")).draw((CODED,))


def test_an_alarm_says_which_system_and_what_of_it(service: Texts, settings: Sms) -> None:
    sender_of(settings).send("ali", ALARM)
    assert [each.values for each in service.sent] == [("工资系统", "出了故障")]


@pytest.mark.parametrize("phone", ["", "0512-12345678", "+85261234567", "+8612345678901"])
def test_only_mobile_numbers_of_the_mainland_are_tried(service: Texts, settings: Sms, phone: str) -> None:
    error = sends(settings, phone)
    assert isinstance(error, Permanent) and error.code == "no_mobile_number"
    assert service.sent == []


def test_wrong_credentials_are_no_reason_to_try_again(service: Texts, settings: Sms) -> None:
    for wrong in ({"secret_key": "another key of some length 0000"}, {"secret_id": "another"}):
        assert isinstance(sends(replace(settings, **wrong)), Permanent)  # type: ignore[arg-type]
    assert service.sent == []


def test_a_clock_that_is_off_is_no_reason_to_try_again(service: Texts, settings: Sms) -> None:
    service.clock = lambda: 0.0
    assert isinstance(sends(settings), Permanent)


def test_a_service_in_trouble_is_tried_again(service: Texts, settings: Sms) -> None:
    service.fail("", 1, 5)
    assert isinstance(sends(settings), Temporary) and service.sent == []
    throttled = sends(settings)
    assert isinstance(throttled, Temporary) and throttled.after == timedelta(seconds=1)
    assert sends(settings) is None


def test_an_account_without_money_is_not_tried_again(service: Texts, settings: Sms) -> None:
    service.fail("", 3)
    assert isinstance(sends(settings), Permanent)


def test_a_service_that_is_not_there_is_tried_again(settings: Sms) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert isinstance(sends(replace(settings, api_base=f"http://127.0.0.1:{port}")), Temporary)


def test_a_certificate_that_is_none_leaves_nothing_handed_over(settings: Sms, base: str) -> None:
    error = sends(replace(settings, api_base=base.replace("http:", "https:")))
    assert isinstance(error, Temporary) and error.code == "unreachable"


@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.LOST])
def test_an_answer_that_is_lost_leaves_it_open_whether_it_arrived(
    service: Texts, settings: Sms, fault: Fault
) -> None:
    service.fail("", fault)
    assert isinstance(sends(settings), Unsure)
    assert len(service.called("")) == 1, "nothing is repeated by itself"
    assert len(service.sent) == (fault is Fault.LOST)


@pytest.mark.parametrize("body", [b"<html>Bad Gateway</html>", b"[]", b'{"message": "?"}'])
def test_an_answer_of_something_between_leaves_it_open_whether_it_arrived(
    service: Texts, settings: Sms, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "failure", lambda code: Response(body, 502, "text/html"))
    service.fail("", 1)
    error = sends(settings)
    assert isinstance(error, Unsure) and error.code == "no_answer"


def test_many_threads_send_by_one_sender(service: Texts, settings: Sms) -> None:
    sender = sender_of(settings)
    (part,) = sender.draw((LINKED,))
    threads = [threading.Thread(target=sender.send, args=("ali", part)) for _ in range(12)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(service.sent) == 12


def test_neither_secrets_nor_numbers_stand_in_what_may_be_logged(settings: Sms) -> None:
    account = make_account(settings)
    error = sends(replace(settings, api_base="http://127.0.0.1:9"))
    for text in (repr(settings), repr(account), repr(error), str(error)):
        assert settings.secret_key not in text and ALI not in text and LINK not in text
    assert error is not None and error.__suppress_context__


def test_settings_that_cannot_work_are_refused(service: Texts, settings: Sms) -> None:
    assert make_account(Sms()) is None
    for wrong, told in (
        ({"provider": "pigeon"}, "sms.provider"),
        ({"template_id": ""}, "sms.template_id"),
        ({"secret_id": "LTAI…"}, "sms.secret_id"),
        ({"api_base": "http://sms.example"}, "sms.api_base"),
        ({"app_id": ""}, "sms.app_id"),
    ):
        if "app_id" in wrong and isinstance(service, AliyunSms):
            continue
        with pytest.raises(SettingsError, match=told):
            make_account(replace(settings, **wrong))  # type: ignore[arg-type]


def test_each_service_has_an_address_of_its_own(settings: Sms) -> None:
    account = make_account(replace(settings, api_base=""))
    assert account is not None and account.api_base == PROVIDERS[settings.provider].api_base
    assert CHOICES[("sms", "provider")] == ("none", *PROVIDERS)


# Tencent's.


@pytest.mark.parametrize("service", [TencentSms], indirect=True)
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("FailedOperation.PhoneNumberInBlacklist", Permanent),
        ("LimitExceeded.PhoneNumberDailyLimit", Permanent),
        ("LimitExceeded.PhoneNumberThirtySecondLimit", Temporary),
        ("InternalError.Timeout", Temporary),
    ],
)
def test_what_a_refusal_of_tencents_means(
    service: Texts, settings: Sms, code: str, kind: type[Undelivered]
) -> None:
    service.refused[ALI] = code
    error = sends(settings)
    assert isinstance(error, kind) and error.code == code


# Aliyun's.

aliyun = pytest.mark.parametrize("service", [AliyunSms], indirect=True)


@aliyun
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("isv.AMOUNT_NOT_ENOUGH", Permanent),
        ("isv.MOBILE_NUMBER_ILLEGAL", Permanent),
        ("isv.SMS_TEMPLATE_ILLEGAL", Permanent),
        ("isv.DAY_LIMIT_CONTROL", Permanent),
        ("isp.RAM_PERMISSION_DENY", Permanent),
        ("isp.SYSTEM_ERROR", Temporary),
        ("Throttling.User", Temporary),
        ("ServiceUnavailable", Temporary),
        ("SignatureNonceUsed", Unsure),
    ],
)
def test_what_a_refusal_of_aliyuns_means(
    service: Texts, settings: Sms, code: str, kind: type[Undelivered]
) -> None:
    service.refused[ALI] = code
    error = sends(settings)
    assert isinstance(error, kind) and error.code == code


@aliyun
@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("触发分钟级流控Permits:1", timedelta(minutes=1)),
        ("触发小时级流控Permits:5", timedelta(hours=1)),
        ("触发天级流控Permits:10", None),
    ],
)
def test_too_many_for_a_number_waits_as_long_as_the_limit_lasts_and_not_for_days(
    service: AliyunSms, settings: Sms, text: str, after: timedelta | None
) -> None:
    service.limit = text
    service.fail("", 2)
    error = sends(settings)
    if after is None:
        assert isinstance(error, Permanent)
    else:
        assert isinstance(error, Temporary) and error.after == after


@aliyun
@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"secret_key": "another"}, "SignatureDoesNotMatch"),
        ({"secret_id": "another"}, "InvalidAccessKeyId.NotFound"),
        ({"sign_name": "别家"}, "isv.SMS_SIGNATURE_ILLEGAL"),
        ({"template_id": "SMS_1"}, "isv.SMS_TEMPLATE_ILLEGAL"),
        ({"template_id": aliyun_sms.ALARM_TEMPLATE_ID}, "isv.TEMPLATE_MISSING_PARAMETERS"),
    ],
)
def test_what_is_wrong_is_told_by_aliyuns_own_word(
    service: Texts, settings: Sms, wrong: dict[str, str], code: str
) -> None:
    error = sends(replace(settings, **wrong))  # type: ignore[arg-type]
    assert error is not None and error.code == code


@aliyun
def test_the_host_of_a_link_stands_in_aliyuns_template_alone(service: Texts, settings: Sms) -> None:
    assert sends(settings) is None
    assert [each.values for each in service.sent] == [("reports/x-Y_7",)]


def test_the_signature_is_that_of_aliyuns_own_example() -> None:
    """The fixed parameters of 签名机制 V3 (help.aliyun.com, V3版本请求体&签名机制)."""
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-version": "2014-05-26",
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
    }
    given = {"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"}
    assert signed(headers, given, "YourAccessKeyId", "YourAccessKeySecret")["Authorization"].endswith(
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )
