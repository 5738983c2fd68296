"""From HR's answer in a chat that nobody opens to a text message on the phone, over a real service; and the mail after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from databases import Clock
from platforms.harness import Server
from platforms.sms import Texts
from platforms.smtp import Post
from staffing import binds, hire
from talking import colleague, message, say
from text_services import SERVICES, sms_settings

from app.channels import make_link
from app.mailing import make_mailer
from app.notifying import make_senders
from app.settings import Mail, Settings
from app.settings import Server as Address
from delivery.outbox import deliver_due
from delivery.pushes import UNFETCHED
from hr_inbox.task import HrTask
from storage.opening import Storage

pytest_plugins = ["databases", "mail_servers"]

ADDRESS = "https://shebao.example"


@pytest.mark.parametrize("kind", SERVICES)
@pytest.mark.parametrize("phone", ["13800000000", "0512-12345678"])
def test_an_answer_that_nobody_reads_is_told_by_phone_else_by_mail(
    storage: Storage, clock: Clock, serve: Callable[..., int], post: Post, phone: str, kind: type[Texts]
) -> None:
    ali = hire(storage, phone=phone, mail="ali@company.example")
    binds(storage, ali)
    say(storage, message("t1"), "转给人事了", tasks=(HrTask("question", ("我家低保还有吗",)),))
    zhao = colleague(storage)
    storage.cases.take("T-000001", zhao)
    storage.cases.say("T-000001", zhao, "阿丽，低保还在", "k1", 100)
    clock.time += UNFETCHED
    service = kind()
    with Server({"": service}) as server:
        mail = Mail("127.0.0.1", serve(), "none", sender="shebao@company.example")
        sms = sms_settings(service, server.address)
        settings = replace(Settings(), server=Address(public_url=ADDRESS), sms=sms)
        senders = make_senders(settings, storage, make_mailer(mail))
        storage.ways.channels = tuple(senders)
        for _ in range(3):
            storage.pushes.work(make_link(settings, storage.links))
            deliver_due(storage.outbox, senders, clock)
    by_phone = [each.text for each in service.sent]
    by_mail = [each.get_content() for each in post.mails]
    assert (len(by_phone), len(by_mail)) == ((1, 0) if phone.startswith("138") else (0, 1))
    told = by_phone[0] if by_phone else by_mail[0]
    assert f"{ADDRESS}/reports/" in told
    assert "低保" not in told and "阿丽" not in told
