"""Mails to employees, over a real server."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from platforms.smtp import Post

from app.mailing import make_mailer
from app.settings import Mail
from connectors.mail_to_employees import EmployeeMails
from delivery.messages import Reply
from delivery.sending import Outgoing, Permanent, Temporary, Undelivered

pytest_plugins = ["mail_servers"]

LINK = "https://shebao.example/reports/x"
ALI = Outgoing("c", 1, "assistant", Reply(f"人事给你回了话，点开看：{LINK}", neutral=True))


def mails(port: int, address: str = "ali@company.example") -> EmployeeMails:
    mailer = make_mailer(Mail("127.0.0.1", port, "none", sender="shebao@company.example"))
    assert mailer is not None
    return EmployeeMails(mailer, {"ali": address}.__getitem__)


def test_a_mail_has_the_line_and_its_link(serve: Callable[..., int], post: Post) -> None:
    sender = mails(serve())
    (part,) = sender.draw((ALI, Outgoing("c", 2, "hr", Reply("阿丽，你的低保"))))
    sender.send("ali", part)
    (mail,) = post.mails
    assert mail["To"] == "ali@company.example" and LINK in mail.get_content()
    assert "低保" not in mail.as_string()


@pytest.mark.parametrize(
    ("answer", "kind"), [("450 4.2.1 greylisted", Temporary), ("550 5.1.1 gone", Permanent)]
)
def test_a_refusal_that_lasts_is_no_reason_to_try_again(
    serve: Callable[..., int], post: Post, answer: str, kind: type[Undelivered]
) -> None:
    post.answers["RCPT"] = answer
    sender = mails(serve())
    with pytest.raises(kind):
        sender.send("ali", *sender.draw((ALI,)))


def test_without_an_address_nothing_is_sent(serve: Callable[..., int], post: Post) -> None:
    sender = mails(serve(), "")
    with pytest.raises(Permanent, match="no_address"):
        sender.send("ali", *sender.draw((ALI,)))
    assert post.mails == []
