"""The systems to which something is handed in once HR approved it, and how each names people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from people.outside import Payroll, SocialInsurance, Tokens

#: A system that has given its own numbers to people knows them by the company's.
BY_NUMBER: Final = Tokens("own_number")


@dataclass(frozen=True, slots=True)
class Offices:
    """Those that this installation is connected to; None: there is no such connection."""

    social_insurance: SocialInsurance | None = None
    insured_as: Tokens = field(default=BY_NUMBER, repr=False)
    payroll: Payroll | None = None
    paid_as: Tokens = field(default=BY_NUMBER, repr=False)


#: An installation without any: HR takes a file to the portal.
NO_OFFICES: Final = Offices()
