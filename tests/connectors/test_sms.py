"""Text messages to employees: the real library against a local service that speaks its protocol."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest
from platforms.harness import Fault, Server
from platforms.sms import APP_ID, SECRET_ID, SECRET_KEY, SIGN_NAME, TEMPLATE_ID
from platforms.sms import TencentSms as Service

from app.notifying import make_account
from app.settings import SettingsError, Sms
from connectors.sms import TencentSms
from delivery.messages import Reply
from delivery.sending import Outgoing, Permanent, Temporary, Undelivered, Unsure

LINK = "https://shebao.example/reports/x"
ALI = "13800000000"
BUBBLES = (Outgoing("c", 1, "assistant", Reply(f"人事给你回了话，点开看：{LINK}", neutral=True)),)


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def base(service: Service) -> Iterator[str]:
    with Server({"": service}) as server:
        yield server.address


def settings(base: str) -> Sms:
    return Sms("tencent", SECRET_ID, SECRET_KEY, "", APP_ID, SIGN_NAME, TEMPLATE_ID, api_base=base)


def sends(base: str, phone: str = ALI, **other: str) -> Undelivered | None:
    account = make_account(replace(settings(base), **other))  # type: ignore[arg-type]
    assert account is not None
    sender = TencentSms(account, {"ali": phone}.__getitem__)
    (part,) = sender.draw(BUBBLES)
    try:
        sender.send("ali", part)
    except Undelivered as error:
        return error
    return None


def test_a_link_arrives_and_nothing_else(service: Service, base: str) -> None:
    assert sends(base, "138-0000 0000") is None
    (sms,) = service.sent
    assert (sms.number, sms.values) == (ALI, (LINK,))


def test_what_is_not_neutral_or_has_no_link_is_not_drawn(base: str) -> None:
    account = make_account(settings(base))
    assert account is not None
    personal = Outgoing("c", 1, "hr", Reply(f"阿丽，你的低保 {LINK}"))
    plain = Outgoing("c", 2, "assistant", Reply("刚才那条消息可能没送到。", neutral=True))
    assert TencentSms(account, str).draw((personal, plain)) == ()


def test_a_code_goes_by_a_template_of_its_own_and_nowhere_without_one(base: str) -> None:
    code = Outgoing("c", 3, "assistant", Reply("你的验证码：024680。五分钟内有效。", neutral=True, secret=True))
    account = make_account(replace(settings(base), code_template_id="2000002"))
    without = make_account(settings(base))
    assert account is not None and without is not None
    assert TencentSms(account, str).draw((code,)) == ({"code": "024680"},)
    with pytest.raises(Permanent, match="no_code_template"):
        TencentSms(without, str).draw((code,))


@pytest.mark.parametrize("phone", ["", "0512-12345678", "+85261234567", "+8612345678901"])
def test_only_mobile_numbers_of_the_mainland_are_tried(service: Service, base: str, phone: str) -> None:
    error = sends(base, phone)
    assert isinstance(error, Permanent) and error.code == "no_mobile_number"
    assert service.sent == []


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("FailedOperation.PhoneNumberInBlacklist", Permanent),
        ("LimitExceeded.PhoneNumberDailyLimit", Permanent),
        ("LimitExceeded.PhoneNumberThirtySecondLimit", Temporary),
        ("InternalError.Timeout", Temporary),
    ],
)
def test_what_a_refusal_means(service: Service, base: str, code: str, kind: type[Undelivered]) -> None:
    service.refused[ALI] = code
    error = sends(base)
    assert isinstance(error, kind) and error.code == code


def test_wrong_credentials_are_no_reason_to_try_again(base: str) -> None:
    error = sends(base, secret_key="another key of some length 0000")
    assert isinstance(error, Permanent) and error.code == "AuthFailure.SignatureFailure"


def test_a_service_that_is_not_there_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert isinstance(sends(f"http://127.0.0.1:{port}"), Temporary)


def test_an_answer_that_is_lost_leaves_it_open_whether_it_arrived(service: Service, base: str) -> None:
    service.fail("", Fault.LOST)
    assert isinstance(sends(base), Unsure)


def test_settings_that_cannot_work_are_refused() -> None:
    assert make_account(Sms()) is None
    for wrong, told in (
        ({"provider": "aliyun"}, "sms.provider"),
        ({"app_id": ""}, "sms.app_id"),
        ({"api_base": "http://sms.example"}, "sms.api_base"),
    ):
        with pytest.raises(SettingsError, match=told):
            make_account(replace(settings("http://127.0.0.1:1"), **wrong))  # type: ignore[arg-type]
