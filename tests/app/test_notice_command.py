"""`shebao notice verify` and `shebao keys seal` as they are typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from seal_samples import NOON, SIGNER, own_key, sample

from app import notice_command
from app.cli import main
from app.sealing import open_key, open_timestamper, open_trust, term_warning
from app.settings import Settings, SettingsError, load_settings
from audit.case_chain import short_code
from notices.bundle import Evidence, SealedFile, write_bundle
from notices.seal_keys import SealError
from notices.verifying import Known, Trust
from storage.opening import Storage

Run = Callable[..., Result]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {
        "SHEBAO__DATABASE__URL": f"sqlite:///{tmp_path / 'shebao.db'}",
        "SHEBAO__KEYS__FOLDER": str(tmp_path / "keys"),
    }


@pytest.fixture
def run(environ: dict[str, str]) -> Run:
    def invoke(*arguments: object, **more: str) -> Result:
        return CliRunner().invoke(main, [str(each) for each in arguments], env=environ | more)

    return invoke


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    made = sample()
    one = SealedFile("社会保险缴纳告知书 N-000123", made.file.pdf, made.known)
    data = write_bundle(
        Evidence("某某公司", "社会保险缴纳告知书", "N-000123", NOON, made.known.trust, (one,))
    )
    (tmp_path / "evidence.zip").write_bytes(data)
    return tmp_path / "evidence.zip"


@pytest.fixture
def registered(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation whose register knows the sample."""

    class Register:
        trust = sample().known.trust

        def known(self, sha256: str) -> Known | None:
            return sample().known if sha256 == sample().file.sha256 else None

    assert run("keys", "new").exit_code == 0
    assert run("db", "upgrade").exit_code == 0

    def opened(settings: Settings, storage: Storage) -> Register:
        return Register()

    monkeypatch.setattr(notice_command, "open_register", opened)


# -- A bundle ----------------------------------------------------------------------------------------------------------


def test_a_bundle_needs_no_database(run: Run, bundle: Path, tmp_path: Path) -> None:
    result = run("notice", "verify", bundle)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0].startswith("[对得上] 证据包里的文件")
    assert "社会保险缴纳告知书 N-000123" in lines
    assert result.output.count("不证明：") == 8 and "没有查的，不等于对得上" in lines[-1]
    assert not (tmp_path / "shebao.db").exists()


def test_a_bundle_with_what_is_known_from_elsewhere(run: Run, bundle: Path) -> None:
    code = short_code(sample().file.sha256, sample().links[3].hash)
    right = ("--code", code, "--key", SIGNER.public.hex(), "--certificate", own_key().certificates.sha256)
    result = run("notice", "verify", bundle, "--json", *right)
    told = json.loads(result.stdout)
    assert result.exit_code == 0 and told["ok"]
    assert {line["key"]: line["state"] for each in told["found"] for line in each["lines"]} == dict.fromkeys(
        ("files", "keys", "hash", "seal", "intact", "whole", "chain", "code"), "ok"
    ) | {"timestamp": "unchecked"}
    for wrong in (("--code", "0000-0000-0000"), ("--key", "00"), ("--certificate", "00")):
        result = run("notice", "verify", bundle, *wrong)
        assert result.exit_code == 1 and "[对不上]" in result.output and "不能当原样的用" in result.output


# -- A sealed file -----------------------------------------------------------------------------------------------------


def test_a_sealed_file_is_looked_up(run: Run, registered: None, tmp_path: Path) -> None:
    (tmp_path / "n.pdf").write_bytes(sample().file.pdf)
    result = run("notice", "verify", tmp_path / "n.pdf")
    assert result.exit_code == 0 and result.output.count("[对得上]") == 5
    (tmp_path / "n.pdf").write_bytes(sample().file.pdf + b"\n")
    result = run("notice", "verify", tmp_path / "n.pdf")
    assert result.exit_code == 1 and "没有登记过" in result.output and "没有盖住的部分" in result.output


def test_without_a_database_a_file_is_checked_by_itself(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "n.pdf").write_bytes(sample().file.pdf)
    result = run("notice", "verify", tmp_path / "n.pdf")
    assert result.exit_code == 1 and "不是登记过的" in result.output and "没有登记可以对" in result.output
    assert not (tmp_path / "shebao.db").exists()
    (tmp_path / "shebao.db").touch()
    result = run("notice", "verify", tmp_path / "n.pdf")
    assert result.exit_code == 1 and "run `shebao db upgrade`" in result.stderr
    monkeypatch.setattr(notice_command, "open_trust", lambda settings: sample().known.trust)
    result = run("notice", "verify", tmp_path / "n.pdf")
    assert result.exit_code == 0 and "[没有查] 文件和登记的是不是同一份" in result.output


def test_a_file_sealed_in_this_installation(run: Run, environ: dict[str, str], tmp_path: Path) -> None:
    """The real register: it knows the certificate, and no such file."""
    assert run("keys", "new").exit_code == 0
    assert run("db", "upgrade").exit_code == 0
    assert run("keys", "seal", "--company", "某某公司").exit_code == 0
    from notices.sealing import seal

    key = open_key(load_settings(environ=environ))
    (tmp_path / "n.pdf").write_bytes(seal(sample().unsealed, key, None, NOON).pdf)
    told = json.loads(run("notice", "verify", tmp_path / "n.pdf", "--json").stdout)
    found = {line["key"]: line["state"] for line in told["found"][0]["lines"]}
    # Its moment is before the certificate's: nobody seals with a certificate that is yet to come.
    assert (found["hash"], found["seal"], found["intact"]) == ("failed", "ok", "failed")


def test_what_cannot_be_read_is_one_line_and_status_2(run: Run, tmp_path: Path) -> None:
    for name, data, said in (
        ("a.txt", b"text", "neither a PDF nor an evidence bundle"),
        ("empty.pdf", b"", "neither a PDF nor an evidence bundle"),
        ("a.zip", b"PK\x03\x04 no zip", "not a .zip that can be read"),
        ("a.pdf", b"%PDF-1.7 nothing more", None),
    ):
        (tmp_path / name).write_bytes(data)
        result = run("notice", "verify", tmp_path / name)
        if said is None:
            assert result.exit_code == 1 and "不是能读的 PDF" in result.output
        else:
            assert result.exit_code == 2 and said in result.stderr and len(result.stderr.splitlines()) == 1
    assert run("notice", "verify", tmp_path / "none.pdf").exit_code == 2
    assert run("notice", "verify", tmp_path).exit_code == 2


def test_what_is_too_large_is_not_read(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notice_command, "LARGEST", 3)
    (tmp_path / "a.pdf").write_bytes(b"%PDF-")
    assert run("notice", "verify", tmp_path / "a.pdf").exit_code == 2


# -- Keys --------------------------------------------------------------------------------------------------------------


def test_the_key_that_seals_is_made_once_and_renewed_on_purpose(
    run: Run, environ: dict[str, str], tmp_path: Path
) -> None:
    settings = load_settings(environ=environ)
    with pytest.raises(SealError, match="`shebao keys seal` makes it"):
        open_key(settings)
    assert run("keys", "new").exit_code == 0
    assert "--company" in run("keys", "seal").stderr
    made = run("keys", "seal", "--company", "某某公司")
    assert made.exit_code == 0 and "不是第三方认证" in made.output
    first = open_key(settings).certificates.sha256
    assert first in made.output
    again = run("keys", "seal", "--company", "某某公司")
    assert again.exit_code == 2 and "--renew" in again.stderr
    assert run("keys", "seal", "--company", "某某公司", "--renew").exit_code == 0
    trust = open_trust(settings)
    assert [each.sha256 for each in trust.seals] == [open_key(settings).certificates.sha256, first]
    assert len(trust.public) == 32 and trust.timestamps == ()


def test_the_end_of_the_certificate_stops_the_start(environ: dict[str, str], run: Run) -> None:
    from datetime import timedelta

    settings = load_settings(environ=environ)
    run("keys", "seal", "--company", "某某公司")
    until = open_key(settings).certificates.until
    assert term_warning(settings, until - timedelta(days=100)) is None
    warned = term_warning(settings, until - timedelta(days=60))
    assert warned is not None and "in 60 days" in warned
    with pytest.raises(SealError, match="less than 30 days"):
        term_warning(settings, until - timedelta(days=20))


def test_settings_of_an_authoritys_key(environ: dict[str, str], run: Run, tmp_path: Path) -> None:
    run("keys", "seal", "--company", "某某公司")
    keys = tmp_path / "keys"
    own = load_settings(environ=environ)
    key = {
        "SHEBAO__NOTICES__SEAL_KEY": str(keys / "seal.key"),
        "SHEBAO__NOTICES__CERTIFIED_BY": "licensed",
    }
    with pytest.raises(SettingsError, match="seal_certificate"):
        open_key(load_settings(environ=environ | key))
    with pytest.raises(SettingsError, match="licensed needs seal_key"):
        open_key(load_settings(environ=environ | {"SHEBAO__NOTICES__CERTIFIED_BY": "licensed"}))
    with pytest.raises(SettingsError, match="certified_by"):
        load_settings(environ=environ | {"SHEBAO__NOTICES__CERTIFIED_BY": "somebody"})
    key["SHEBAO__NOTICES__SEAL_CERTIFICATE"] = str(keys / "seal.pem")
    settings = load_settings(environ=environ | key)
    assert open_key(settings).certificates.licensed and open_trust(settings).seals[0].licensed
    assert not open_key(own).certificates.licensed
    with pytest.raises(SettingsError, match="seal_passphrase_file"):
        more = {"SHEBAO__NOTICES__SEAL_PASSPHRASE_FILE": str(tmp_path / "none")}
        open_key(load_settings(environ=environ | key | more))
    token = {"SHEBAO__NOTICES__PKCS11_MODULE": "/usr/lib/token.so"}
    with pytest.raises(SealError, match="pkcs11_module"):
        open_key(load_settings(environ=environ | key | token))


def test_a_time_stamp_service_comes_with_its_certificates(
    environ: dict[str, str], run: Run, tmp_path: Path
) -> None:
    assert open_timestamper(load_settings(environ=environ)) is None
    url = {"SHEBAO__NOTICES__TIMESTAMP_URL": "http://127.0.0.1:1/tsr"}
    with pytest.raises(SettingsError, match="timestamp_certificates"):
        open_timestamper(load_settings(environ=environ | url))
    run("keys", "seal", "--company", "某某公司")
    url["SHEBAO__NOTICES__TIMESTAMP_CERTIFICATES"] = str(tmp_path / "keys" / "seal.pem")
    settings = load_settings(environ=environ | url)
    assert open_timestamper(settings) is not None and len(open_trust(settings).timestamps) == 2


def test_nothing_is_trusted_where_nothing_is_known(environ: dict[str, str]) -> None:
    assert open_trust(load_settings(environ=environ)) == Trust()
    assert replace(Trust(), public=b"x") != Trust()
