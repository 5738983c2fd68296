"""From an employee's question to a mail in HR's post box, over a real server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from databases import NOON, Clock
from platforms.smtp import Post
from talking import message, say

from app.mailing import make_mailer, make_notifier
from app.settings import Mail, Server, Settings
from hr_inbox.task import HrTask
from storage.opening import Storage

pytest_plugins = ["databases", "mail_servers"]

SENDER = "shebao@company.example"
WORDS = "家里吃低保，厂里没给我交"


def notifier(storage: Storage, port: int) -> Callable[[], object]:
    mail = Mail("127.0.0.1", port, "none", sender=SENDER)
    settings = replace(Settings(), server=Server(public_url="https://shebao.example"), mail=mail)
    notify = make_notifier(settings, storage, make_mailer(mail))
    assert notify is not None
    return notify


def test_a_mail_tells_nothing_about_anybody(
    storage: Storage, clock: Clock, serve: Callable[..., int], post: Post
) -> None:
    clock.time = NOON + timedelta(hours=3)
    storage.accounts.add(
        "zhao", "赵静", frozenset({"agent", "dibao_officer"}), "zhao@company.example", "active"
    )
    task = HrTask("dibao_status_change", (WORDS,), "320500", topic="阿丽的低保", dibao=True)
    say(storage, message("m1", WORDS), "好", tasks=(task,))
    notify = notifier(storage, serve())
    notify()
    notify()
    (mail,) = post.mails
    text = mail.as_string() + mail.get_content() + mail["Subject"]
    assert "https://shebao.example/hr/" in text and "有 1 件" in text
    assert not [word for word in ("低保", "阿丽", "赵静", "厂里", "320500", "T-") if word in text]


def test_a_server_that_refuses_is_remembered_and_asked_again(
    storage: Storage, clock: Clock, serve: Callable[..., int], post: Post
) -> None:
    clock.time = NOON + timedelta(hours=3)
    storage.accounts.add("zhao", "赵静", frozenset({"agent"}), "zhao@company.example", "active")
    say(storage, message("m1"), "好", tasks=(HrTask("question", (WORDS,)),))
    notify = notifier(storage, serve())
    post.answers["RCPT"] = "450 4.2.1 greylisted"
    notify()
    assert [each.error for each in storage.mail_notices.troubles()] == ["recipient:450"]
    del post.answers["RCPT"]
    clock.move(minutes=1)
    notify()
    assert len(post.mails) == 1 and storage.mail_notices.troubles() == ()
