"""The page as a plain form: what comes back for what is typed, in three languages, without cookies or faults."""

import re
import struct
from datetime import date
from html import unescape

import pytest
from flask.testing import FlaskClient

from locales import LOCALES, speak
from policy_kb.library import Library
from policy_kb.telling import HEADLINES
from web_calc.form import number_text, read_form

TODAY = date(2026, 10, 15)
DOCUMENTS = ("/report.pdf", "/report.png", "/note.pdf", "/note.png")


def words(html: str) -> str:
    """What a reader sees, without markup and with single spaces."""
    html = re.sub(r"<svg.*?</svg>|<head>.*?</head>", " ", html, flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def error_at(html: str, field: str) -> str:
    match = re.search(rf'<p class="error" id="{field}-error"( hidden)?>(.*?)</p>', html)
    assert match is not None, field
    return "" if match[1] else unescape(match[2])


def test_ali_whose_county_decides(client: FlaskClient, ali: dict[str, str]) -> None:
    page = client.post("/", data=ali | {"received": "620"})
    told = words(page.text)
    assert page.status_code == 200
    assert HEADLINES["depends_on_reading"] in told
    assert "减：2975.04 元，低于 3200.00 元" in told
    assert "每月实际少 300.00 到 524.96 元" in told
    assert "卡上 620.00 元，按差额算是 224.96 元" in told
    assert "396.16 + 104.04 + 24.76" in told
    assert "工资 3500.00 低于下限 4952.00，按下限算" in told
    assert "区号+12345（安徽省阜阳市）" in told
    assert "算收入时，个人缴的社保减不减" in told


def test_over_says_that_it_is_the_wage(client: FlaskClient, ali: dict[str, str]) -> None:
    told = words(client.post("/", data=ali | {"wage": "9000"}).text)
    assert HEADLINES["over"] in told
    for tap in ("打工的花销能不能先减掉", "能不能再发几个月", "重残重病的能不能单独吃低保", "不服怎么办"):
        assert tap in told
    assert "高出 4" in told
    assert "社会救助法" in told  # the hearing before a cut, with its source


def test_beijing_and_its_own_line(client: FlaskClient, beijing: dict[str, str]) -> None:
    page = client.post("/", data=beijing)
    told = words(page.text)
    assert "766.35" in told and "4066.64" in told and "4350.00" in told
    assert 'id="area-block" class="not-needed"' in page.text


def test_no_line_asks_for_it(client: FlaskClient, ali: dict[str, str]) -> None:
    page = client.post("/", data=ali | {"standard": ""})
    assert HEADLINES["ask_line"] in words(page.text)
    assert '<details id="line-block" class="ask-line wanted" open>' in page.text


@pytest.mark.parametrize(
    ("changed", "finding"),
    [
        ({"on_book": "unknown"}, "ask_on_book"),
        ({"on_book": "no"}, "not_on_book"),
        ({"wage": "2000", "standard": "2000"}, "within"),
        ({"wage": "2600", "other_income_high": "5000"}, "depends_on_income"),
        ({"wage": "3900"}, "open_deduction"),
    ],
)
def test_each_finding_has_its_screen(
    client: FlaskClient, ali: dict[str, str], changed: dict[str, str], finding: str
) -> None:
    told = words(client.post("/", data=ali | changed).text)
    assert HEADLINES[finding] in told  # type: ignore[index]


@pytest.mark.parametrize(("status", "told"), [("suspended", "不能缓缴社保"), ("ended", "社保照样交")])
def test_suspended_dibao_puts_nothing_off(
    client: FlaskClient, ali: dict[str, str], status: str, told: str
) -> None:
    assert told in words(client.post("/", data=ali | {"dibao": status}).text)


FAULTS = [
    ("region", "火星"),
    ("region", "朝阳"),
    ("dibao_region", "朝阳"),
    ("dibao_region", ""),
    ("standard", "八百"),
    ("wage", ""),
    ("wage", "3500.123"),
    ("wage", "-1"),
    ("wage", "10000001"),
    ("wage_kind", ""),
    ("size", "0"),
    ("size", "31"),
    ("size", "四"),
    ("other_income", "1,5"),
    ("other_income_high", "x"),
    ("received", "6..2"),
    ("base_wage", "很多"),
    ("ill", "99"),
    ("disabled", "-1"),
    ("former_benefit", "abc"),
    ("fund_rate", "50"),
    ("injury_class", "9"),
    ("cash_in_lieu", "１e3"),
    ("new_job_since", "2026-13-01"),
    ("on", "1999-01-01"),
    ("earner2_wage", "?"),
    ("earner2_region", "朝阳"),
    ("supporter1_income", "许多"),
    ("supporter1_size", "0"),
]


@pytest.mark.parametrize(("field", "typed"), FAULTS)
def test_a_fault_is_told_at_its_field_and_nothing_is_lost(
    client: FlaskClient, ali: dict[str, str], field: str, typed: str
) -> None:
    beside = {"earner2_wage": "1000"} if field == "earner2_region" else {}
    beside |= {"supporter1_income": "5000"} if field == "supporter1_size" else {}
    beside |= {"supporter1_size": "2"} if field == "supporter1_income" else {}
    page = client.post("/", data=ali | beside | {field: typed})
    assert page.status_code == 400
    assert error_at(page.text, field)
    assert f'<a href="#{field}">' in page.text
    for name in ("wage", "dibao_region", field):
        if name != "wage_kind":
            shown = typed if name == field else ali[name]
            assert f'id="{name}" name="{name}" type=' in page.text and f'value="{shown}"' in page.text


def test_several_faults_are_told_together(client: FlaskClient, ali: dict[str, str]) -> None:
    page = client.post("/", data=ali | {"wage": "三千", "size": "", "region": "朝阳"})
    assert all(error_at(page.text, field) for field in ("region", "wage", "size"))


def test_people_type_numbers_as_they_like(client: FlaskClient, ali: dict[str, str]) -> None:
    typed = {"wage": " ３，５００．００ 元", "size": "４", "standard": "800 元", "other_income": "0"}
    assert "2975.04" in words(client.post("/", data=ali | typed).text)
    assert number_text("1,234,567.5") == "1234567.5"
    assert number_text("1,5") == "1,5"


def test_an_ambiguous_place_is_chosen_without_script(client: FlaskClient, ali: dict[str, str]) -> None:
    asked = client.post("/", data=ali | {"region": "朝阳"})
    assert 'name="region_pick" value="110105"' in asked.text
    chosen = client.post("/", data=ali | {"region": "朝阳", "region_for": "朝阳", "region_pick": "110105"})
    assert chosen.status_code == 200
    changed_mind = client.post(
        "/", data=ali | {"region": "苏州", "region_for": "朝阳", "region_pick": "110105"}
    )
    assert "江苏省养老保险缴费标准" in changed_mind.text


def test_every_place_can_be_picked(library: Library, ali: dict[str, str]) -> None:
    divisions = library.divisions
    for code in ("530925", "110101", "341202", "320000"):
        name = divisions.full_name(code)
        picked = {"dibao_region": name, "dibao_region_for": name, "dibao_region_pick": code}
        filled = read_form(ali | picked, divisions, TODAY, speak("zh_Hans"))
        assert filled.case is not None and filled.case.dibao_region == code


def test_more_about_my_family(library: Library, ali: dict[str, str]) -> None:
    more = {
        "base_wage": "3,000",
        "employment": "dispatched",
        "earner3_wage": "2000",
        "earner3_region": "合肥",
        "earner3_insured": "no",
        "ill": "1",
        "single_parent": "1",
        "new_job_since": "2026年5月1日",
        "reported": "no",
        "fund_rate": "5%",
        "injury_class": "2",
        "cash_in_lieu": "300",
        "supporter2_income": "8000",
        "supporter2_size": "3",
        "on": "2026/9/1",
    }
    case = read_form(ali | more, library.divisions, TODAY, speak("zh_Hans")).case
    assert case is not None
    first, second = case.household.earners
    assert (first.base_wage, first.employment, first.injury_class) == (300_000, "dispatched", 2)
    assert (first.housing_fund_rate, first.cash_in_lieu, first.reported) == (50_000, 30_000, False)
    assert (second.wage, second.region, second.insured) == (200_000, "340100", False)
    assert case.household.severely_ill == 1 and case.household.single_parent
    assert case.household.supporters[0].income == 800_000
    assert (first.new_job_since, case.on) == (date(2026, 5, 1), date(2026, 9, 1))


@pytest.mark.parametrize(
    ("kind", "net", "insured"), [("gross", False, True), ("net", True, True), ("net_uninsured", True, False)]
)
def test_take_home_or_gross(
    library: Library, ali: dict[str, str], kind: str, net: bool, insured: bool
) -> None:
    case = read_form(ali | {"wage_kind": kind}, library.divisions, TODAY, speak("zh_Hans")).case
    assert case is not None
    assert (case.household.earners[0].wage_is_net, case.household.earners[0].insured) == (net, insured)


@pytest.mark.parametrize(
    ("locale", "tag", "title"),
    [
        ("zh_Hans", "zh-Hans", "交社保，低保还有没有？"),
        ("zh_Hant", "zh-Hant", "交社保，低保還有沒有？"),
        ("en", "en", "Insured: is our dibao still there?"),
    ],
)
def test_three_languages(client: FlaskClient, ali: dict[str, str], locale: str, tag: str, title: str) -> None:
    if locale != "zh_Hans" and speak(locale)("依据") == "依据":
        pytest.skip("catalogues are not compiled")
    for page in (client.get(f"/?lang={tag}"), client.get("/", headers={"Accept-Language": tag})):
        assert f'<html lang="{tag}">' in page.text and title in page.text
    for path in ("/", "/report", *DOCUMENTS):
        assert client.post(f"{path}?lang={tag}", data=ali).status_code == 200


def test_the_switch_keeps_what_was_typed_and_scolds_nobody(client: FlaskClient) -> None:
    page = client.post("/?lang=en", data={"switch": "1", "wage": "3500"})
    assert page.status_code == 200
    assert 'value="3500"' in page.text and not error_at(page.text, "size")


@pytest.mark.parametrize("locale", [each for each in LOCALES if each != "zh_Hans"])
def test_every_sentence_of_the_page_has_a_translation(locale: str) -> None:
    say = speak(locale)
    if say("依据") == "依据":
        pytest.skip("catalogues are not compiled")
    if locale == "en":
        assert not [text for text in HEADLINES.values() if say(text) == text]


@pytest.mark.parametrize("path", ["/", "/result", "/report", *DOCUMENTS])
def test_headers_and_no_cookies(client: FlaskClient, ali: dict[str, str], path: str) -> None:
    reply = client.post(path, data=ali)
    assert reply.status_code == 200
    assert "Set-Cookie" not in reply.headers
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe-inline" not in policy
    if reply.mimetype == "text/html":
        assert not re.search(
            r"<script(?![^>]*src=)|\son\w+=|\sstyle=|https?://(?!www\.w3\.org)", reply.text.lower()
        )


def test_documents(client: FlaskClient, ali: dict[str, str]) -> None:
    for path in ("/report.pdf", "/note.pdf"):
        assert client.post(path, data=ali).data.startswith(b"%PDF")
    picture = client.post("/report.png", data=ali)
    assert struct.unpack(">II", picture.data[16:24])[1] > 2000  # the pages one below another
    assert client.post("/note.png", data=ali).headers["Content-Disposition"].startswith("attachment")
    assert client.post("/report.pdf", data=ali | {"wage": "x"}).status_code == 400
    for path in ("/report", *DOCUMENTS):
        assert client.get(path).location == "/"


def test_an_old_link_shows_what_changed(client: FlaskClient, ali: dict[str, str]) -> None:
    old = {"as_of": "2025-03-01", "was_on": "2025-03-01", "sha": "0" * 64}
    page = words(client.post("/result", data=ali | old).text)
    assert "这是以前算的结果（2025-03-01）" in page and "资料库后来改过" in page


def test_live_result_lists_what_is_missing(client: FlaskClient) -> None:
    page = client.post("/result", data={"region": "朝阳", "wage": "3500"}).text
    assert 'data-field="size" data-missing' in page
    assert 'data-pick="110105" data-for="region"' in page


@pytest.mark.parametrize(
    "junk",
    [
        {"wage": "9" * 5000, "region": "\x00\ud7ff", "size": "٣"},
        {"earner10_wage": "1", "earner11_wage": "1", "constructor": "1"},
        {"region_pick": "999999", "region_for": "x", "region": "x"},
        {"on": "9999-99-99", "as_of": "x", "was_on": "x"},
        {"dibao": "yes", "area": "moon", "employment": "boss", "on_book": "perhaps", "wage_kind": "both"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/result", "/report.pdf"])
def test_junk_is_never_a_server_error(
    client: FlaskClient, ali: dict[str, str], junk: dict[str, str], path: str
) -> None:
    assert client.post(path, data=ali | junk).status_code < 500


def test_too_large_a_form(client: FlaskClient) -> None:
    assert client.post("/", data={"wage": "1" * 70_000}).status_code == 413
