"""HR's accounts: who somebody is, which roles they have, and what a role may do."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, Protocol

from locales import N_

Role = Literal["agent", "dibao_officer", "policy_editor", "policy_reviewer", "auditor", "admin"]
ROLES: Final[Mapping[Role, str]] = {
    "agent": N_("接待"),
    "dibao_officer": N_("低保专员"),
    "policy_editor": N_("政策编辑"),
    "policy_reviewer": N_("政策复核"),
    "auditor": N_("审计"),
    "admin": N_("管理员"),
}
#: What a role sees and does, and what it does not: for whoever gives it to somebody.
MEANINGS: Final[Mapping[Role, str]] = {
    "agent": N_("看收件箱，接待员工、回复；能查花名册和告知书。看不到谁家有低保。"),
    "dibao_officer": N_("和接待一样，还看得到低保状态和跟低保有关的事。人数越少越好。"),
    "policy_editor": N_("录入和修改政策数字、本公司的规则。自己改的要由另一个人复核。看不到员工的对话。"),
    "policy_reviewer": N_("复核别人改的政策数字和规则，定下哪天起用。看不到员工的对话。"),
    "auditor": N_("看操作记录：谁在什么时候看了谁、做了什么。投诉牵涉到所有处理投诉的人时，由审计来接。"),
    "admin": N_("管账号和角色、公司设置、花名册，发告知书，处理投诉。不因此看得到低保状态。"),
}

Permission = Literal[
    "cases",
    "inbox",
    "dibao",
    "complaints",
    "roster",
    "roster_edit",
    "dashboard",
    "policy",
    "policy_edit",
    "policy_review",
    "audit",
    "accounts",
    "company",
    "notices",
    "notices_issue",
]
#: `cases` opens the inbox; which cases are there is up to `inbox`, `dibao` and `complaints`, and for a complaint that is
#: about everybody who handles them to `audit`. `notices` follows what was issued, with its files; `notices_issue` issues,
#: takes back and holds. What each role may do. Roles add up; whoever has none of them sees nothing.
GRANTS: Final[Mapping[Role, frozenset[Permission]]] = {
    "agent": frozenset(("cases", "inbox", "roster", "dashboard", "policy", "notices")),
    "dibao_officer": frozenset(("cases", "inbox", "dibao", "roster", "dashboard", "policy", "notices")),
    "policy_editor": frozenset(("policy", "policy_edit", "dashboard")),
    "policy_reviewer": frozenset(("policy", "policy_review", "dashboard")),
    "auditor": frozenset(("cases", "audit", "dashboard", "policy")),
    "admin": frozenset(
        (
            *("cases", "accounts", "company", "complaints", "roster", "roster_edit", "dashboard", "policy"),
            *("notices", "notices_issue"),
        )
    ),
}
#: For a company where two people do all of it: neither approves their own change, and either lets the other in again.
PRESET_OF_TWO: Final[tuple[frozenset[Role], frozenset[Role]]] = (
    frozenset(("agent", "dibao_officer", "policy_editor", "admin")),
    frozenset(("agent", "policy_reviewer", "auditor", "admin")),
)

#: `invited` has no password yet; `active` may sign in; `closed` no more.
AccountState = Literal["invited", "active", "closed"]
#: Why an account is not made or changed: the login is somebody's already; nobody would be left who can let others in;
#: nobody gives themselves a role while another admin can; there is no such account, or it is not in that state.
Refusal = Literal["login_taken", "last_admin", "own_roles", "no_account"]
_LOGIN: Final = re.compile(r"[\w.@+-]{2,64}")


class Refused(Exception):
    """An account is not made or changed; `code` says why."""

    def __init__(self, code: Refusal) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Account:
    """One person of HR. `language` is the one they chose, empty where the browser decides."""

    id: str
    login: str = field(repr=False)
    name: str = field(repr=False)
    mail: str = field(default="", repr=False)
    roles: frozenset[Role] = frozenset()
    state: AccountState = "active"
    language: str = ""

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the roles together allow; nothing unless the account is active."""
        if self.state != "active":
            return frozenset()
        return frozenset().union(*(GRANTS[role] for role in self.roles))

    def may(self, permission: Permission) -> bool:
        """Whether one of the roles allows it.

        >>> Account("1", "zhao", "赵静", roles=frozenset({"agent"})).may("dibao")
        False
        """
        return permission in self.permissions


@dataclass(frozen=True, slots=True)
class Standing:
    """An account as an admin sees it: whether it has a password and a second factor, is locked until a moment, has an
    invitation that is open until a moment, is tied to the company's own sign-in or may become so, and when it was last
    there."""

    account: Account
    has_password: bool = False
    has_second_factor: bool = False
    locked_until: datetime | None = None
    invited_until: datetime | None = None
    tied: bool = False
    may_tie: bool = False
    seen_at: datetime | None = None


class Staff(Protocol):
    """Everybody of HR, as admins keep them.

    `by` is who does it, as the log names them; each act is logged with its reason. All may raise `Refused`.
    """

    def standings(self) -> tuple[Standing, ...]:
        """Every account, the oldest first."""

    def standing(self, id: str) -> Standing | None:
        """One account."""

    def invite_new(
        self, login: str, name: str, mail: str, roles: frozenset[Role], by: str, *, may_tie: bool = False
    ) -> tuple[Account, str]:
        """A new account, and the token of its invitation."""

    def invite(self, id: str, by: str, reason: str) -> str:
        """A new invitation; the password that there was is no longer accepted. The token."""

    def change_person(self, id: str, name: str, mail: str, by: str) -> None:
        """Another name or mail address."""

    def change_roles(self, id: str, roles: frozenset[Role], by: str, reason: str, keep: bytes = b"") -> None:
        """Other roles. Its sessions end but for the one that is to be kept, named by the hash of its token."""

    def close(self, id: str, by: str, reason: str) -> None:
        """Lets somebody in no more."""

    def reopen(self, id: str, by: str) -> str:
        """Lets somebody in again, by a new invitation. The token."""

    def unlock(self, id: str, by: str) -> None:
        """Forgets the wrong tries."""

    def reset_second_factor(self, id: str, by: str, reason: str) -> None:
        """Takes the second factor away; the next sign-in sets up a new one."""

    def allow_tie(self, id: str, by: str) -> None:
        """Lets the company's own sign-in be tied to the account at its first use."""

    def untie(self, id: str, by: str, reason: str) -> None:
        """Lets the account in through the company's own sign-in no more."""


def normal_login(text: str) -> str:
    """A login as it is compared: however it is typed, it is one.

    >>> normal_login(" ＺｈａｏＪing ")
    'zhaojing'
    """
    return unicodedata.normalize("NFKC", text).strip().casefold()


def is_login(text: str) -> bool:
    """Whether a text can be a login: 2 to 64 letters, digits or . @ + - _ .

    >>> is_login("zhao.jing@example.test"), is_login("赵静"), is_login("z"), is_login("zhao jing")
    (True, True, False, False)
    """
    return _LOGIN.fullmatch(normal_login(text)) is not None
