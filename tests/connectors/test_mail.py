"""Mails arrive as they were written; whatever goes wrong has a name, and is tried again or not."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platforms.smtp import PASSWORD, USER, Post

from connectors.mail import MailServer, Security, SmtpMailer, compose, is_address
from hr_inbox.notices import Mail, MailFailure

pytest_plugins = ["mail_servers"]

SENDER = "shebao@company.example"
MAIL = Mail(
    "zhaojing@company.example", "社保助手：有 3 件新的在等人事", "你好，有 3 件。\n打开看：https://…/hr/\n"
)
Contexts = tuple[ssl.SSLContext, ssl.SSLContext]
Serve = Callable[..., int]
Listen = Callable[[Callable[[socket.socket], None]], int]


def mailer(
    port: int,
    security: Security = "none",
    user: str = "",
    password: str = PASSWORD,
    context: ssl.SSLContext | None = None,
    seconds: float = 10,
) -> SmtpMailer:
    return SmtpMailer(MailServer("127.0.0.1", port, SENDER, security, user, password, seconds), context)


def failure(sender: SmtpMailer, mail: Mail = MAIL) -> tuple[str, bool]:
    """What a mail fails with, and whether that lasts."""
    with pytest.raises(MailFailure) as caught:
        sender.send(mail)
    return str(caught.value), caught.value.lasting


def test_a_mail_arrives_as_it_was_written(serve: Serve, post: Post) -> None:
    mailer(serve()).send(MAIL)
    (mail,) = post.mails
    assert (mail["Subject"], mail["From"], mail["To"]) == (MAIL.subject, SENDER, MAIL.to)
    assert mail.get_content().replace("\r\n", "\n") == MAIL.text
    assert (mail.get_content_type(), mail.get_content_charset()) == ("text/plain", "utf-8")
    assert mail["Auto-Submitted"] == "auto-generated" and mail["Message-ID"].endswith("@company.example>")
    assert post.envelopes == [(SENDER, [MAIL.to])]


def test_a_long_subject_is_folded_and_comes_back_whole(serve: Serve, post: Post) -> None:
    mailer(serve()).send(Mail(MAIL.to, "等" * 200, "好"))
    assert post.mails[0]["Subject"] == "等" * 200


def test_over_starttls_with_a_login(serve: Serve, post: Post, certificate: Contexts) -> None:
    server, client = certificate
    port = serve(tls_context=server, require_starttls=True, authenticator=post.check)
    mailer(port, "starttls", USER, context=client).send(MAIL)
    assert len(post.mails) == len(post.logins) == 1


def test_over_tls_from_the_first_byte(serve: Serve, post: Post, certificate: Contexts) -> None:
    server, client = certificate
    mailer(serve(ssl_context=server), "tls", context=client).send(MAIL)
    assert len(post.mails) == 1


def test_a_refused_login_lasts(serve: Serve, post: Post) -> None:
    port = serve(authenticator=post.check, auth_require_tls=False)
    assert failure(mailer(port, user=USER, password="wrong")) == ("login:535", True)
    assert post.mails == []


def test_a_login_that_cannot_be_checked_now_does_not_last(serve: Serve, post: Post) -> None:
    post.answers["AUTH"] = "454 4.7.0 Temporary authentication failure"
    port = serve(authenticator=post.check, auth_require_tls=False)
    assert failure(mailer(port, user=USER)) == ("login:454", False)


def test_a_password_that_no_server_takes(serve: Serve, post: Post) -> None:
    port = serve(authenticator=post.check, auth_require_tls=False)
    assert failure(mailer(port, user=USER, password="密码")) == ("login", True)


@pytest.mark.parametrize(
    ("step", "answer", "code", "lasts"),
    [
        ("RCPT", "450 4.2.1 greylisted", "recipient:450", False),
        ("RCPT", "550 5.1.1 no such user", "recipient:550", True),
        ("MAIL", "451 4.7.1 later", "sender:451", False),
        ("MAIL", "553 5.7.1 not yours", "sender:553", True),
        ("DATA", "452 4.3.1 full", "refused:452", False),
        ("DATA", "554 5.7.1 spam", "refused:554", True),
    ],
)
def test_what_the_server_refuses(
    serve: Serve, post: Post, step: str, answer: str, code: str, lasts: bool
) -> None:
    post.answers[step] = answer
    assert failure(mailer(serve())) == (code, lasts)
    assert post.mails == []


def test_a_server_without_starttls_gets_neither_password_nor_mail(serve: Serve, post: Post) -> None:
    port = serve(authenticator=post.check, auth_require_tls=False)
    assert failure(mailer(port, "starttls", USER)) == ("not_supported", True)
    assert post.mails == post.logins == []


def test_a_server_without_logins(serve: Serve) -> None:
    assert failure(mailer(serve(), user=USER)) == ("not_supported", True)


def test_a_certificate_that_nobody_vouches_for(serve: Serve, post: Post, certificate: Contexts) -> None:
    server, _ = certificate
    assert failure(mailer(serve(tls_context=server), "starttls")) == ("certificate", True)
    assert failure(mailer(serve(ssl_context=server), "tls")) == ("certificate", True)
    assert post.mails == []


def test_a_port_that_speaks_no_tls(serve: Serve) -> None:
    assert failure(mailer(serve(), "tls")) == ("encryption", True)


def test_a_server_that_keeps_silent(listen: Listen) -> None:
    assert failure(mailer(listen(lambda connection: None), seconds=0.2)) == ("timeout", False)


def test_a_server_that_falls_silent_after_its_greeting(listen: Listen) -> None:
    port = listen(lambda connection: connection.sendall(b"220 mail.example ESMTP\r\n"))
    assert failure(mailer(port, seconds=0.2)) == ("timeout", False)


def test_a_server_that_hangs_up(listen: Listen) -> None:
    assert failure(mailer(listen(lambda connection: connection.close()))) == ("disconnected", False)


def test_a_server_that_is_busy(listen: Listen) -> None:
    port = listen(lambda connection: connection.sendall(b"421 4.3.2 busy\r\n"))
    assert failure(mailer(port)) == ("refused:421", False)


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert failure(mailer(port)) == ("unreachable", False)


def test_a_bad_goodbye_does_not_have_it_sent_again(serve: Serve, post: Post) -> None:
    post.answers["QUIT"] = "451 4.3.0 not now"
    mailer(serve()).send(MAIL)
    assert len(post.mails) == 1


@pytest.mark.parametrize(
    "to",
    [
        "zhaojing@company.example\r\nBcc: all@company.example",
        "zhaojing@company.example, all@company.example",
        "赵静 <zhaojing@company.example>",
        "zhaojing",
        "zhaojing@",
        "赵静@company.example",
        "",
    ],
)
def test_what_is_no_single_address_is_not_sent_to(serve: Serve, post: Post, to: str) -> None:
    assert failure(mailer(serve()), Mail(to, "有新的", "好")) == ("bad_header", True)
    assert post.mails == []


@given(st.text(max_size=60), st.text(max_size=80), st.text(max_size=200))
def test_nothing_written_adds_a_header(to: str, subject: str, text: str) -> None:
    try:
        mail = compose(Mail(to if is_address(to) else MAIL.to, subject, text), SENDER)
    except MailFailure:
        assert subject.splitlines() != [subject]
        return
    names = [
        line.split(b":")[0] for line in bytes(mail).split(b"\r\n\r\n")[0].split(b"\r\n") if line[:1].strip()
    ]
    assert sorted(names) == [
        *(b"Auto-Submitted", b"Content-Transfer-Encoding", b"Content-Type", b"Date"),
        *(b"From", b"MIME-Version", b"Message-ID", b"Subject", b"To"),
    ]


def test_no_password_in_a_repr() -> None:
    assert PASSWORD not in repr(MailServer("127.0.0.1", 25, SENDER, "none", USER, PASSWORD))
