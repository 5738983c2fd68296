"""What a role sees, and two people who do everything between them."""

from __future__ import annotations

from people.accounts import GRANTS, MEANINGS, PRESET_OF_TWO, ROLES, Account


def may(roles: frozenset[str]) -> frozenset[str]:
    return frozenset().union(*(GRANTS[role] for role in roles))  # type: ignore[index]


def test_every_role_is_named_explained_and_may_do_something() -> None:
    assert set(ROLES) == set(MEANINGS) == set(GRANTS)
    assert all(GRANTS.values())


def test_only_the_dibao_officer_sees_dibao() -> None:
    assert [role for role, granted in GRANTS.items() if "dibao" in granted] == ["dibao_officer"]


def test_of_two_people_each_lets_the_other_in_again() -> None:
    assert all("accounts" in may(roles) for roles in PRESET_OF_TWO)


def test_of_two_people_neither_approves_their_own_change() -> None:
    for roles in PRESET_OF_TWO:
        assert not {"policy_edit", "policy_review"} <= may(roles)


def test_two_people_do_everything_there_is() -> None:
    first, second = PRESET_OF_TWO
    assert may(first) | may(second) == frozenset().union(*GRANTS.values())


def test_of_two_people_one_alone_sees_dibao() -> None:
    assert sum("dibao" in may(roles) for roles in PRESET_OF_TWO) == 1


def test_who_is_not_active_may_nothing() -> None:
    for state in ("invited", "closed"):
        zhao = Account("1", "zhao", "赵静", roles=frozenset({"admin"}), state=state)
        assert not zhao.permissions and not zhao.may("accounts")


def test_a_repr_names_nobody() -> None:
    assert "赵静" not in repr(Account("1", "zhaojing", "赵静", "zhao@example.test"))
    assert "zhao" not in repr(Account("1", "zhaojing", "赵静", "zhao@example.test"))
