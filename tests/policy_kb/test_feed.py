"""A signed bundle of the library: taken whole or not at all, and only what is new in it is proposed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
import yaml

from policy_kb.feed import FeedError, make_feed, news_of, open_feed, public_key, read_keys, refuse_older
from policy_kb.files import REGIONS
from policy_kb.importing import propose_data
from policy_kb.library import Library

TODAY = date(2026, 12, 15)
SEED, OTHER = b"s" * 32, b"o" * 32
KEYS = read_keys(public_key(SEED))
MADE = datetime(2026, 12, 1, tzinfo=UTC)
YINGZHOU = {
    "region": "341202",
    "name": "颍州区",
    "sources": {"a": {"title": "关于调整低保标准的通知", "where": "https://mz.fy.gov.cn/12"}},
    "lines": [
        {
            "kind": "line",
            "from": "2026-07-01",
            "urban": "860.00",
            "rural": "830.00",
            "certainty": "sourced",
            "grade": "official_text_copy",
            "sources": ["a"],
        }
    ],
}


def shipped(*more: Mapping[str, object]) -> dict[str, bytes]:
    files = {path.name: path.read_bytes() for path in REGIONS.glob("*.yaml")}
    return files | {
        f"{each['region']}.yaml": yaml.safe_dump(dict(each), allow_unicode=True).encode() for each in more
    }


def bundle(edition: str = "2026-12-01", seed: bytes = SEED) -> bytes:
    return make_feed(shipped(YINGZHOU), edition, MADE, seed)


def repacked(files: list[tuple[str, bytes]]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return made.getvalue()


def members(data: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def refused(data: bytes, keys: tuple[bytes, ...] = KEYS) -> str:
    with pytest.raises(FeedError) as caught:
        open_feed(data, keys)
    return str(caught.value)


def test_only_what_the_library_lacks_is_proposed(library: Library) -> None:
    news = news_of(library, open_feed(bundle(), KEYS))
    assert list(news.additions) == ["341202"]
    assert news.left_out == ()
    proposal = propose_data(library, news.additions, "数据包", "0" * 64, TODAY, TODAY)
    assert [(each.region, each.label, each.after) for each in proposal.changes] == [
        ("341202", "城镇", "860.00"),
        ("341202", "农村", "830.00"),
    ]
    again = news_of(proposal.library, open_feed(bundle(), KEYS))
    assert again.additions == {}, "what was published is not proposed again"


def test_a_rule_that_differs_is_named_and_left_to_a_new_version(library: Library) -> None:
    nation = yaml.safe_load((REGIONS / "320500.yaml").read_text(encoding="utf-8"))
    data = make_feed(shipped(nation | {"not_applicable": ["housing_fund"]}), "2026-12-01", MADE, SEED)
    news = news_of(library, open_feed(data, KEYS))
    assert news.additions == {}
    assert news.left_out == ("苏州市：不单列的险种有变化，要随新版程序来，这次不带入",)


def test_nobody_else_signs_and_without_a_key_nothing_is_believed() -> None:
    assert "签名不对" in refused(bundle(seed=OTHER))
    assert "没有公钥" in refused(bundle(), ())
    assert open_feed(bundle(seed=OTHER), (*KEYS, *read_keys(public_key(OTHER)))).edition == "2026-12-01"


def test_a_bundle_that_lost_its_signature_or_was_changed_in_any_part_is_refused() -> None:
    files = dict(members(bundle()))
    without = [(name, data) for name, data in files.items() if name != "signature"]
    assert "没有签名" in refused(repacked(without))
    for name, said in (
        ("manifest.json", "签名不对"),
        ("signature", "签名不对"),
        ("regions/320500.yaml", "被改过"),
    ):
        content = bytearray(files[name])
        content[len(content) // 2] ^= 1
        assert said in refused(repacked(list((files | {name: bytes(content)}).items()))), name
    fewer = [(name, data) for name, data in files.items() if name != "regions/320500.yaml"]
    assert "对不上" in refused(repacked(fewer))
    assert "对不上" in refused(repacked([*files.items(), ("regions/659012.yaml", b"region: 1")]))


def test_a_byte_flipped_anywhere_in_the_file_never_changes_what_is_read() -> None:
    whole = make_feed({"341202.yaml": yaml.safe_dump(YINGZHOU).encode()}, "2026-12-01", MADE, SEED)
    for place in range(len(whole)):
        data = bytearray(whole)
        data[place] ^= 0x55
        try:
            found = open_feed(bytes(data), KEYS)
        except FeedError:
            continue
        assert (found.edition, found.regions["regions/341202.yaml"]) == ("2026-12-01", YINGZHOU), place


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("../../etc/passwd", b"x"),
        ("/regions/320500.yaml", b"x"),
        ("regions\\320500.yaml", b"x"),
        ("regions/320500.yaml/", b""),
        ("regions/320500.yaml", b"twice"),
        ("regions/659012.yaml", b"\0" * (5 * 2**20)),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_no_trick_of_an_archive_gets_in(name: str, data: bytes) -> None:
    refused(repacked([*members(bundle()), (name, data)]))


def test_what_unpacks_to_too_much_or_is_no_archive_is_refused() -> None:
    bomb = [(f"regions/{number:06}.yaml", b"\0" * (4 * 2**20)) for number in range(17)]
    assert "太大" in refused(repacked(bomb))
    for data in (b"", b"PK\x03\x04", bundle()[:-40]):
        assert "打不开" in refused(data)


def test_an_older_bundle_and_one_of_a_day_to_come_are_refused() -> None:
    feed = open_feed(bundle(), KEYS)
    refuse_older(feed, "2026-12-01", TODAY)
    with pytest.raises(FeedError, match="旧"):
        refuse_older(feed, "2026-12-02", TODAY)
    with pytest.raises(FeedError, match="还没有到"):
        refuse_older(feed, "", date(2026, 11, 30))


def test_a_key_that_is_none_is_named() -> None:
    with pytest.raises(FeedError, match="公钥不对"):
        read_keys("AAAA")
