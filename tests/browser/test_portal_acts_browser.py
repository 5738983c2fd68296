"""The portal's forms on a phone and on a desk: nothing wider than the screen, everything read aloud. With SHEBAO_PICTURES set
to a folder every page is drawn into it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from desk import Colleague
from portal_office import FORM, TOLD, Office, blank, receipt, sends
from screens import DESKTOP, PHONE

from policy_kb.library import Library
from storage.opening import Storage

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
Browser, Page = sync_api.Browser, sync_api.Page

pytest_plugins = ["databases", "desk", "screens"]

PICTURES = os.environ.get("SHEBAO_PICTURES", "")


def test_every_page_fits_and_is_read_aloud(
    colleague: Callable[..., Colleague], opens: Callable[..., Page], desk_storage: Storage, library: Library
) -> None:
    office = Office(desk_storage, library)
    li = colleague("李梅", "agent", "admin")
    pages = {"empty": FORM}
    shown(opens, li, pages)
    first = office.approved(office.hires("A11", "春梅"))
    office.approved(office.hires("A12", "夏荷"))
    office.approved(office.hires("A15", "钱多多"))
    sends(li, f"{FORM}/blank", "苏州市企业职工增员申报表.xlsx", blank())
    li.sends(f"{FORM}/export")
    office.approved(office.hires("A13", "秋菊"))
    office.approved(office.hires("A14", "冬梅", id_number=""))
    told = receipt(
        ("320500198001010011", "春梅", "办理成功", "", "4952.00"),
        ("320500198001010012", "夏荷", "办理失败", "证件照片不清楚，请重新上传后再申报", ""),
        ("320500198001010015", "钱多多", "办理成功", "", "4000.00"),
        ("320500198001010099", "别家的人", "办理成功", "", ""),
        headings=(*TOLD, "缴费基数"),
    )
    at = sends(li, f"{FORM}/receipt", "增员回执202610.csv", told).headers["Location"]
    shown(opens, li, {"forms": "/hr/portal-acts", "form": FORM, "receipt": at})
    li.sends(f"{at}/take")
    shown(opens, li, {"taken": at, "strategy": f"/hr/strategies/{first.id}", "list": "/hr/strategies"})


def shown(opens: Callable[..., Page], who: Colleague, paths: dict[str, str]) -> None:
    for size in (PHONE, DESKTOP):
        for name, path in paths.items():
            page = opens(path, who, size)
            if PICTURES:
                page.screenshot(path=str(Path(PICTURES) / f"{name}-{size['width']}.png"), full_page=True)
            for more in page.locator("main details").all():
                more.evaluate("each => each.open = true")
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], (name, size)
            found = axe.Axe().run(page)
            assert found.violations_count == 0, (name, size, found.generate_report())
