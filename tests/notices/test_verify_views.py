"""The page on which anybody checks the file that they hold: nothing about anybody, and no file that harms the server."""

from __future__ import annotations

import io
import re
import threading
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from seal_samples import CASE, COMPANY, NOON, sample
from test_verifying import a_text_on_the_page, junk_after_the_end

from audit.case_chain import short_code
from notices import isolated, pdf_seal
from notices.isolated import Busy, inspect_apart
from notices.pdf_seal import Inspection, inspect
from notices.verify_views import LARGEST, UPLOADS_A_MINUTE, VerifyPages, create_blueprint
from notices.verifying import Known, Trust
from web_calc import languages

PERSONAL = ("阿丽", "A0007", "药钱", CASE, COMPANY, "objected")


class Register:
    """A register of one file."""

    def __init__(self) -> None:
        self.with_copy = True
        self.fails = False

    @property
    def trust(self) -> Trust:
        return sample(True).known.trust

    def known(self, sha256: str) -> Known | None:
        if self.fails:
            raise RuntimeError("阿丽")
        if sha256 != sample(True).file.sha256:
            return None
        pdf = sample(True).file.pdf if self.with_copy else b""
        return replace(sample(True).known, pdf=pdf)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def register() -> Register:
    return Register()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(register: Register, clock: Clock) -> FlaskClient:
    app = Flask("plant", static_folder=None)
    app.register_blueprint(create_blueprint(VerifyPages(register=register, languages=languages, clock=clock)))
    return app.test_client()


def states(told: Any) -> dict[str, str]:
    return {line["key"]: line["state"] for line in told["lines"]}


def send(client: FlaskClient, pdf: bytes, **form: str) -> Any:
    """As a browser sends a form; the test client's own way leaves a large file open."""
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in form.items()
    ]
    head = '--x\r\nContent-Disposition: form-data; name="file"; filename="阿丽.pdf"\r\n\r\n'.encode()
    body = b"".join(parts) + head + pdf + b"\r\n--x--\r\n"
    return client.post("/verify", data=body, content_type="multipart/form-data; boundary=x")


def marks(page: str) -> list[str]:
    return re.findall(r'<li class="(\w+)">', page)


# -- By hash -----------------------------------------------------------------------------------------------------------


def test_a_hash_is_looked_up(client: FlaskClient) -> None:
    answer = client.get(f"/verify/{sample(True).file.sha256}")
    told = answer.get_json()
    assert states(told) == dict.fromkeys(("hash", "seal", "intact", "whole", "timestamp", "chain"), "ok")
    assert told["known"] and told["good"] and told["sealed_at"] == "2026-11-20 12:00:04"
    assert told["summary"] == "6 项对得上，0 项对不上，0 项没有查。"
    assert all(line["not_proven"] for line in told["lines"])


def test_without_a_copy_the_hash_and_the_chain_are_checked(client: FlaskClient, register: Register) -> None:
    register.with_copy = False
    told = client.get(f"/verify/{sample(True).file.sha256}").get_json()
    assert states(told)["hash"] == states(told)["chain"] == "ok" and states(told)["seal"] == "unchecked"


def test_a_hash_that_nobody_knows(client: FlaskClient) -> None:
    told = client.get(f"/verify/{'0' * 64}").get_json()
    assert not told["known"] and not told["good"] and told["sealed_at"] == ""
    assert states(told)["hash"] == "failed" and states(told)["chain"] == "unchecked"


@pytest.mark.parametrize("path", ["0" * 63, "0" * 65, "g" * 64, "A" * 64, "%00", "阿丽"])
def test_what_is_no_hash(client: FlaskClient, path: str) -> None:
    assert client.get(f"/verify/{path}").status_code == 400


def test_the_code_in_her_hand(client: FlaskClient) -> None:
    made = sample(True)
    code = short_code(made.file.sha256, made.links[3].hash)
    address = f"/verify/{made.file.sha256}"
    assert states(client.post(address, data={"code": f" {code.lower()} "}).get_json())["code"] == "ok"
    assert states(client.post(address, data={"code": "0000-0000-0000"}).get_json())["code"] == "failed"
    assert states(client.post(address, data={"code": "x" * 4000}).get_json())["code"] == "failed"
    assert "code" not in states(client.post(address, data={"code": "  "}).get_json())


# -- A file that is sent -----------------------------------------------------------------------------------------------


def test_a_file_is_sent_and_not_kept(client: FlaskClient) -> None:
    page = send(client, sample(True).file.pdf).get_data(as_text=True)
    assert marks(page) == ["ok"] * 6 and "6 项对得上" in page


@pytest.mark.parametrize(
    ("alter", "expected"),
    [
        (junk_after_the_end, ["failed", "ok", "ok", "failed", "ok", "unchecked"]),
        (a_text_on_the_page, ["failed", "ok", "failed", "failed", "ok", "unchecked"]),
        (lambda pdf: b"GIF89a", ["failed"] * 4 + ["unchecked"] * 2),
    ],
)
def test_an_altered_file_is_read_apart(client: FlaskClient, alter: Any, expected: list[str]) -> None:
    page = send(client, alter(sample(True).file.pdf)).get_data(as_text=True)
    assert marks(page) == expected


def test_what_cannot_be_checked_is_said(client: FlaskClient, register: Register) -> None:
    for answer, status, said in (
        (client.post("/verify"), 400, "还没有选文件"),
        (send(client, b""), 400, "还没有选文件"),
        (send(client, bytes(LARGEST + 1)), 413, "超过 5 MB"),
        (send(client, bytes(LARGEST + 100_000)), 413, "超过 5 MB"),
    ):
        assert answer.status_code == status
        page = answer.get_data(as_text=True)
        assert said in page and not marks(page) and "没有查成" in page
    register.fails = True
    answer = send(client, sample().file.pdf)
    assert answer.status_code == 500 and "没有查成，过一会儿再试" in answer.get_data(as_text=True)
    answer = client.get(f"/verify/{'0' * 64}")
    assert answer.status_code == 500 and "过一会儿再试" in answer.get_json()["error"]


def test_nobody_asks_without_end(client: FlaskClient, clock: Clock) -> None:
    for _ in range(UPLOADS_A_MINUTE):
        assert client.post("/verify").status_code == 400
    answer = client.post("/verify")
    assert answer.status_code == 429 and answer.headers["Retry-After"] == "61"
    assert client.get(f"/verify/{'0' * 64}").status_code == 200
    clock.now = 61
    assert client.post("/verify").status_code == 400
    for _ in range(299):
        client.get("/verify/0")
    assert client.get("/verify/0").status_code == 400
    assert client.get("/verify/0").status_code == 429


def test_nothing_about_anybody_is_shown(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    made = sample(True)
    told = (
        client.get(f"/verify/{made.file.sha256}").get_data(as_text=True)
        + send(client, made.file.pdf).get_data(as_text=True)
        + caplog.text
    )
    for personal in PERSONAL:
        assert personal not in told


def test_an_error_is_logged_without_its_words(
    client: FlaskClient, register: Register, caplog: pytest.LogCaptureFixture
) -> None:
    register.fails = True
    send(client, sample().file.pdf)
    client.get(f"/verify/{'0' * 64}")
    assert caplog.text.count("RuntimeError") == 2 and "阿丽" not in caplog.text


@pytest.mark.parametrize("path", ["/verify", f"/verify/{'0' * 64}", "/assets/verify/verify.js"])
def test_headers(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    answer.close()
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers
    assert ("immutable" in answer.headers["Cache-Control"]) == path.startswith("/assets")


def test_the_page_has_no_script_of_its_own(client: FlaskClient) -> None:
    page = client.get("/verify").get_data(as_text=True)
    assert not re.search(r"<script(?![^>]* src=)|\son\w+=|\sstyle=", page)


# -- Apart -------------------------------------------------------------------------------------------------------------


def bomb() -> bytes:
    """A small PDF whose table of objects unpacks into a gigabyte."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(2**20)) for _ in range(1024)) + packer.flush()
    head = b"%PDF-1.5\n"
    table = (
        b"1 0 obj\n<</Type/XRef/Size 2/W[1 2 1]/Root 2 0 R/Filter/FlateDecode/Length %d>>\nstream\n"
        % len(packed)
        + packed
        + b"\nendstream\nendobj\n"
    )
    return head + table + b"startxref\n%d\n%%%%EOF" % len(head)


def test_apart_is_told_the_same() -> None:
    made = sample(True)
    trust = made.known.trust
    for pdf in (made.file.pdf, junk_after_the_end(made.file.pdf), made.unsealed, b"", b"%PDF-1.7\n"):
        assert inspect_apart(pdf, trust, None) == inspect(pdf, trust.seals, trust.timestamps, None)
    late = NOON + timedelta(days=9000)
    assert not inspect_apart(made.file.pdf, trust, late).trusted


def test_a_file_that_unpacks_without_end_ends_its_own_process_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    data = bomb()
    assert len(data) < LARGEST
    assert inspect_apart(data, sample().known.trust, None) == Inspection()


def test_a_process_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for child in ("import time; time.sleep(60)", "raise SystemExit(3)", "print('no JSON')"):
        monkeypatch.setattr(isolated, "_CHILD", child)
        monkeypatch.setattr(isolated, "SECONDS", 0.5)
        assert inspect_apart(b"%PDF-", Trust(), None) == Inspection()


def test_only_so_many_at_a_time(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "_places", threading.BoundedSemaphore(1))
    isolated._places.acquire()
    with pytest.raises(Busy):
        inspect_apart(b"", Trust(), None)
    answer = send(client, b"%PDF-1.7")
    assert answer.status_code == 503 and answer.headers["Retry-After"] == "5"
    isolated._places.release()
    assert send(client, b"%PDF-1.7").status_code == 200


def test_the_child_process_in_this_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the other process runs it, its limits left out."""
    made = sample(True)
    question = isolated._question(made.known.trust, NOON) + b"\n" + made.file.pdf

    class Stdin:
        buffer = io.BytesIO(question)

    monkeypatch.setattr(isolated, "_limit", lambda: None)
    monkeypatch.setattr("sys.stdin", Stdin)
    isolated.child()
    assert '"intact": true' in capsys.readouterr().out
    assert pdf_seal.Inspection().readable is False


@pytest.fixture(autouse=True)
def _no_files_left(tmp_path: Path) -> Iterator[None]:
    yield
    assert not list(tmp_path.iterdir())
