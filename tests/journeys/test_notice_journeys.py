"""A notice from HR's desk to the employee's phone and back: answered, refused, met with silence; and the day of arbitration."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import Colleague
from plant import ID_NUMBER
from running_plant import Holder, Plant, running_plant, words
from telling import FORBIDDEN, needs_meaning

from notices.answering import HR_DEVICE
from people.employees import Employee

pytestmark = needs_meaning

#: What nothing that is pushed to a phone may tell.
PERSONAL = re.compile(r"\d+\.\d\d|阿丽|低保|社保|缴|工资|签")
CODE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """One program for all journeys; its clock only goes on."""
    with running_plant(tmp_path_factory.mktemp("plant")) as made:
        yield made


@pytest.fixture
def zhao(plant: Plant) -> Colleague:
    """赵静, who issues notices and works the inbox; what tells of dibao is not for her."""
    return plant.hr("赵静", "agent", "admin")


@pytest.fixture
def li(plant: Plant) -> Colleague:
    """李娜, the dibao officer."""
    return plant.hr("李娜", "dibao_officer", "agent")


def in_wechat(plant: Plant, name: str, **fields: object) -> Holder:
    employee = plant.hires(name, **fields)
    follower = plant.wechat.follower(f"openid-{employee.number}")
    follower.following = True
    holder = Holder(plant, employee, follower.phone, follower.write)
    holder.binds()
    return holder


def in_wecom(plant: Plant, name: str, **fields: object) -> Holder:
    employee = plant.hires(name, **fields)
    member = plant.wecom.member(f"m{employee.number}", name)
    holder = Holder(plant, employee, member.phone, member.write)
    holder.binds()
    return holder


def the_task(hr: Colleague, plant: Plant, employee: Employee) -> str:
    """The number of the case that waits because of somebody's notice, which HR's inbox shows."""
    numbers = [
        each.data["data"]["number"]
        for each in plant.chain(plant.notice(employee))
        if each.data["type"] == "task"
    ]
    page = hr.opens(f"/hr/cases/{numbers[-1]}").get_data(as_text=True)
    assert f"/hr/notices/{plant.notice(employee).id}" in page
    return str(numbers[-1])


def test_ali_has_something_to_say_and_hr_answers_into_the_chat(plant: Plant, zhao: Colleague) -> None:
    ali = in_wechat(plant, "阿丽", id_number=ID_NUMBER)
    pushed = ali.hears(lambda: plant.issues(zhao, ali.employee))
    notice = plant.notice(ali.employee)
    told = "\n".join(pushed)
    assert "单位给你发了一份要看的通知" in told and not PERSONAL.search(told.replace(ali.link, ""))

    assert "不签也照样交；签只表示看到了" in words(ali.opens().text)
    assert "524.96" not in ali.opens().text and "阿丽" not in ali.opens().text
    page = ali.goes_in()
    assert "524.96" in page and "阿丽" in page and not [each for each in FORBIDDEN if each in page]
    assert ali.answers("acknowledged").get_json()["error"]["code"] == "not_read"
    ali.understands()

    copied = ali.hears(lambda: ali.answers("objected", "我看到了，有话要说：药钱紧"))
    (code,) = CODE.findall("\n".join(copied))
    assert notice.number in "\n".join(copied) and "药钱" not in "\n".join(copied)
    assert code in ali.sees()
    copy = ali.browser.get("/notices/visit/copy.pdf")
    assert copy.data.startswith(b"%PDF-") and copy.mimetype == "application/pdf"
    assert ali.answers("acknowledged").get_json()["error"]["code"] == "answered"

    number = the_task(zhao, plant, ali.employee)
    case = words(zhao.opens(f"/hr/notices/{notice.id}").get_data(as_text=True))
    assert "药钱紧" in case and "524.96" in case and code in case
    assert "handed_over_to_channel" not in case
    ali.says("人事什么时候回我")
    heard = ali.hears(
        lambda: zhao.sends(
            f"/hr/cases/{number}/say",
            key="k-1",
            seen="99",
            take="1",
            text="从十一月的工资开始扣，我们当面说药钱的事。",
        )
    )
    assert "我们当面说药钱的事" in "\n".join(heard)


def test_a_refusal_in_wecom_ends_in_insurance_with_a_date(plant: Plant, zhao: Colleague) -> None:
    laozhou = in_wecom(plant, "周建国", id_number="110105197607314319")
    laozhou.hears(lambda: plant.issues(zhao, laozhou.employee))
    laozhou.goes_in()
    laozhou.understands()
    assert laozhou.answers("refused").get_json()["error"]["code"] == "no_statement"
    copied = laozhou.hears(lambda: laozhou.answers("refused", "工资本来就少，我不签"))
    assert CODE.search("\n".join(copied))
    assert "照样" in laozhou.sees()

    notice = plant.notice(laozhou.employee)
    the_task(zhao, plant, laozhou.employee)
    page = zhao.opens(f"/hr/notices/{notice.id}").get_data(as_text=True)
    told = words(page)
    assert "我不签" in told and "不签也照样交；签只表示看到了" in told
    assert told.index("照常参保") < told.index("接下来可以做的")
    assert "不免除缴费" in told  # what the file does not prove
    zhao.sends(f"/hr/notices/{notice.id}/insure", insured_from="2026-09-14")
    insured = plant.storage.roster.get(laozhou.employee.id)
    assert insured is not None and str(insured.insured_since) == "2026-09-14"
    told = words(zhao.opens(f"/hr/notices/{notice.id}").get_data(as_text=True))
    assert "2026-09-14 起已经参保" in told
    assert plant.notice(laozhou.employee).state == "refused"  # her words stand as they were


def test_attack_hr_does_not_answer_for_an_employee(plant: Plant, zhao: Colleague) -> None:
    mei = in_wecom(plant, "阿梅")
    mei.hears(lambda: plant.issues(zhao, mei.employee))
    page = zhao.opens(f"/hr/notices/{plant.notice(mei.employee).id}").get_data(as_text=True)
    assert mei.link not in page
    zhao.client.set_cookie(HR_DEVICE, "1", path="/notices")
    refused = zhao.client.get(f"/notices/{mei.link}")
    assert refused.status_code == 403 and "524.96" not in refused.text
    told = words(zhao.opens(f"/hr/notices/{plant.notice(mei.employee).id}").get_data(as_text=True))
    assert "有 1 次从人事用过的浏览器打开，没有让进" in told
    assert mei.opens().status_code == 200


def test_arbitration_day(plant: Plant, zhao: Colleague, li: Colleague, tmp_path: Path) -> None:
    ali = in_wechat(plant, "李秀英", id_number=ID_NUMBER)
    scan = (io.BytesIO(b"%PDF-1.7 a scan\n%%EOF\n"), "scan.pdf")
    zhao.sends(f"/hr/roster/{ali.employee.id}/confirm", signed_on="2026-09-14", scan=scan)
    ali.hears(lambda: plant.issues(zhao, ali.employee))
    notice = plant.notice(ali.employee)
    ali.goes_in()
    ali.understands()
    copied = "\n".join(ali.hears(lambda: ali.answers("objected", "我家吃低保，药钱紧", seed=7)))
    (code,) = CODE.findall(copied)
    plant.jobs.audit_notices()  # the night

    # By employee number, then on hold; she is told.
    found = zhao.sends("/hr/notices/find", wanted=ali.employee.number)
    at = found.headers["Location"]
    assert at.endswith(f"/hr/notices/{notice.id}")
    held = ali.hears(lambda: zhao.sends(f"{at}/hold", hold_why="申请了仲裁"))
    assert notice.number in "\n".join(held) and "先不到期删除" in "\n".join(held)

    # What it does not prove comes first; what is missing stands in the timeline as missing.
    page = zhao.opens(at).get_data(as_text=True)
    told = words(page)
    assert told.index("证明不了什么") < told.index("证明得了什么")
    assert "没有可信时间戳" in told and "证书是本公司自己建的" in told
    gaps = words("".join(re.findall(r'<li class="gap">.*?</li>', page, flags=re.DOTALL)))
    assert "时间戳" in gaps
    assert "怎么知道是本人" in told and "凭绑定码绑定" in told and "2026-09-14 签的，发出时已经在卷里" in told

    # Her words tell of dibao: not for 赵静, and for 李娜 with a reason.
    assert "药钱" not in told and "遮住了" in told
    assert "药钱" not in zhao.opens(f"{at}/sheet").get_data(as_text=True)
    zhao.sends(f"{at}/unmask", status=403, unmask_why="想看看")
    assert "封存件" in words(zhao.sends(f"{at}/bundle", status=409).text)
    assert "药钱" not in li.opens(at).get_data(as_text=True)
    li.sends(f"{at}/unmask", status=400, unmask_why="")
    assert "我家吃低保，药钱紧" in li.sends(f"{at}/unmask", status=200, unmask_why="仲裁答辩要用").text

    # The evidence on another computer: its own verifier, in an empty folder, without the company's software.
    exported = li.sends(f"{at}/bundle", status=200, bundle_why="仲裁答辩要用")
    assert exported.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(exported.data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    (tmp_path / "证据.zip").write_bytes(exported.data)
    (tmp_path / "verify.py").write_bytes(files["verify.py"])
    status, lines = checked(tmp_path, "证据.zip", code)
    assert status == 0
    assert lines.pop("timestamp") == "unchecked" and lines.pop("keys") == "unchecked"
    assert lines == dict.fromkeys(("files", "hash", "seal", "chain", "code", "anchor"), "ok"), lines
    names = "\n".join(files)
    assert "证据目录.pdf" in names and "confirmation" in names

    # A changed copy fails there, live; and so does another code than hers.
    (pdf,) = (name for name in files if name.endswith(f"{notice.number}.pdf"))
    changed = bytearray(files[pdf])
    changed[len(changed) // 2] ^= 1
    with zipfile.ZipFile(tmp_path / "改过.zip", "w") as archive:
        for name, data in (files | {pdf: bytes(changed)}).items():
            archive.writestr(name, data)
    status, lines = checked(tmp_path, "改过.zip", code)
    assert status == 1 and {lines["files"], lines["hash"], lines["seal"]} == {"failed"}
    status, lines = checked(tmp_path, "证据.zip", "0000-0000-0000")
    assert status == 1 and lines["code"] == "failed"

    # She gets her own copy again, the same to the byte.
    asked = "\n".join(ali.says("我的告知书再发一遍"))
    assert "/notices/" in asked
    plant.clock.move(minutes=2)
    assert code in ali.goes_in()
    assert ali.browser.get("/notices/visit/copy.pdf").data == files[pdf]

    # Afterwards the hold is lifted; all of it is in the chain.
    (hold,) = re.findall(r'name="hold" value="([\w-]+)"', zhao.opens(at).get_data(as_text=True))
    lifted = ali.hears(lambda: zhao.sends(f"{at}/lift", hold=hold, lift_why="调解结案"))
    assert "争议结束了" in "\n".join(lifted)
    events = plant.events(notice)
    kept = [each for each in events if each in ("hold", "unmasked", "exported", "copy_taken", "hold_lifted")]
    assert kept == ["hold", "unmasked", "unmasked", "exported", "copy_taken", "hold_lifted"]


def checked(folder: Path, name: str, code: str) -> tuple[int, dict[str, str]]:
    """What the verifier of a bundle says on a computer that has nothing but Python."""
    done = subprocess.run(
        [sys.executable, "-I", "verify.py", name, "--json", "--code", code],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr.decode()
    told = json.loads(done.stdout)
    return done.returncode, {line["key"]: line["state"] for line in told["lines"]}


def test_silence_is_followed_up_on_paper(plant: Plant, zhao: Colleague) -> None:
    """The last of the journeys, since it takes the clock past the last day to answer."""
    gu = in_wechat(plant, "顾阿妹")
    member = plant.wecom.member("GuAmei", "顾阿妹")
    other = Holder(plant, gu.employee, member.phone, member.write)
    other.binds()
    # WeCom is the better way, and then the other one.
    other.hears(lambda: plant.issues(zhao, gu.employee))
    notice = plant.notice(gu.employee)
    assert "/notices/" in other.phone.heard[-1].words
    before = other.link
    plant.on(20)
    assert other.link != before and "提醒" in other.phone.heard[-1].words
    gu.says("在")  # her account in WeChat can be written to again
    plant.on(22)
    assert "/notices/" in gu.phone.heard[-1].words
    plant.on(23)
    assert plant.notice(gu.employee).state == "silent"
    zhao = plant.hr("赵静")  # signed in anew
    number = the_task(zhao, plant, gu.employee)
    case = words(zhao.opens(f"/hr/cases/{number}").get_data(as_text=True))
    assert "照常参保" in case
    assert gu.opens().status_code in (403, 410, 404, 409)

    at = f"/hr/notices/{notice.id}"
    for form in ("notice", "witness_form"):
        printed = zhao.sends(f"{at}/print", status=200, form=form)
        assert printed.data.startswith(b"%PDF-")
    zhao.sends(f"{at}/step", status=400, step="witnessed", witness_1="顾阿妹", witness_2="老吴")
    zhao.sends(f"{at}/step", step="witnessed", witness_1="老周", witness_2="老吴")
    zhao.sends(f"{at}/step", step="posted", post_number="EMS1234567890")
    scan = (io.BytesIO(b"%PDF-1.7 a receipt\n%%EOF\n"), "receipt.pdf")
    zhao.sends(f"{at}/upload", kind="post_receipt", scan=scan)
    zhao.sends(f"{at}/insure", insured_from="2026-09-14")
    plant.minute()
    told = words(zhao.opens(at).get_data(as_text=True))
    assert "EMS1234567890" in told and "老周" in told and "到期没有回应" in told
    assert "不免除缴费" in told and "2026-09-14 起已经参保" in told
    events = plant.events(notice)
    assert [each for each in events if each in ("sent", "silent", "printed", "witnessed", "posted", "file_added")] == [
        "sent", "sent", "sent", "silent", "printed", "printed", "witnessed", "posted", "file_added",
    ]  # fmt: skip
    assert "sealed" in events
    sent = [each.data["data"] for each in plant.chain(notice) if each.data["type"] == "sent"]
    assert [(each["channel"], each["kind"]) for each in sent] == [
        ("wecom", "first"), ("wecom", "reminder"), ("wechat", "other_way"),
    ]  # fmt: skip
    bundle = zhao.sends(f"{at}/bundle", status=200)
    with zipfile.ZipFile(io.BytesIO(bundle.data)) as archive:
        assert any("post_receipt" in name for name in archive.namelist())
