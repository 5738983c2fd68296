"""HR's accounts: who somebody is, which roles they have, and what a role may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

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
]
#: `cases` opens the inbox; which cases are there is up to `inbox`, `dibao` and `complaints`, and for a complaint that is
#: about everybody who handles them to `audit`.
#: What each role may do. Roles add up; whoever has none of them sees nothing.
GRANTS: Final[Mapping[Role, frozenset[Permission]]] = {
    "agent": frozenset(("cases", "inbox", "roster", "dashboard", "policy")),
    "dibao_officer": frozenset(("cases", "inbox", "dibao", "roster", "dashboard", "policy")),
    "policy_editor": frozenset(("policy", "policy_edit", "dashboard")),
    "policy_reviewer": frozenset(("policy", "policy_review", "dashboard")),
    "auditor": frozenset(("cases", "audit", "dashboard", "policy")),
    "admin": frozenset(
        ("cases", "accounts", "company", "complaints", "roster", "roster_edit", "dashboard", "policy")
    ),
}
#: For a company where two people do all of it: neither approves their own change, and either lets the other in again.
PRESET_OF_TWO: Final[tuple[frozenset[Role], frozenset[Role]]] = (
    frozenset(("agent", "dibao_officer", "policy_editor", "admin")),
    frozenset(("agent", "policy_reviewer", "auditor", "admin")),
)

#: `invited` has no password yet; `active` may sign in; `closed` no more.
AccountState = Literal["invited", "active", "closed"]


@dataclass(frozen=True, slots=True)
class Account:
    """One person of HR."""

    id: str
    login: str = field(repr=False)
    name: str = field(repr=False)
    mail: str = field(default="", repr=False)
    roles: frozenset[Role] = frozenset()
    state: AccountState = "active"

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
