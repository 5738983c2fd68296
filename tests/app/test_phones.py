"""The demo's platforms as a process: where they listen, what they are told, when they end, and installations without them."""

from __future__ import annotations

import smtplib
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest
from platforms.harness import NoAnswer, call

from app.phones import phones
from app.settings import Channels, Connections, Keys, Mail, Payroll, Server, Settings, WeChat
from connectors.choosing import Where, choose_civil_affairs


def settings(port: int, channels: Channels | None = None) -> Settings:
    return replace(Settings(), server=Server(port=port), channels=channels or Channels())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def test_the_platforms_stand_beside_the_server_and_end_with_it() -> None:
    with phones(settings(free_port())) as found:
        assert found is not None
        page = call(f"{found.address}/")
        assert page.status == 200 and "frame-src http://127.0.0.1:" in page.headers["content-security-policy"]
        wechat, wecom = found.settings.channels.wechat, found.settings.channels.wecom
        token = call(
            f"{wechat.base}/cgi-bin/token",
            {"grant_type": "client_credential", "appid": wechat.app_id, "secret": wechat.secret},
        )
        assert b"access_token" in token.body
        token = call(f"{wecom.base}/cgi-bin/gettoken", {"corpid": wecom.corp_id, "corpsecret": wecom.secret})
        assert b"access_token" in token.body
        telegram = found.settings.channels.telegram
        assert b'"ok": true' in call(f"{telegram.methods}{telegram.token}/getMe").body
        assert found.process.poll() is None
    assert found.process.poll() == 0
    with pytest.raises(NoAnswer):
        call(f"{found.address}/")


def test_a_port_that_is_taken_is_left_alone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        with phones(settings(port - 1)) as found:
            assert found is not None
            assert not found.address.endswith(f":{port}")
            assert call(f"{found.address}/").status == 200


def test_an_account_of_their_own_is_not_replaced() -> None:
    own = WeChat(app_id="wx-our-own", secret="s", token="t", aes_key="k" * 43)
    with phones(settings(free_port(), Channels(wechat=own))) as found:
        assert found is not None
        assert found.settings.channels.wechat == own
        assert found.settings.channels.wecom.base.startswith(found.address)
        assert call(f"{found.address}/wechat/cgi-bin/token").status == 404


def test_text_messages_and_mails_go_to_the_platforms_unless_the_settings_name_who_sends_them() -> None:
    with phones(settings(free_port())) as found:
        assert found is not None
        sms, mail = found.settings.sms, found.settings.mail
        assert (sms.provider, sms.api_base) == ("tencent", found.address)
        with smtplib.SMTP(mail.host, mail.port) as client:
            assert client.noop()[0] == 250
        told = found.settings.connections.alarms
        assert told.mobiles and told.mails
    own = Mail(host="smtp.mill.example", sender="hr@mill.example")
    with phones(replace(settings(free_port()), mail=own)) as found:
        assert found is not None and found.settings.mail == own
        assert not found.settings.connections.alarms.mails, (
            "nobody of the demo is told through another's server"
        )


def test_the_offices_of_the_city_are_asked_unless_the_settings_name_others(tmp_path: Path) -> None:
    own = Connections(payroll=Payroll(mapping="payroll.toml"))
    keys = Keys(folder=str(tmp_path / "keys"))
    with phones(replace(settings(free_port()), connections=own, keys=keys)) as found:
        assert found is not None
        connections = found.settings.connections
        assert connections.payroll == own.payroll
        where = Where(Path(connections.civil_affairs.mapping))
        assert where.mapping.parent == tmp_path
        chosen = choose_civil_affairs(where, time.time)
        assert chosen.system.changes("", ()).changes == ()
        chosen.close()
        assert connections.civil_affairs.late_minutes > connections.civil_affairs.every_minutes


def test_without_the_tests_there_are_no_phones(tmp_path: Path) -> None:
    with phones(settings(free_port()), tmp_path) as found:
        assert found is None
