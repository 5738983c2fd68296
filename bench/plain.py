"""The limits: the same arithmetic with nothing around it, as plain integers and as straight numpy."""

from __future__ import annotations

import numpy as np

from calculator.bulk import Population, Results, Tables
from calculator.money import Column


def one_household() -> tuple[int, ...]:
    """Beijing, wages of 6000 and 4500, three people, line 1450, written out as integers; both scenarios."""
    totals = []
    for wage, insured in ((600_000, True), (450_000, True), (600_000, False)):
        own = employer = 0
        if insured:
            base = max(727_000, min(wage, 3_634_800))
            for rate in (80_000, 20_000, 5_000):
                own += (base * rate + 500_000) // 1_000_000
            own += 300
            for rate in (160_000, 98_000, 5_000, 2_000):
                employer += (base * rate + 500_000) // 1_000_000
        taxable = max(wage - own - 500_000, 0)
        tax = (taxable * 30_000 + 500_000) // 1_000_000
        net = wage - own - tax
        totals.append((net, net - min(max(net, 0), 116_000), own, employer, tax))
    limit = 145_000 * 3
    insured_income = totals[0][1] + totals[1][1]
    uninsured_income = totals[2][1] + totals[1][1]
    return insured_income, uninsured_income, max(limit - insured_income, 0), max(limit - uninsured_income, 0)


def population(people: Population, tables: Tables) -> Results:
    """The outputs of `assess_population`, straight: every region's figure looked up, no blocks, no shared formulas."""
    wage, job = people.wage, people.job
    own = np.zeros_like(wage)
    employer = np.zeros_like(wage)
    for table in tables.insurances:
        base = np.minimum(np.maximum(wage, table.base_floor[job]), table.base_ceiling[job])
        if table.employee_rate.any():
            own += (base * table.employee_rate[job] + 500_000) // 1_000_000
            if table.employee_fixed.any():
                own += table.employee_fixed[job]
        employer += (base * table.employer_rate[job] + 500_000) // 1_000_000
    own *= wage > 0
    employer *= wage > 0
    tax = _tax(wage - own, tables)
    net = wage - own - tax
    start, line = people.start, people.line
    most = (line * tables.work_cost_share[people.home] + 500_000) // 1_000_000
    counts = np.diff(start, append=wage.size)
    off = np.minimum(np.maximum(net, 0), np.repeat(most, counts))
    insured = np.add.reduceat(net - off, start) + people.other_income
    other = np.add.reduceat(wage - off, start) + people.other_income
    alone = wage[start] - _tax(wage[start], tables)
    uninsured = insured - net[start] + off[start] + alone - np.minimum(alone, most)
    insured, other, uninsured = (np.maximum(column, 0) for column in (insured, other, uninsured))
    limit = line * people.size
    return Results(
        own, employer, tax, net, insured, other, uninsured, insured < limit, other < limit, uninsured < limit
    )


def _tax(income: Column, tables: Tables) -> Column:
    taxable = np.maximum(income - tables.tax.basic_deduction, 0)
    most = np.zeros_like(taxable)
    for bracket in tables.tax.brackets:
        np.maximum(most, taxable * bracket.rate - bracket.quick_deduction * 1_000_000, out=most)
    return (most + 500_000) // 1_000_000
