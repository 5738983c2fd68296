"""The systems to which something is handed in once HR approved it, and how each names people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from people.outside import Payroll, SocialInsurance, Tokens

#: A system that has given its own numbers to people knows them by the company's.
BY_NUMBER: Final = Tokens("own_number")


@dataclass(frozen=True, slots=True)
class Offices:
    """Those that this installation is connected to; None: there is no such connection. `by_file` are the places, by their
    codes, that the connection to social insurance does not cover: there HR takes a file to the portal."""

    social_insurance: SocialInsurance | None = None
    insured_as: Tokens = field(default=BY_NUMBER, repr=False)
    payroll: Payroll | None = None
    paid_as: Tokens = field(default=BY_NUMBER, repr=False)
    by_file: frozenset[str] = frozenset()

    def agency(self, region: str) -> SocialInsurance | None:
        """The social-insurance system of a place; None where HR takes a file to the portal.

        >>> Offices(by_file=frozenset(("320500",))).agency("320583")
        """
        covered = not any(region.startswith(_own_digits(each)) for each in self.by_file)
        return self.social_insurance if covered else None


def _own_digits(region: str) -> str:
    """The digits of a code that every place within it shares (GB/T 2260)."""
    return next(region[:count] for count in (2, 4, 6) if not region[count:].strip("0"))


#: An installation without any: HR takes a file to the portal.
NO_OFFICES: Final = Offices()
