"""Bringing changes of the library into force: the folders are written, and the running program takes them up.

One process writes at a time. What is going to be written is kept before it is, so that one that died halfway is finished
by the next.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any, Final, Protocol

import yaml

from app.clock import day_in_china
from app.settings import Policy
from audit.events import SYSTEM, Event
from audit.events import account as account_of
from bot.dialogue.news import told_of_new_figures
from calculator.fields import InputError
from locales import N_, as_written
from policy_kb.changes import PolicyChange, Publishing, Refused
from policy_kb.company_review import approve, install
from policy_kb.company_rules import plain_name
from policy_kb.effects import Rulebook, Touched, touched
from policy_kb.files import PolicyError
from policy_kb.importing import import_figures, propose_data, take_back_figures, write_whole
from policy_kb.wording import problem_text
from storage.opening import Storage

log = logging.getLogger("shebao.policy")

LATER_RULE: Final = N_("这条规则后来又改过，要先撤回后来的那一条。")


class Reloads(Protocol):
    """The running program, as far as it reads the folders."""

    def refresh(self) -> None:
        """Takes up what the folders hold now."""

    def trouble(self) -> str:
        """Why it does not use what they hold; empty where it does."""


class NothingRuns(Reloads):
    """A process that answers nobody, such as a worker: those that do notice by themselves."""

    def refresh(self) -> None:
        """Nothing to take up."""

    def trouble(self) -> str:
        """Never any."""
        return ""


class Publisher(Publishing):
    """Changes on their last step, over the folders of the settings."""

    def __init__(self, policy: Policy, storage: Storage, program: Reloads) -> None:
        self._overlay = policy.overlays[-1]
        self._policy = policy
        self._storage = storage
        self._changes = storage.policy_changes
        self._program = program

    def publish(self, number: int, by: str) -> PolicyChange:
        """Publishes an approved change now. Raises `Refused`."""
        return self._carried_out(self._changes.claim(number, by, "publish"), by, self._publish)

    def take_back(self, number: int, by: str, reason: str) -> PolicyChange:
        """Puts back what was before a published change; what came since stays. Raises `Refused`."""
        change = self._changes.get(number)
        if change is not None and change.kind == "rule" and not self._is_written(change):
            raise Refused(LATER_RULE)
        return self._carried_out(self._changes.claim(number, by, "take_back"), by, self._take_back, reason)

    def trouble(self) -> str:
        """Why the running program does not use what the folders hold; empty where it does."""
        return self._program.trouble()

    def work(self) -> None:
        """What is due: a publication that was cut off, those whose day has come, employees who are to be told."""
        while (cut_off := self._changes.reclaim()) is not None:
            step = self._publish if cut_off.state == "publishing" else self._take_back
            self._try(lambda change=cut_off, step=step: self._carried_out(change, "", step))  # type: ignore[misc]
        for number in self._changes.due(self._today()):
            self._try(lambda number=number: self.publish(number, ""))  # type: ignore[misc]
        self._storage.policy_news.say_waiting(told_of_new_figures)

    def _try(self, step: Callable[[], PolicyChange]) -> None:
        try:
            change = step()
        except Refused as refused:
            log.warning("a change of the library waits: %s", refused.text)
        else:
            log.info("%s is %s", change.label, change.state)

    def _carried_out(
        self,
        change: PolicyChange,
        by: str,
        step: Callable[[PolicyChange], tuple[Rulebook, Rulebook]],
        note: str = "",
    ) -> PolicyChange:
        """A claimed change is written, and whom it touched is found out. What cannot be written gives its turn back."""
        act = change.act_of_turn
        try:
            before, after = step(change)
        except (InputError, PolicyError, OSError) as error:
            told = _words(error)
            self._changes.fail(change.number, by, act, told)
            raise Refused(told) from error
        found = self._touched(before, after, by)
        finished = self._changes.finish(
            change.number, by, act, found.tally.as_json(), found.conversations, note
        )
        self._program.refresh()
        return finished

    def _touched(self, before: Rulebook, after: Rulebook, by: str) -> Touched:
        today = self._today()
        found = touched(before, after, self._storage.households.cases(today), today)
        actor = account_of(by) if by else SYSTEM
        details = {"read": found.tally.households}
        self._storage.audit.record(Event("policy_households", actor, details=details))
        return found

    # The folders

    def _publish(self, change: PolicyChange) -> tuple[Rulebook, Rulebook]:
        if change.published is not None:  # whoever began it died: what is there of it goes first
            self._unwrite(change)
        before = self._load()
        if change.kind == "figures":
            today, known = self._today(), None if change.published else self._today()
            content = deepcopy(dict(change.published or change.content))
            proposal = propose_data(before.library, content, change.label, change.hash, today, known)
            self._changes.note_written(change.number, proposal.additions, None)
            import_figures(proposal, self._overlay, self._names(change), today)
        else:
            written = change.published or self._approved_rule(change, before)
            path = self._rule_file(written)
            if change.published is None:
                replaced = path.read_text(encoding="utf-8") if path.exists() else ""
                self._changes.note_written(change.number, written, replaced)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, written["text"])
        return before, self._load()

    def _take_back(self, change: PolicyChange) -> tuple[Rulebook, Rulebook]:
        before = self._load()
        self._unwrite(change)
        return before, self._load()

    def _unwrite(self, change: PolicyChange) -> None:
        """What a change wrote is out of the folders again, and what it replaced is back."""
        published = change.published or {}
        if change.kind == "figures":
            entry = f"{self._today().isoformat()} 撤回 {change.label}"
            take_back_figures(published, self._overlay, entry)
        elif self._is_written(change):
            path = self._rule_file(published)
            if change.replaced:
                write_whole(path, change.replaced)
            else:
                path.unlink()

    def _is_written(self, change: PolicyChange) -> bool:
        """Whether a rule's file is the one that the change wrote."""
        published = change.published or {}
        if not published:
            return False
        path = self._rule_file(published)
        return path.exists() and path.read_text(encoding="utf-8") == published["text"]

    def _rule_file(self, written: Mapping[str, Any]) -> Path:
        return self._policy.company_folder / f"{written['key']}.yaml"

    def _approved_rule(self, change: PolicyChange, book: Rulebook) -> dict[str, Any]:
        """The rule's file as it will stand among the company's: with the second person's approval in it."""
        author, reviewer = self._name(change.author), self._name(change.reviewer)
        if plain_name(author) == plain_name(reviewer):  # two people of one name are two people
            reviewer = f"{reviewer} {change.reviewer[:8]}"
        data = {**change.content, "by": {"author": author}}
        with tempfile.TemporaryDirectory() as folder:
            draft = Path(folder, "rule.yaml")
            draft.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
            approve(draft, reviewer, book.library, self._today())
            kept = install(draft, Path(folder, "kept"), book.library)
            return {"key": kept.stem, "text": kept.read_text(encoding="utf-8")}

    def _load(self) -> Rulebook:
        return Rulebook.load(self._policy.overlays, self._policy.company_folder, self._today())

    def _names(self, change: PolicyChange) -> str:
        return f"{self._name(change.author)}（{self._name(change.reviewer)} 批准）"

    def _name(self, account: str) -> str:
        found = self._storage.accounts.get(account)
        return "已注销的账号" if found is None else found.name

    def _today(self) -> date:
        return day_in_china(self._storage.now())


def _words(error: Exception) -> str:
    if isinstance(error, InputError):
        return problem_text(error.problems[0], as_written)
    if isinstance(error, OSError):
        return f"写不了文件：{error.strerror}"
    return str(error)
