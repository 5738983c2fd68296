"""The page compares like with like: insured and not, inside each reading; and leaves out what it cannot know."""

from __future__ import annotations

import re

from flask.testing import FlaskClient


def page(client: FlaskClient, form: dict[str, str]) -> str:
    return client.post("/", data=form).get_data(as_text=True)


def verdicts(html: str) -> list[str]:
    return re.findall(r'class="cell (within|over|over_before|depends|unknown)"', html)


def test_where_the_tax_matters_both_readings_stand_for_both_columns(
    client: FlaskClient, beijing: dict[str, str]
) -> None:
    """5510 for three: by the national reading inside either way, not deducted over either way."""
    html = page(client, beijing | {"wage": "5510"})
    assert 'class="table cols4"' in html
    assert verdicts(html) == ["within", "over", "within", "over"]


def test_an_income_range_says_which_end_the_table_stands_on(client: FlaskClient, ali: dict[str, str]) -> None:
    html = page(client, ali | {"other_income_high": "500"})
    assert "表和图按别人挣 0.00 元算。" in html
    assert "别人挣得少时也有 3500.00 元，超线" in html
    assert verdicts(html) == ["within", "over_before", "over_before"]


def test_a_book_that_is_the_parents_gets_no_figures_of_dibao(
    client: FlaskClient, ali: dict[str, str]
) -> None:
    html = page(client, ali | {"on_book": "no", "received": "620"})
    assert "从你工资里扣 524.96 元，到手 2975.04 元" in html
    for absent in ("低保补的钱", "民政算的全家收入", "卡上 620", "3200.00"):
        assert absent not in html


def test_a_cost_that_is_not_whole_says_at_least(client: FlaskClient, ali: dict[str, str]) -> None:
    """Wuhu has no medical record."""
    html = page(client, ali | {"region": "芜湖", "wage": "4200", "dibao": "none"})
    assert "至少少 370.09 元" in html


def test_where_the_deduction_is_in_already_no_more_of_it_is_promised(
    client: FlaskClient, beijing: dict[str, str]
) -> None:
    html = page(client, beijing | {"wage": "9000"})
    assert "这里已经减了" in html
    assert "就回到线内" not in html


def test_what_was_typed_is_still_there_after_going_back(client: FlaskClient, ali: dict[str, str]) -> None:
    """The empty page may be kept by the browser, a result never."""
    assert client.get("/").headers["Cache-Control"] == "no-cache"
    assert client.post("/", data=ali).headers["Cache-Control"] == "no-store"


def test_a_wrong_amount_is_named(client: FlaskClient, ali: dict[str, str]) -> None:
    reply = client.post("/", data=ali | {"wage": "三千五", "received": "六百二"})
    html = reply.get_data(as_text=True)
    assert reply.status_code == 400
    assert "工资：请填金额" in html and "打到卡上的钱：请填金额" in html


def test_an_answer_that_is_none_of_the_choices_is_refused_at_its_field(
    client: FlaskClient, ali: dict[str, str]
) -> None:
    for name in ("wage_kind", "on_book", "dibao", "area"):
        reply = client.post("/", data=ali | {name: "x"})
        assert reply.status_code == 400, name
        assert f'href="#{name}"' in reply.get_data(as_text=True)
