"""How long each kind of data is kept, and why; the daily job that keeps to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Delete,
    ScalarSelect,
    Select,
    Update,
    delete,
    exists,
    func,
    select,
    tuple_,
    update,
)

from delivery.outbox import FINAL
from locales import N_
from profiles.book import OPEN
from storage.database import Database
from storage.tables import (
    act_receipts,
    alarm_messages,
    audit_checks,
    audit_events,
    audit_reasons,
    audit_subjects,
    codes,
    connection_nonces,
    conversations,
    declarations,
    employees,
    hr_addresses,
    imports,
    inbox,
    invitations,
    links,
    notice_batches,
    notice_events,
    notice_holds,
    notices,
    outbox,
    passive_answers,
    portal_files,
    pushes,
    quarantined_cells,
    sessions,
    sign_in_journeys,
    sign_in_tries,
    strategies,
    tasks,
    unanswered,
    undo_steps,
)

#: So many rows go in one transaction: a turn must not wait for the whole of a year.
BATCH: Final = 500

_seen = func.coalesce(conversations.c.seen_at, conversations.c.opened_at)
_task_waits = exists().where(tasks.c.conversation == conversations.c.id, tasks.c.state != "done")


@dataclass(frozen=True, slots=True)
class Term:
    """One kind of data: how many days it is kept, why so long, and what takes it away."""

    kind: str
    days: int
    why: str
    statement: Callable[[datetime], Delete | Update]


def _facts(before: datetime) -> Update:
    idle = select(conversations.c.id).where(conversations.c.state.is_not(None), _seen < before)
    return update(conversations).where(conversations.c.id.in_(_some(idle))).values(state=None)


def _transcripts(before: datetime) -> Delete:
    return _taken_out(conversations.c.id, _seen < before, ~_task_waits)


def _events(before: datetime) -> Delete:
    return _taken_out(inbox.c.key, inbox.c.received_at < before)


def _deliveries(before: datetime) -> Delete:
    return _taken_out(outbox.c.id, outbox.c.state.in_(FINAL), outbox.c.due_at < before)


def _passive_answers(before: datetime) -> Delete:
    return _taken_out(passive_answers.c.key, passive_answers.c.at < before)


def _pushes(before: datetime) -> Delete:
    return _taken_out(pushes.c.id, pushes.c.made_at < before)


def _tasks(before: datetime) -> Delete:
    return _taken_out(tasks.c.number, tasks.c.closed_at < before)


def _strategies(before: datetime) -> Delete:
    return _ended_strategies(before, ~strategies.c.restricted)


def _dibao_strategies(before: datetime) -> Delete:
    return _ended_strategies(before, strategies.c.restricted)


def _ended_strategies(before: datetime, *which: ColumnElement[bool]) -> Delete:
    ended = strategies.c.state.not_in(sorted(OPEN))
    return _taken_out(strategies.c.id, ended, strategies.c.changed_at < before, *which)


def _portal_receipts(before: datetime) -> Delete:
    return _taken_out(portal_files.c.of, portal_files.c.kind == "receipt", portal_files.c.kept_at < before)


def _act_receipts(before: datetime) -> Delete:
    return _taken_out(act_receipts.c.id, act_receipts.c.kept_at < before)


def _declarations(before: datetime) -> Delete:
    return _taken_out(declarations.c.id, declarations.c.month < (before - timedelta(days=31)).date())


def _sessions(before: datetime) -> Delete:
    return _taken_out(sessions.c.token_hash, sessions.c.ends_at < before)


def _invitations(before: datetime) -> Delete:
    return _taken_out(invitations.c.account, invitations.c.ends_at < before)


def _tries(before: datetime) -> Delete:
    return _taken_out(sign_in_tries.c.key, sign_in_tries.c.last_at < before)


def _journeys(before: datetime) -> Delete:
    return _taken_out(sign_in_journeys.c.token_hash, sign_in_journeys.c.ends_at < before)


def _unanswered(before: datetime) -> Delete:
    return delete(unanswered).where(unanswered.c.day < before.date())


def _log_subjects(before: datetime) -> Update:
    old = select(audit_subjects.c.item).where(
        audit_subjects.c.subject.is_not(None), audit_subjects.c.seq <= _last_event(before)
    )
    emptied = update(audit_subjects).where(audit_subjects.c.item.in_(_some(old)))
    return emptied.values(subject=None, salt=None)


def _log_reasons(before: datetime) -> Delete:
    return _taken_out(audit_reasons.c.seq, audit_reasons.c.seq <= _last_event(before))


def _log_checks(before: datetime) -> Delete:
    return _taken_out(audit_checks.c.at, audit_checks.c.at < before)


def _last_event(before: datetime) -> ScalarSelect[int]:
    return select(func.max(audit_events.c.seq)).where(audit_events.c.at < before).scalar_subquery()


def _imports(before: datetime) -> Delete:
    return _taken_out(imports.c.id, imports.c.made_at < before)


def _quarantined_cells(before: datetime) -> Delete:
    cells = quarantined_cells
    old = select(cells.c["import"], cells.c.row).where(cells.c.kept_at < before)
    return delete(cells).where(tuple_(cells.c["import"], cells.c.row).in_(_some(old)))


def _alarms(before: datetime) -> Delete:
    return _taken_out(alarm_messages.c.id, alarm_messages.c.made_at < before)


def _nonces(before: datetime) -> Delete:
    return _taken_out(connection_nonces.c.nonce, connection_nonces.c.until < before)


def _codes(before: datetime) -> Delete:
    return _taken_out(codes.c.code_index, codes.c.expires_at < before)


def _links(before: datetime) -> Delete:
    return _taken_out(links.c.id, links.c.expires_at < before)


def _leavers(before: datetime) -> Delete:
    """Those whose notices are gone too."""
    told = exists().where(notices.c.employee == employees.c.id)
    return _taken_out(employees.c.id, employees.c.state == "left", employees.c.left_on < before.date(), ~told)


def _notices(before: datetime) -> Delete:
    """Those alone of which the chain says so already (`storage/notice_erasing.py`): what is missing without a word would be
    a finding of the self-audit."""
    held = exists().where(notice_holds.c.notice == notices.c.id, notice_holds.c.lifted_at.is_(None))
    told = exists().where(notice_events.c.notice == notices.c.id, notice_events.c.type == "erased")
    return _taken_out(notices.c.id, notices.c.issued_at < before, ~held, told)


def _notice_batches(before: datetime) -> Delete:
    return _taken_out(notice_batches.c.id, notice_batches.c.made_at < before)


def _hr_addresses(before: datetime) -> Delete:
    return _taken_out(hr_addresses.c.address_index, hr_addresses.c.seen_at < before)


def _undo_steps(before: datetime) -> Delete:
    return delete(undo_steps).where(undo_steps.c.at < before)


def _taken_out(key: Column[Any], *when: ColumnElement[bool]) -> Delete:
    """A batch of the rows for which all of it holds, by the column that names a row."""
    return delete(key.table).where(key.in_(_some(select(key).where(*when))))


def _some(rows: Select[Any]) -> Select[Any]:
    # What someone is working on is left for the next night: the job waits for nobody, so nobody waits in a circle.
    return rows.limit(BATCH).with_for_update(skip_locked=True)


#: Every kind, the reasons in words for employees. Erasures are kept for good: an id and a day, which prove the erasing.
TERMS: Final = (
    Term("chat_facts", 60, N_("家里的数字（工资、人口、低保）只为接着上次聊；两个月没来就忘掉。"), _facts),
    Term(
        "transcripts",
        180,
        N_("半年没来的对话整段删除，连同它的钥匙；还有任务等人事处理的除外。"),
        _transcripts,
    ),
    Term("events", 30, N_("收到过的消息编号，只为同一条消息不答两遍；平台最多隔一天重发。"), _events),
    Term("deliveries", 30, N_("发送记录，只为查没有送到的消息。"), _deliveries),
    Term(
        "passive_answers",
        2,
        N_("公众号里当场回的话留一份，只为平台把同一条消息再送来时回得一样。"),
        _passive_answers,
    ),
    Term("pushes", 30, N_("人事回了话、另外用哪个渠道告诉了你，只为不告诉两遍。"), _pushes),
    Term(
        "unanswered",
        730,
        N_("没答上来的问题只记每天几次、哪一类、哪里，看政策库缺什么；两年够比较。"),
        _unanswered,
    ),
    Term(
        "log_subjects",
        1095,
        N_("日志里指向谁的编号：个人信息的处理记录要存三年，之后抹去，记录本身留着。"),
        _log_subjects,
    ),
    Term("log_reasons", 1095, N_("经手人写下的理由，和编号一起抹去。"), _log_reasons),
    Term("log_checks", 365, N_("每晚核对日志的结果，只为说得清哪天起不对。"), _log_checks),
    Term(
        "quarantined_cells",
        30,
        N_("人事导入的表格里说到谁家有低保的，放在一边谁也看不到，本人同意了才记；三十天没有同意就删。"),
        _quarantined_cells,
    ),
    Term("imports", 30, N_("导入的表格连同导入前的样子，只为发现导错了能撤销。"), _imports),
    Term("codes", 30, N_("过期的绑定码只留一阵，好告诉来试的人它过期了。"), _codes),
    Term(
        "links",
        30,
        N_("看结果的一次性链接只留指纹和时间，链接本身不留；过期的留一阵，好告诉来点的人它过期了。"),
        _links,
    ),
    Term(
        "notices",
        1826,
        N_(
            "告知书连同你的回应和签名：为社保有没有告知过，几年里还会被问到；之后删掉，只留下不含个人信息的过程记录。争议中的先不删。"
        ),
        _notices,
    ),
    Term("notice_batches", 90, N_("成批发告知书时的草稿，发完只留一阵。"), _notice_batches),
    Term(
        "hr_addresses",
        30,
        N_("人事登录过的网络只留指纹，为看出签收是不是在人事的网络里做的。"),
        _hr_addresses,
    ),
    Term(
        "leavers",
        1826,
        N_("离职员工的花名册、缴费记录和档案里的变动：社保有没有交够，离职后几年里还会被问到。"),
        _leavers,
    ),
    Term(
        "strategies",
        1826,
        N_("参保和基数上办完的事，连同谁批的、为什么：社保是不是照工资交的，几年里还会被问到。"),
        _strategies,
    ),
    Term(
        "dibao_strategies",
        730,
        N_("其中说到低保的：劳动保障监察可以查到两年以内的事，之后就删。"),
        _dibao_strategies,
    ),
    Term(
        "declarations",
        1826,
        N_("每月的申报，一人一行，连同谁批的：交了多少、按什么交，几年里还会被问到。"),
        _declarations,
    ),
    Term("portal_receipts", 1826, N_("平台的回执，只为查当时是怎么回的。"), _portal_receipts),
    Term(
        "act_receipts",
        1826,
        N_("增员和调基数的回执，连同照着登记了什么：哪天起参保、按什么交，几年里还会被问到。"),
        _act_receipts,
    ),
    Term("alarms", 90, N_("对接的系统出故障时发给人事的通知，只为同一次故障不通知两遍。"), _alarms),
    Term("nonces", 1, N_("民政送来的消息的编号，只为同一条不收两遍。"), _nonces),
    Term("tasks", 730, N_("办结的人事任务，连同人事的备注：劳动保障监察可以查到两年以内的事。"), _tasks),
    Term("undo_steps", 1, N_("人事批量操作之前的样子，只为点错了当天能撤销。"), _undo_steps),
    Term("sessions", 1, N_("人事的登录，到时间就失效，第二天清掉。"), _sessions),
    Term("invitations", 1, N_("没有用过的邀请，过期就没有用了。"), _invitations),
    Term("sign_in_tries", 2, N_("登录试错的次数，一天没有再错就不算了。"), _tries),
    Term("sign_in_journeys", 1, N_("去公司的登录页没有回来的，十分钟就失效。"), _journeys),
)


def keep_to_terms(database: Database, now: datetime) -> dict[str, int]:
    """Takes away what has been kept long enough; how many of each kind."""
    counts = {term.kind: _take_away(database, term, now) for term in TERMS}
    database.forget_deleted()
    return counts


def _take_away(database: Database, term: Term, now: datetime) -> int:
    statement = term.statement(now - timedelta(days=term.days))
    count = 0
    while done := _run(database, statement):
        count += done
    return count


def _run(database: Database, statement: Delete | Update) -> int:
    with database.work() as connection:
        return connection.execute(statement).rowcount
