"""Answers are sealed: once each, on real paper with a real seal, which everybody can check; and what an anchor is good for."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from databases import Clock
from plant import ID_NUMBER, PHONE, Plant, environ_of, found_company, settings_of, states, works_there
from seal_samples import Authority, authority, served
from sqlalchemy import delete, select, update
from staffing import HR
from talking import together

from app.cli import main
from notices.answering import NotDone, Visitor
from notices.bundle import read_bundle, verify_bundle
from notices.self_audit import is_signed, self_audit
from notices.verifying import Known, all_good, verify
from people.employees import Employee
from storage.backup import back_up, restore
from storage.notice_register import REPORTS
from storage.notice_rows import ANSWER
from storage.opening import Storage
from storage.tables import notice_anchors, notice_answers, notice_files, notice_values

pytest_plugins = ["databases"]


@pytest.fixture
def plant(storage: Storage, clock: Clock, url: str, tmp_path: Path) -> Plant:
    found_company(storage)
    return Plant(storage, clock, settings_of(url, tmp_path))


@pytest.fixture
def ali(plant: Plant) -> Employee:
    """阿丽, whose chat in WeCom is tied to her."""
    return plant.chat(works_there(plant.storage, id_number=ID_NUMBER))


@pytest.fixture
def answered(plant: Plant, ali: Employee) -> str:
    """阿丽's notice, to which she had something to say."""
    plant.book.confirm(ali.id, plant.clock().date(), "确认书.pdf", b"%PDF-1.7 a scan", HR)
    plant.issue(ali)
    return plant.respond(ali, "objected", "药钱紧")


def code_in(text: str) -> str:
    (found,) = re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", text)
    return str(found)


def sealed_files(plant: Plant) -> int:
    query = select(notice_files.c.id).where(notice_files.c.kind == "sealed")
    with plant.storage.database.read() as connection:
        return len(connection.execute(query).all())


def verified(
    plant: Plant, path: Path, tmp_path: Path, *options: str
) -> tuple[int, dict[str, dict[str, str]]]:
    """What `shebao notice verify` says of a file, by file and line."""
    environ = environ_of(plant.settings.database.url, tmp_path)
    done = CliRunner().invoke(main, ["notice", "verify", str(path), "--json", *options], env=environ)
    assert done.exit_code in (0, 1), done.output
    told = json.loads(done.stdout)
    return done.exit_code, {
        each["file"]: {line["key"]: line["state"] for line in each["lines"]} for each in told["found"]
    }


# -- Sealing -----------------------------------------------------------------------------------------------------------


def test_an_answer_is_sealed_and_her_copy_comes_with_a_code(
    plant: Plant, ali: Employee, answered: str
) -> None:
    assert plant.answered == [answered]
    plant.seal()
    assert plant.events(answered)[-4:] == ["answered", "task", "sealed", "copy_sent"]
    told = "\n".join(text for _, text in plant.post.sent[-3:])
    known = plant.sealed(answered)
    assert "N-000001" in told and "/verify" in told
    lines = verify(known.pdf, known, code_in(told))
    assert states(lines) == dict.fromkeys(("hash", "seal", "intact", "whole", "chain", "code"), "ok") | {
        "timestamp": "unchecked"
    }
    assert states(verify(known.pdf, known, "0000-0000-0000"))["code"] == "failed"


def test_her_copy_is_the_sealed_file(plant: Plant, ali: Employee, answered: str) -> None:
    plant.seal()
    plant.clock.move(minutes=2)
    ticket = plant.enter(ali)  # by the link of the copy
    assert plant.desk.visit(ticket, PHONE).answer is not None
    copy = plant.desk.file(ticket, PHONE)
    assert copy.pdf == plant.sealed(answered).pdf and copy.name == "告知书 N-000001.pdf"
    assert plant.events(answered)[-1] == "copy_taken"


def test_two_workers_seal_it_once(plant: Plant, answered: str) -> None:
    together([lambda: plant.work.sealer.run(answered), lambda: plant.work.sealer.run_all()])
    assert plant.events(answered).count("sealed") == 1
    assert plant.events(answered).count("copy_sent") == 1
    assert sealed_files(plant) == 1
    plant.work.sealer.run_all()
    assert sealed_files(plant) == 1


def test_what_a_crash_left_is_sealed_by_the_sweep(plant: Plant, answered: str) -> None:
    assert plant.office.health().waiting == 1
    plant.answered.clear()  # the job got lost
    plant.work.sealer.run_all()
    assert plant.events(answered)[-2:] == ["sealed", "copy_sent"]
    assert plant.office.health().waiting == 0


def test_without_a_key_the_answer_stands_and_waits(
    plant: Plant, answered: str, caplog: pytest.LogCaptureFixture
) -> None:
    key = plant.settings.keys.path / "seal.key"
    key.rename(key.with_suffix(".away"))
    plant.seal()
    assert "was not sealed" in caplog.text and "阿丽" not in caplog.text
    assert plant.events(answered)[-1] == "task"
    assert plant.office.health().waiting == 1
    key.with_suffix(".away").rename(key)
    plant.work.sealer.run_all()
    assert plant.events(answered)[-1] == "copy_sent"


def test_a_silent_notice_is_sealed_too_and_nobody_gets_a_copy(plant: Plant, ali: Employee) -> None:
    plant.issue(ali)
    notice = plant.notice(ali)
    plant.clock.time = plant.clock.time.replace(day=23)
    plant.send()
    said = len(plant.post.sent)
    plant.work.sealer.run_all()
    plant.deliver()
    assert plant.events(notice)[-3:] == ["silent", "task", "sealed"]
    assert len(plant.post.sent) == said
    known = plant.sealed(notice)
    assert all_good(verify(known.pdf, known))
    case = plant.office.open(notice, HR)
    assert case is not None and (case.notice.state, case.seal["chain"], case.seal["file"]) == (
        "silent",
        None,
        True,
    )


def test_a_refusal_without_a_signature_is_sealed_with_her_own_words(plant: Plant, ali: Employee) -> None:
    plant.issue(ali)
    notice = plant.respond(ali, "refused", "工资太少，我不签")
    plant.seal()
    known = plant.sealed(notice)
    assert all_good(verify(known.pdf, known)) and plant.events(notice)[-1] == "copy_sent"
    case = plant.office.open(notice, HR)
    assert case is not None and case.spoken is not None and case.spoken.statement == "工资太少，我不签"


def test_what_was_flagged_is_told_before_the_answer_and_so_stands_in_the_file(
    plant: Plant, ali: Employee
) -> None:
    plant.issue(ali)
    notice = plant.respond(ali, seconds=5)
    assert plant.events(notice)[-2:] == ["flagged", "answered"]
    material = plant.work.sealer._store.material(notice)
    assert material is not None and [each.data["type"] for each in material.events][-2:] == [
        "flagged",
        "answered",
    ]


# -- Checking ----------------------------------------------------------------------------------------------------------


def test_the_file_and_the_bundle_verify_on_the_command_line(
    plant: Plant, answered: str, tmp_path: Path
) -> None:
    plant.seal()
    code = code_in("\n".join(text for _, text in plant.post.sent[-3:]))
    pdf, zipped = tmp_path / "告知书.pdf", tmp_path / "证据.zip"
    pdf.write_bytes(plant.sealed(answered).pdf)
    bundle = plant.office.bundle(answered, HR)
    assert bundle is not None and bundle.name == "N-000001.zip"
    zipped.write_bytes(bundle.data)
    status, told = verified(plant, pdf, tmp_path, "--code", code)
    assert status == 0 and set(told["告知书.pdf"].values()) == {"ok", "unchecked"}
    pinned = ("--code", code, "--key", plant.public.hex(), "--certificate", plant.fingerprint)
    status, told = verified(plant, zipped, tmp_path, *pinned)
    assert status == 0 and told[""] == {"files": "ok", "keys": "ok"}
    pdf.write_bytes(pdf.read_bytes() + b"\n")
    status, told = verified(plant, pdf, tmp_path)
    assert status == 1 and told["告知书.pdf"]["hash"] == "failed"


def test_the_bundle_holds_the_confirmation_and_no_secret_of_her_phone(plant: Plant, answered: str) -> None:
    plant.seal()
    bundle = plant.office.bundle(answered, HR)
    assert bundle is not None
    assert plant.events(answered)[-1] == "exported"
    exported = plant.chain(answered)[-1].data["data"]["sha256"]
    assert exported == hashlib.sha256(bundle.data).hexdigest()
    read = read_bundle(bundle.data)
    assert all(all_good(lines) for _, lines in verify_bundle(read))
    (file,) = read.sealed
    committed = {name for link in file.known.links for name in link.committed}
    assert {"name", "number", "statement"} <= committed
    assert not {"browser", "strokes"} & committed
    assert PHONE.browser.encode() not in bundle.data


def test_a_case_that_tells_of_dibao_gives_no_bundle_without_a_reason(plant: Plant, ali: Employee) -> None:
    plant.issue(ali)
    notice = plant.respond(ali, "objected", "我家吃低保，药钱紧")
    plant.seal()
    assert plant.office.bundle(notice, HR) is None
    assert plant.office.bundle(notice, HR, "仲裁要用") is None  # no right to see it
    assert plant.office.bundle(notice, HR, may_dibao=True) is None  # no reason
    assert "exported" not in plant.events(notice)
    bundle = plant.office.bundle(notice, HR, "仲裁要用", may_dibao=True)
    assert bundle is not None
    assert all(all_good(lines) for _, lines in verify_bundle(read_bundle(bundle.data)))
    assert plant.events(notice)[-2:] == ["unmasked", "exported"]


def test_a_case_that_is_not_sealed_yet_gives_none(plant: Plant, answered: str) -> None:
    assert plant.office.bundle(answered, HR) is None


def test_a_row_that_somebody_changed_is_found(plant: Plant, answered: str) -> None:
    plant.seal()
    known = plant.sealed(answered)
    with plant.storage.database.work() as connection:
        if plant.storage.database.dialect == "sqlite":
            for (name,) in connection.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'notice_events'"
            ).all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql(
            "UPDATE notice_events SET body = replace(body, 'objected', 'acknowledged') WHERE type = 'answered'"
        )
    after = plant.register.known(hashlib.sha256(known.pdf).hexdigest())
    assert after is not None and states(verify(after.pdf, after))["chain"] == "failed"
    case = plant.office.open(answered, HR)
    assert case is not None and case.seal["chain"] is not None


# -- Time stamps -------------------------------------------------------------------------------------------------------


@pytest.fixture
def stamping(plant: Plant, url: str, tmp_path: Path) -> Iterator[tuple[Plant, Authority]]:
    """The plant with a time-stamp service behind HTTP."""
    service, roots = authority(), tmp_path / "timestamps.pem"
    roots.write_bytes(x509.load_der_x509_certificate(service.root).public_bytes(Encoding.PEM))
    service.mode = "good"
    with served(service) as address:
        settings = settings_of(
            url,
            tmp_path,
            SHEBAO__NOTICES__TIMESTAMP_URL=address,
            SHEBAO__NOTICES__TIMESTAMP_CERTIFICATES=str(roots),
        )
        yield Plant(plant.storage, plant.clock, settings), service
    service.mode = "good"


def test_a_time_stamp_is_in_the_seal_where_the_service_answers(
    stamping: tuple[Plant, Authority], ali: Employee, tmp_path: Path
) -> None:
    plant, _ = stamping
    plant.issue(ali)
    notice = plant.respond(ali)
    plant.seal()
    known = plant.sealed(notice)
    assert states(verify(known.pdf, known))["timestamp"] == "ok" and not known.token
    roots = {"SHEBAO__NOTICES__TIMESTAMP_CERTIFICATES": str(tmp_path / "timestamps.pem")}
    assert made_anew(plant, known, tmp_path, **roots)[1]["rederived"] == "ok"
    sealed = next(each.data["data"] for each in plant.chain(notice) if each.data["type"] == "sealed")
    assert (sealed["level"], sealed["timestamp"]) == ("B-T", "ok")


def test_a_time_stamp_that_was_not_to_be_had_comes_later(
    stamping: tuple[Plant, Authority], ali: Employee
) -> None:
    plant, service = stamping
    plant.issue(ali)
    notice = plant.respond(ali)
    service.mode = "broken"
    plant.seal()
    known = plant.sealed(notice)
    lines = verify(known.pdf, known)
    assert states(lines)["timestamp"] == "unchecked" and all_good(lines)
    assert plant.office.health().waiting == 1
    plant.work.sealer.run_all()  # still down
    assert "timestamped" not in plant.events(notice)
    service.mode = "good"
    together([plant.work.sealer.run_all, plant.work.sealer.run_all])
    assert plant.events(notice).count("timestamped") == 1
    assert plant.office.health().waiting == 0
    known = plant.sealed(notice)
    lines = verify(known.pdf, known)
    assert states(lines)["timestamp"] == "ok" and known.token
    bundle = plant.office.bundle(notice, HR)
    assert bundle is not None
    (_, (_, lines)) = verify_bundle(read_bundle(bundle.data))
    assert states(lines)["timestamp"] == "ok"


# -- Anchors -----------------------------------------------------------------------------------------------------------


def test_an_anchor_is_made_once_a_day_and_stands_in_the_file_of_the_day(plant: Plant, answered: str) -> None:
    plant.seal()
    together([lambda: plant.register.anchor(None), lambda: plant.register.anchor(None)])
    plant.clock.move(hours=1)
    plant.book.hold(answered, "仲裁", HR)
    assert plant.register.anchor(None) is None
    folder = plant.settings.keys.path.with_name("keys-anchors")
    assert [path.name for path in folder.iterdir()] == ["2026-10-15.jsonl"]
    plant.clock.move(days=1)
    plant.work.audit()
    assert sorted(path.name for path in folder.glob("*.jsonl")) == ["2026-10-15.jsonl", "2026-10-16.jsonl"]
    with plant.storage.database.read() as connection:
        assert len(connection.execute(select(notice_anchors)).all()) == 2
    known = plant.sealed(answered)
    lines = verify(known.pdf, known)
    assert [line.state for line in lines if line.key == "anchor"] == ["ok", "ok"]
    (report,) = (folder / REPORTS).read_text().splitlines()
    assert is_signed(report, plant.public) and json.loads(report)["found"] == 0
    health = plant.office.health()
    assert (health.audited_at, health.audit_wrong) == (plant.clock(), 0)


def test_a_database_that_was_put_back_is_found_through_the_anchor(
    plant: Plant, ali: Employee, answered: str, tmp_path: Path
) -> None:
    """What was posted is undone by restoring the evening before, which has the key's own signatures."""
    storage = plant.storage
    plant.seal()
    plant.register.anchor(None)
    before = plant.sealed(answered)
    back_up(storage.database, tmp_path / "evening.zip", plant.clock())
    plant.book.note_step(answered, "posted", {"number": "EMS123"}, HR)
    plant.clock.move(days=1)
    plant.register.anchor(None)
    restore(storage.database, tmp_path / "evening.zip", storage.journal, force=True)
    assert plant.events(answered)[-1] == "copy_sent"  # whole as it looks
    known = plant.sealed(answered)
    assert known.pdf == before.pdf
    lines = verify(known.pdf, known)
    assert states(lines)["chain"] == "failed"
    assert [line.state for line in lines if line.key == "anchor"] == ["failed", "ok"]  # the latest one first
    report = self_audit(plant.register, plant.register.trust, plant.clock())
    assert {finding.what for finding in report.findings} >= {"chain", "anchor_file"}


def test_a_case_that_was_taken_out_whole_is_missed(plant: Plant, ali: Employee, tmp_path: Path) -> None:
    storage = plant.storage
    back_up(storage.database, tmp_path / "morning.zip", plant.clock())
    plant.issue(ali)
    notice = plant.respond(ali, "refused", "不签")
    plant.seal()
    plant.register.anchor(None)
    restore(storage.database, tmp_path / "morning.zip", storage.journal, force=True)
    report = self_audit(plant.register, plant.register.trust, plant.clock())
    assert [(each.what, each.case) for each in report.findings if each.what == "gone"] == [("gone", notice)]


def test_an_anchor_whose_file_was_changed_is_no_anchor(plant: Plant, answered: str) -> None:
    plant.seal()
    plant.register.anchor(None)
    folder = plant.settings.keys.path.with_name("keys-anchors")
    (path,) = folder.glob("*.jsonl")
    path.write_text(path.read_text().replace('",', '0",', 1))
    report = self_audit(plant.register, plant.register.trust, plant.clock())
    assert [each.what for each in report.findings] == ["anchor_file"]
    shutil.rmtree(folder)
    report = self_audit(plant.register, plant.register.trust, plant.clock())
    assert [each.what for each in report.findings] == ["anchor_file"]


def test_a_link_does_not_take_the_copy_of_somebody_elses_notice(
    plant: Plant, ali: Employee, answered: str
) -> None:
    plant.seal()
    plant.clock.move(minutes=2)
    ticket = plant.enter(ali)
    with pytest.raises(NotDone):
        plant.desk.file(ticket, Visitor("another browser", "203.0.113.9", "a computer"))


# -- Made anew ---------------------------------------------------------------------------------------------------------


def made_anew(
    plant: Plant, known: Known, tmp_path: Path, **environ: str
) -> tuple[int, dict[str, str], dict[str, dict[str, str]], str]:
    """What `shebao notice verify --rederive` says: its status, the lines' states, the parts by key, and the text."""
    path, given = tmp_path / "N-000001.pdf", environ_of(plant.settings.database.url, tmp_path) | environ
    path.write_bytes(known.pdf)
    command = ["notice", "verify", str(path), "--rederive"]
    told, text = (CliRunner().invoke(main, [*command, *more], env=given) for more in (["--json"], []))
    assert told.exit_code == text.exit_code
    data = json.loads(told.stdout)
    (found,) = data["found"]
    lines = {line["key"]: line["state"] for line in found["lines"]}
    return told.exit_code, lines, {each["key"]: each for each in data.get("rederived", ())}, text.output


def test_a_sealed_file_is_made_anew_from_what_is_kept(plant: Plant, answered: str, tmp_path: Path) -> None:
    plant.seal()
    status, lines, parts, text = made_anew(plant, plant.sealed(answered), tmp_path)
    assert (status, lines["rederived"]) == (0, "ok")
    assert {key: each["state"] for key, each in parts.items()} == {
        "content": "ok",
        "answer": "ok",
        "events": "ok",
        "frame": "unchecked",
        "file": "ok",
    }
    assert "重新排用的是这些" in text and "https://shebao.example" in parts["frame"]["says"]
    assert not [word for word in ("阿丽", "药钱", ID_NUMBER) if word in text]


def test_a_notice_that_nobody_answered_is_made_anew(plant: Plant, ali: Employee, tmp_path: Path) -> None:
    plant.issue(ali)
    silent = plant.notice(ali)
    plant.clock.time = plant.clock.time.replace(day=23)
    plant.send()
    plant.work.sealer.run_all()
    status, lines, parts, _ = made_anew(plant, plant.sealed(silent), tmp_path)
    assert (status, lines["rederived"], parts["answer"]["state"]) == (0, "ok", "ok")


def test_an_answer_that_was_altered_afterwards_is_named(plant: Plant, answered: str, tmp_path: Path) -> None:
    """Whoever holds the keys can write another answer under the same notice, but not into the chain."""
    plant.seal()
    keys, place = plant.storage.keys, f"{ANSWER}:{answered}"
    with plant.storage.database.work() as connection:
        row = connection.execute(select(notice_answers)).one()
        body = keys.box(ANSWER, row.key_id).open_json(place, row.body) | {"statement": "没有意见"}
        other = {"key_id": row.key_id, "body": keys.box(ANSWER, row.key_id).seal_json(place, body)}
        connection.execute(update(notice_answers).values(**other))
    status, lines, parts, text = made_anew(plant, plant.sealed(answered), tmp_path)
    assert (status, lines["rederived"]) == (1, "failed")
    assert {lines[each] for each in ("hash", "seal", "intact", "whole", "chain")} == {"ok"}
    assert parts["answer"]["says"] == "和链里记的不一样：意见。" and parts["content"]["state"] == "ok"
    assert parts["file"]["state"] == "failed" and "没有意见" not in text and "不能当原样的用" in text


def test_what_no_chain_holds_is_told_apart_from_what_was_altered(
    plant: Plant, answered: str, tmp_path: Path
) -> None:
    plant.seal()
    moved = {"SHEBAO__SERVER__PUBLIC_URL": "https://another.example"}
    status, lines, parts, _ = made_anew(plant, plant.sealed(answered), tmp_path, **moved)
    assert (status, lines["rederived"]) == (1, "failed")
    assert [parts[each]["state"] for each in ("content", "answer", "frame")] == ["ok", "ok", "unchecked"]
    assert "内容和回应都对得上" in parts["file"]["says"] and "another.example" in parts["frame"]["says"]


def test_what_is_erased_cannot_be_made_anew(plant: Plant, answered: str, tmp_path: Path) -> None:
    plant.seal()
    known = plant.sealed(answered)
    with plant.storage.database.work() as connection:
        connection.execute(delete(notice_values))
    status, _, parts, _ = made_anew(plant, known, tmp_path)
    assert (status, parts["answer"]["state"]) == (0, "unchecked")
    assert "意见、签名" in parts["answer"]["says"]


def test_what_cannot_be_opened_is_said_in_one_line(
    plant: Plant, ali: Employee, answered: str, tmp_path: Path
) -> None:
    chun = plant.chat(works_there(plant.storage, "A0035", "小春", id_number=ID_NUMBER))
    plant.issue(chun)
    other = plant.respond(chun, seed=2)
    plant.seal()
    (tmp_path / "N-000002.pdf").write_bytes(plant.sealed(other).pdf)
    with plant.storage.database.work() as connection:
        broken = update(notice_answers).where(notice_answers.c.notice == other)
        connection.execute(broken.values(body=bytes(64)))
    command = ["notice", "verify", str(tmp_path / "N-000002.pdf"), "--rederive"]
    done = CliRunner().invoke(main, command, env=environ_of(plant.settings.database.url, tmp_path))
    assert done.exit_code == 2 and done.output.count("\n") == 1 and "cannot be opened" in done.output


def test_only_a_file_of_this_database_is_made_anew(plant: Plant, answered: str, tmp_path: Path) -> None:
    plant.seal()
    known = plant.sealed(answered)
    strange = replace(known, pdf=known.pdf + b"\n")
    status, lines, parts, _ = made_anew(plant, strange, tmp_path)
    assert (status, lines["rederived"], parts) == (1, "unchecked", {})
    (tmp_path / "bundle.zip").write_bytes(b"PK\x03\x04")
    elsewhere = environ_of(f"sqlite:///{tmp_path / 'nothing.db'}", tmp_path)
    for file in ("bundle.zip", "N-000001.pdf"):
        done = CliRunner().invoke(
            main, ["notice", "verify", str(tmp_path / file), "--rederive"], env=elsewhere
        )
        assert done.exit_code == 2 and "--rederive: needs" in done.output
