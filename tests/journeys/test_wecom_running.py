"""The whole program with WeCom beside it: callbacks at the WSGI server's address, answers by the embedded worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from over_platforms import Served
from platforms import wecom as local
from platforms.harness import Server
from platforms.phones import Bubble
from platforms.wecom import Member, WeCom
from telling import needs_meaning

from app import settings
from app.running import running
from app.settings import Channels, Settings
from storage.opening import open_storage

pytestmark = needs_meaning


@pytest.fixture
def company(tmp_path: Path) -> Iterator[WeCom]:
    """A company in whose WeCom the program is an app."""
    company = WeCom()
    with Server({"/wecom": company}) as server:
        section = settings.WeCom(
            local.CORP_ID,
            local.AGENT_ID,
            secret=local.SECRET,
            token=local.TOKEN,
            aes_key=local.AES_KEY,
            api_base=f"{server.address}/wecom",
        )
        told = Settings(
            database=settings.Database(f"sqlite:///{tmp_path / 'shebao.db'}"),
            keys=settings.Keys(str(tmp_path / "keys")),
            policy=settings.Policy(str(tmp_path / "policy"), str(tmp_path / "company")),
            channels=Channels(wecom=section),
        )
        open_storage(told.database.address, told.keys.path, told.keys.journal, make=True).database.close()
        with running(told) as program:
            server.mounts["/product"] = Served(program)
            company.address = f"{server.address}/product/channels/wecom"
            yield company


def asked(member: Member, words: str, kind: str) -> Bubble:
    """What asks this, once it is the last thing on the phone."""
    heard = member.phone.wait(
        lambda heard: bool(heard) and heard[-1].kind == kind and words in heard[-1].words, seconds=30
    )
    return heard[-1]


def test_a_chat_from_the_question_to_the_tap_and_on(company: WeCom) -> None:
    assert company.check_address()
    laozhou = company.member("LaoZhou", "周建国")
    laozhou.open_app()
    laozhou.phone.wait(lambda heard: bool(heard), seconds=30)
    laozhou.write("交社保影响低保吗")
    card = asked(laozhou, "低保本上有没有你的名字", "card")

    laozhou.tap("在")
    asked(laozhou, "低保本上一共几个人", "card")
    assert laozhou.phone.bubbles[card.number].closed == "✓ 在"

    tap = next(each.event for each in company.deliveries if "TaskId" in each.event.fields)
    for again in (tap, tap):  # the platform says it twice more
        assert company.deliver(again).tries == ["200"]
    laozhou.write("四个")
    asked(laozhou, "工资多少", "text")
    assert len([each for each in laozhou.phone.heard if "一共几个人" in each.words]) == 1
    assert not laozhou.phone.notices
    assert {tuple(each.tries) for each in company.deliveries} == {("200",)}
