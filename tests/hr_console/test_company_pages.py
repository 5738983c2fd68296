"""An empty company is led through in order; what is typed is checked by its own digits, and a seal by its content."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from html import unescape
from io import BytesIO

import pytest
from desk import Colleague
from staffing import HR, hire
from werkzeug.test import TestResponse

from people.entities import LegalEntity, is_credit_code
from storage.opening import Storage

pytest_plugins = ["databases", "desk"]

ENTITY = {"name": "苏州某某精密制造有限公司", "credit_code": "91350100M000100Y43"}
ACCOUNT = {
    "region": "苏州",
    "account_number": "3205001234",
    "injury_class": "3",
    "injury_rate": "0.48%",
    "injury_source": "苏工伤核〔2026〕88号",
    "fund_rate": "8",
    "pay_day": "10",
    "declaration_day": "25",
}


@pytest.fixture
def admin(colleague: Callable[..., Colleague]) -> Colleague:
    return colleague("赵静", "admin")


def text(page: TestResponse) -> str:
    return unescape(page.get_data(as_text=True))


def png(width: int = 300, height: int = 300) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes(width)) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_each_step_leads_to_the_next(admin: Colleague, desk_storage: Storage) -> None:
    def now() -> str:
        page = text(admin.opens("/hr/company"))
        return page.split('aria-current="step"')[1].split("</li>")[0] if "一步一步来" in page else ""

    assert "用人单位" in now()
    admin.sends("/hr/company/entity", **ENTITY)
    assert "社保账户" in now()
    (entity,) = desk_storage.companies.entities()
    admin.sends("/hr/company/account", entity=entity.id, **ACCOUNT)
    assert "公章" in now()
    admin.sends(f"/hr/company/{entity.id}/seal", seal=(BytesIO(png()), "章.png"))
    assert "花名册" in now()
    hire(desk_storage)
    assert now() == ""


def test_an_account_is_kept_as_it_was_typed_and_can_be_changed(
    admin: Colleague, desk_storage: Storage
) -> None:
    entity = desk_storage.companies.save_entity(LegalEntity("", **ENTITY), HR)
    admin.sends("/hr/company/account", entity=entity, **ACCOUNT)
    (account,) = desk_storage.companies.accounts()
    assert (account.region, account.injury_class, account.injury_rate) == ("320500", 3, 4800)
    assert (account.fund_rate, account.pay_day, account.declaration_day) == (80_000, 10, 25)
    form = text(admin.opens(f"/hr/company?account={account.id}"))
    assert 'value="江苏省苏州市"' in form and 'value="0.48%"' in form and 'value="8%"' in form
    admin.sends(
        "/hr/company/account", entity=entity, account_id=account.id, **ACCOUNT | {"fund_rate": "0.12"}
    )
    (changed,) = desk_storage.companies.accounts()
    assert changed.id == account.id and changed.fund_rate == 120_000
    admin.sends("/hr/company/account/remove", account=account.id)
    assert desk_storage.companies.accounts() == ()


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("region", "某某州", "没有这个地方"),
        ("account_number", "", "这一项要填"),
        ("injury_class", "9", "1 到 8 类"),
        ("injury_rate", "48%", "0.04% 到 2.85%"),
        ("injury_rate", "不知道", "0.04% 到 2.85%"),
        ("injury_source", "", "哪份核定单"),
        ("fund_rate", "4%", "5% 到 12%"),
        ("declaration_day", "32", "1 到 31"),
        ("entity", "5a1e0000-0000-4000-8000-000000000001", "选一个单位"),
    ],
)
def test_what_is_wrong_with_an_account_is_said_beside_its_field(
    admin: Colleague, desk_storage: Storage, field: str, typed: str, told: str
) -> None:
    entity = desk_storage.companies.save_entity(LegalEntity("", **ENTITY), HR)
    page = text(admin.sends("/hr/company/account", 400, **{"entity": entity} | ACCOUNT | {field: typed}))
    assert told in page and f'id="{field}-told"' in page and page.count('class="error"') == 1
    assert 'value="3205001234"' in page or field == "account_number"


def test_a_credit_code_with_a_slip_is_refused(admin: Colleague, desk_storage: Storage) -> None:
    page = text(admin.sends("/hr/company/entity", 400, **ENTITY | {"credit_code": "91350100M000100Y34"}))
    assert "最后一位对不上" in page and ENTITY["name"] in page
    admin.sends("/hr/company/entity", **ENTITY | {"credit_code": " 9135 0100m000100y43 "})
    assert [each.credit_code for each in desk_storage.companies.entities()] == ["91350100M000100Y43"]


def test_every_slip_of_one_character_is_found() -> None:
    code = "91350100M000100Y43"
    letters = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    slips = [
        code[:place] + letter + code[place + 1 :]
        for place in range(18)
        for letter in letters
        if letter != code[place]
    ]
    assert is_credit_code(code) and not any(map(is_credit_code, slips))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a" + bytes(200),
        png()[:-20],
        png().replace(b"IDAT", b"IDAX"),
        png(50, 50),
        png(3000, 100),
        png()[:30] + b"x" + png()[31:],
        png() + b"<script>",
    ],
    ids=["empty", "gif", "cut", "no picture", "small", "wide", "damaged", "something behind"],
)
def test_a_seal_that_is_no_whole_png_is_refused_whatever_its_name(
    admin: Colleague, desk_storage: Storage, data: bytes
) -> None:
    entity = desk_storage.companies.save_entity(LegalEntity("", **ENTITY), HR)
    page = admin.sends(f"/hr/company/{entity}/seal", 400, seal=(BytesIO(data), "章.png"))
    assert "请选一张 PNG 图片" in text(page)
    assert desk_storage.companies.seal(entity) is None


def test_a_seal_comes_back_to_the_byte_and_outlives_a_new_name(
    admin: Colleague, desk_storage: Storage
) -> None:
    entity = desk_storage.companies.save_entity(LegalEntity("", **ENTITY), HR)
    admin.sends(f"/hr/company/{entity}/seal", seal=(BytesIO(png()), "章.jpg"))
    admin.sends("/hr/company/entity", entity_id=entity, **ENTITY | {"name": "苏州新名有限公司"})
    sent = admin.opens(f"/hr/company/{entity}/seal.png")
    assert sent.data == png() and sent.mimetype == "image/png"
    assert [each.name for each in desk_storage.companies.entities()] == ["苏州新名有限公司"]


def test_the_company_is_for_its_administrator(colleague: Callable[..., Colleague]) -> None:
    colleague("李娜", "agent").opens("/hr/company", 403)
