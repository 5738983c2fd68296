from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient

from policy_kb.library import Library
from web_calc import create_blueprint

TODAY = date(2026, 10, 15)


@pytest.fixture(scope="session")
def app(library: Library) -> Flask:
    app = Flask("web_calc_alone", static_folder=None)
    app.register_blueprint(create_blueprint(library, lambda: TODAY))
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def ali() -> dict[str, str]:
    """阿丽: works in Suzhou, dibao in rural Fuyang, 3500 before deductions, four on the book, line 800."""
    return {
        "on_book": "yes",
        "region": "苏州",
        "dibao_region": "阜阳",
        "area": "rural",
        "standard": "800",
        "wage": "3500",
        "wage_kind": "gross",
        "size": "4",
        "other_income": "0",
        "dibao": "receiving",
    }


@pytest.fixture
def beijing() -> dict[str, str]:
    """Three people in Beijing on 6000: job and home in the same place, the line on record."""
    return {
        "on_book": "yes",
        "region": "北京",
        "same_place": "1",
        "wage": "6000",
        "wage_kind": "gross",
        "size": "3",
        "other_income": "0",
        "dibao": "receiving",
    }
