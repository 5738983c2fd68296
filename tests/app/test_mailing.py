"""HR's mails as the settings say: off until there is a server, refused where a password would go out in the open."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.jobs import Jobs, open_queue
from app.mailing import make_mailer, make_notifier
from app.settings import Mail, Server, Settings, SettingsError, load_settings
from connectors.mail import SmtpMailer
from storage.opening import open_storage

SENDER = "shebao@company.example"


def test_without_a_server_there_are_no_mails_and_no_job(tmp_path: Path) -> None:
    assert make_mailer(Mail()) is None
    storage = open_storage(f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "keys", tmp_path / "e", make=True)
    queue = open_queue(Settings())
    Jobs(queue, storage, {}, notify=make_notifier(Settings(), storage, None))
    assert "notify" not in {each.name for each in queue._registry.periodic_tasks}
    storage.database.close()


def test_with_a_server_there_is_a_job_every_minute(tmp_path: Path) -> None:
    storage = open_storage(f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "keys", tmp_path / "e", make=True)
    mailer = make_mailer(Mail("mail.example", sender=SENDER))
    queue = open_queue(Settings())
    Jobs(queue, storage, {}, notify=make_notifier(Settings(), storage, mailer))
    assert "notify" in {each.name for each in queue._registry.periodic_tasks}
    storage.database.close()


@pytest.mark.parametrize(
    ("mail", "named"),
    [
        (Mail("mail.example"), "mail.sender"),
        (Mail("mail.example", sender="赵静"), "mail.sender"),
        (Mail("mail.example", security="none", user="hr", sender=SENDER), "mail.security"),
        (Mail("mail.example", password_file="nowhere/at/all", sender=SENDER), "mail.password_file"),
    ],
)
def test_settings_that_cannot_work_stop_the_start(mail: Mail, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        make_mailer(mail)


def test_the_password_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("correct horse\n")
    mail = Mail(
        "localhost", security="none", user="hr", password_file=str(tmp_path / "password"), sender=SENDER
    )
    mailer = make_mailer(mail)
    assert isinstance(mailer, SmtpMailer) and mailer.server.password == "correct horse"


def test_the_environment_sets_the_server() -> None:
    environ = {
        "SHEBAO__MAIL__HOST": "mail.example",
        "SHEBAO__MAIL__PORT": "465",
        "SHEBAO__MAIL__SECURITY": "tls",
    }
    assert load_settings(environ=environ).mail == Mail("mail.example", 465, "tls")
    with pytest.raises(SettingsError, match=r"mail\.security: one of starttls, tls, none"):
        load_settings(environ={"SHEBAO__MAIL__SECURITY": "ssl"})


@pytest.mark.parametrize(
    ("server", "address"),
    [
        (Server(), "http://127.0.0.1:8000"),
        (Server(public_url="https://shebao.example/"), "https://shebao.example"),
    ],
)
def test_where_links_start(server: Server, address: str) -> None:
    assert server.address == address


def test_no_password_in_the_repr_of_the_settings() -> None:
    assert "horse" not in repr(Settings(mail=Mail(user="horse", password="correct horse")))
