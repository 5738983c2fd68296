"""The services that send text messages, each with the settings that it takes."""

from __future__ import annotations

from typing import Final

from platforms import aliyun_sms, sms
from platforms.aliyun_sms import AliyunSms
from platforms.sms import TencentSms, Texts

from app.settings import Sms

SERVICES: Final = (TencentSms, AliyunSms)


def sms_settings(service: Texts, base: str) -> Sms:
    """The settings of somebody who has signed up with a service, which is at `base`."""
    if isinstance(service, AliyunSms):
        return Sms(
            provider="aliyun",
            secret_id=aliyun_sms.SECRET_ID,
            secret_key=aliyun_sms.SECRET_KEY,
            sign_name=sms.SIGN_NAME,
            template_id=aliyun_sms.TEMPLATE_ID,
            code_template_id=aliyun_sms.CODE_TEMPLATE_ID,
            alarm_template_id=aliyun_sms.ALARM_TEMPLATE_ID,
            api_base=base,
        )
    return Sms(
        provider="tencent",
        secret_id=sms.SECRET_ID,
        secret_key=sms.SECRET_KEY,
        app_id=sms.APP_ID,
        sign_name=sms.SIGN_NAME,
        template_id=sms.TEMPLATE_ID,
        code_template_id=sms.CODE_TEMPLATE_ID,
        alarm_template_id=sms.ALARM_TEMPLATE_ID,
        api_base=base,
    )
