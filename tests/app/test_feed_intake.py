"""`shebao policy feed`: a bundle signed with one command is looked at and drafted with the other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from click.testing import CliRunner

from app.policy_commands import policy
from app.settings import Database, Keys, Policy, Settings
from policy_kb.compiled import EDITION
from storage.opening import open_storage

LINE = """region: '341202'
name: 颍州区
sources: {a: {title: 关于调整低保标准的通知, where: 'https://mz.fy.gov.cn/12'}}
lines: [{kind: line, from: '2026-07-01', rural: '830.00', certainty: sourced, grade: official_text_copy, sources: [a]}]
"""


def run(settings: Settings, *arguments: object) -> str:
    return CliRunner().invoke(policy, [str(each) for each in arguments], obj=settings).output


def test_a_bundle_is_signed_looked_at_and_drafted_once(tmp_path: Path) -> None:
    settings = Settings(
        policy=Policy(str(tmp_path / "policy"), str(tmp_path / "company")),
        database=Database(f"sqlite:///{tmp_path / 'shebao.db'}"),
        keys=Keys(str(tmp_path / "keys")),
    )
    storage = open_storage(settings.database.address, settings.keys.path, settings.keys.journal, make=True)
    folder, file, key = tmp_path / "regions", tmp_path / "feed.zip", tmp_path / "key"
    folder.mkdir()
    (folder / "341202.yaml").write_text(LINE, encoding="utf-8")
    edition = EDITION.read_text(encoding="utf-8").strip()
    made = run(settings, "feed-make", folder, file, "--key", key, "--new-key", "--edition", edition)
    assert key.stat().st_mode & 0o077 == 0
    assert "没有公钥" in run(settings, "feed", file, "--check")
    trusting = replace(settings, policy=replace(settings.policy, feed_keys=made.split("公钥 ")[1].strip()))
    assert "830.00" in run(trusting, "feed", file, "--check")
    storage.accounts.add("qianming", "钱明", frozenset(("policy_reviewer",)), state="active")
    editor = storage.accounts.add("zhaojing", "赵静", frozenset(("policy_editor",)), state="active")
    for nobodys in ((), ("--by", "nobody"), ("--by", "qianming")):
        assert "--by" in run(trusting, "feed", file, *nobodys)
    assert storage.policy_changes.all() == ()
    for _ in range(2):
        assert "已存成草稿 P-0001" in run(trusting, "feed", file, "--by", "zhaojing")
    (change,) = storage.policy_changes.all()
    assert (change.state, change.authors) == ("draft", (editor.id,))
    (folder / "341202.yaml").write_text(LINE.replace("830", "840"), encoding="utf-8")
    run(settings, "feed-make", folder, file, "--key", key, "--edition", edition)
    assert "已经收过一个（P-0001）" in run(trusting, "feed", file, "--by", "zhaojing")
    storage.policy_changes.withdraw(1, editor.id)
    assert "已存成草稿 P-0002" in run(trusting, "feed", file, "--by", "zhaojing")
    assert storage.gauges.read().contacts == {}  # a file is nobody's answer
    assert "取不到数据包" in run(trusting, "feed", "http://127.0.0.1:1/feed.zip", "--check")
    with served(file) as address:
        assert "签名正确" in run(trusting, "feed", address, "--check")
        assert "没有公钥" in run(settings, "feed", address, "--check")  # nor is one that nobody trusts
    fetched = storage.gauges.read().contacts["policy_feed"]
    assert (fetched.done, fetched.failed, fetched.alarm) == (1, 2, None)
    storage.database.close()


@contextmanager
def served(file: Path) -> Iterator[str]:
    """A publisher that has one bundle; its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=file.parent)) as publisher:
        thread = threading.Thread(target=publisher.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{publisher.server_port}/{file.name}"
        publisher.shutdown()
        thread.join()


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder."""

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""
