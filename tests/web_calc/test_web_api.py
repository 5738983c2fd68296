"""`/api/v1` from outside: the contract's shapes, errors that name the field, and the description held against it all."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

ALI = {
    "region": "320500",
    "dibao_region": "341200",
    "area": "rural",
    "standard_monthly": "800",
    "household": {
        "size": 4,
        "employee_on_book": True,
        "other_income": "0",
        "dibao": "receiving",
        "earners": [{"wage": "3500"}],
    },
}
POSTS = ("/api/v1/calculations", "/api/v1/curves", "/api/v1/exposures")


def test_a_calculation(client: FlaskClient) -> None:
    reply = client.post("/api/v1/calculations", json=ALI)
    assert reply.status_code == 200
    assert reply.json is not None
    assert reply.json["employee_total"] == "524.96"
    assert reply.json["dibao"]["net_cost_to_household"] == {"low": "300.00", "high": "524.96"}


def test_a_curve_has_200_points_and_the_present(client: FlaskClient) -> None:
    curve: dict[str, Any] = client.post("/api/v1/curves", json=ALI | {"up_to": "6000"}).json  # type: ignore[assignment]
    assert len(curve["wages"]) == len(curve["money_insured"]) == 200
    assert curve["wages"][-1] == "6000.00"
    assert curve["here"]["money_insured"] == "3200.00" and curve["here"]["benefit_insured"] == "224.96"
    assert curve["limit"] == "3200.00" and curve["break_even_wage"] == "3724.95"


@pytest.mark.parametrize("up_to", ["99", "x", "10000001", -5, 1.5])
def test_a_curve_that_reaches_nowhere(client: FlaskClient, up_to: object) -> None:
    reply = client.post("/api/v1/curves", json=ALI | {"up_to": up_to})
    assert reply.status_code == 400 and reply.json is not None
    assert reply.json["error"]["field"] == "up_to"


def test_an_exposure(client: FlaskClient) -> None:
    asked = {"region": "320500", "months": [{"month": "2026-08", "wage": "3500"}]}
    reply = client.post("/api/v1/exposures", json=asked)
    assert reply.status_code == 200 and reply.json is not None
    assert reply.json["work_injury"] == "not_computable"


@pytest.mark.parametrize(("text", "first"), [("fuyang", "341200"), ("阜阳", "341200"), ("sz", "")])
def test_regions_by_name_and_pinyin(client: FlaskClient, text: str, first: str) -> None:
    found = client.get("/api/v1/regions", query_string={"q": text}).json["regions"]  # type: ignore[index]
    assert 1 <= len(found) <= 10
    assert not first or found[0]["code"] == first
    assert set(found[0]) == {"code", "name", "full_name", "line"}


def test_what_is_on_record_of_a_line(client: FlaskClient) -> None:
    states = {
        each["code"]: each["line"]
        for text in ("北京", "阜阳")
        for each in client.get("/api/v1/regions", query_string={"q": text}).json["regions"]  # type: ignore[index]
    }
    assert states["341200"] == "unknown"
    assert states["110000"] in ("unified", "stale")


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"wage=3500", "application/x-www-form-urlencoded", 400, "bad_json"),
        (b"{", "application/json", 400, "bad_json"),
        (b"\xff", "application/json", 400, "bad_json"),
        (b"[" * 60_000, "application/json", 400, "bad_json"),
        (b"[]", "application/json", 400, "bad_json"),
        (b"null", "application/json", 400, "bad_json"),
        (b" " * 70_000, "application/json", 413, "too_large"),
        (b"{}", "application/json", 400, "missing_field"),
        (b'{"\\ud800": NaN}', "application/json", 400, "missing_field"),
    ],
)
def test_what_cannot_be_read(
    client: FlaskClient, path: str, body: bytes, kind: str, status: int, code: str
) -> None:
    reply = client.post(path, data=body, content_type=kind)
    assert reply.status_code == status and reply.json is not None
    assert reply.json["error"]["code"] == code
    assert reply.json["errors"][0] == reply.json["error"]


def test_choices_come_with_an_ambiguous_region(client: FlaskClient) -> None:
    error = client.post("/api/v1/calculations", json=ALI | {"region": "朝阳"}).json["error"]  # type: ignore[index]
    assert error["code"] == "ambiguous_region"
    assert {"code": "110105", "full_name": "北京市朝阳区"} in error["choices"]


def test_an_answer_is_not_many_times_longer_than_its_question(client: FlaskClient) -> None:
    reply = client.post("/api/v1/calculations", json={f"field{number}": 1 for number in range(3000)})
    assert len(reply.data) < 20_000


def test_wrong_method_and_address_are_json(client: FlaskClient) -> None:
    wrong = client.get("/api/v1/calculations")
    assert wrong.status_code == 405 and wrong.json is not None
    assert wrong.json["error"]["code"] == "method_not_allowed"
    assert "POST" in wrong.headers["Allow"]
    assert client.get("/api/v1/nothing").json["error"]["code"] == "not_found"  # type: ignore[index]


def test_messages_in_the_language_asked_for(client: FlaskClient) -> None:
    reply = client.post("/api/v1/calculations", json={}, headers={"Accept-Language": "en"})
    assert reply.json is not None
    message = reply.json["error"]["message"]
    assert message in ("This must be filled in", "这一项要填")  # the latter where catalogues are not compiled


def test_the_description_holds(app: Flask) -> None:
    """Sampled by schemathesis. Whether valid data is always taken is left out: JSON Schema cannot say that a name is
    a region's or that a household is not smaller than its earners."""
    schemathesis = pytest.importorskip("schemathesis")
    from hypothesis import HealthCheck, Phase, given, seed, settings
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)

    @seed(20261015)
    @settings(
        max_examples=8,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case: Any) -> None:
        case.call_and_validate(excluded_checks=[positive_data_acceptance])

    for operation in schema.get_all_operations():
        given(case=operation.ok().as_strategy())(check)()
    known = schema["/api/v1/calculations"]["POST"].Case(body=ALI, media_type="application/json")
    assert known.call_and_validate().status_code == 200
