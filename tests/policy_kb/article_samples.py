"""An invented article to change in one place at a time."""

from __future__ import annotations

from pathlib import Path

SAMPLE = """---
title: 社保交晚了，多出来的钱谁出
title_en: Who pays when insurance is paid late?
intents: [ask_late_fee_penalty]
questions:
  - 厂里社保交晚了要加钱吗
  - 滞纳金是我出还是厂里出
  - 滯納金誰出
  - 社保欠费每天加多少
  - 单位欠社保会罚款吗
  - who pays the late fee on social insurance
rules: []
statutes: [SIL-86, MOHRSS20-LATE]
effective_from: 2011-07-01
effective_until: null
checked_on: 2026-11-22
keywords: [滞纳金]
offer_hr: true
---
这笔钱由厂里出，不从你工资里扣。

## 怎么办
- 从欠缴那天起，按欠的钱每天加收 {{ SIL-86.late_fee_daily_rate | percent }}。
- 到期还不缴的，最多罚欠缴额的 {{ SIL-86.fine_multiple_max | times }}。
- 拿不准就打 {{ phone.12333 }} 问。

## 依据
{{ clause SIL-86 }}
{{ clause MOHRSS20-LATE }}

## In English
The company pays it. It is not taken from your wage.
- From the day of arrears {{ SIL-86.late_fee_daily_rate | percent }} of what is owed is added each day.
- After the deadline the fine is up to {{ SIL-86.fine_multiple_max | times }} what is owed.
- Call {{ phone.12333 }} if in doubt.
"""


def write_article(
    folder: Path, *changes: tuple[str, str], region: str = "000000", slug: str = "late-fee"
) -> Path:
    """The sample with some texts replaced; every replaced text must be there."""
    text = SAMPLE
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    path = folder / region / f"{slug}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
