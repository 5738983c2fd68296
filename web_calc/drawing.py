"""The chart of one household: the curve of the calculator, with the points that must not fall between two others."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from calculator.assessment import Assessment
from calculator.curve import Curve, wage_curve
from calculator.fields import LARGEST_INPUT
from calculator.money import Fen
from calculator.rules import DibaoLine
from documents.chart import ChartData, chart_svg, description
from locales import Say

#: The chart reaches at least this wage, so that a small one is not the whole picture.
SHORTEST: Fen = 300_000


@dataclass(frozen=True)
class Drawing:
    """The chart's data, and the chart in SVG and in words."""

    data: ChartData

    @property
    def svg(self) -> str:
        """The chart."""
        return chart_svg(self.data)

    @property
    def told(self) -> str:
        """The chart in sentences."""
        return description(self.data)


def draw(assessment: Assessment, say: Say) -> Drawing:
    """The household's money over the wage, with the present wage and the break-even among the points.

    Where the employee is not on the book, dibao is another household's and stays out of the picture.
    """
    if assessment.case.household.employee_on_book is False:
        assessment = _without_dibao(assessment)
    here = int(assessment.case.household.earners[0].wage)
    edge = assessment.break_even
    up_to = reach(assessment)
    points = _points(wage_curve(assessment.case, assessment.rules, up_to))
    extra = {here, *(() if edge is None or edge + 1 > up_to else (edge, edge + 1))}
    for wage in extra:
        single = wage_curve(assessment.case, assessment.rules, wage, 2)
        points[wage] = _points(single)[wage]
    wages = sorted(points)
    insured, uninsured, benefit = zip(*(points[wage] for wage in wages), strict=True)
    return Drawing(
        ChartData(
            wages=tuple(wages),
            insured=insured,
            uninsured=uninsured,
            benefit=benefit,
            here=here,
            limit=None if assessment.line is None else assessment.line * assessment.case.household.size,
            break_even=edge,
            say=say,
        )
    )


def _without_dibao(assessment: Assessment) -> Assessment:
    home = replace(assessment.rules.dibao, line=DibaoLine(assessment.rules.dibao.region))
    return replace(
        assessment,
        case=replace(assessment.case, standard_monthly=None),
        rules=replace(assessment.rules, dibao=home),
        line=None,
        break_even=None,
    )


def reach(assessment: Assessment) -> Fen:
    """Up to which wage the chart goes: past the present wage and past the break-even."""
    here = int(assessment.case.household.earners[0].wage)
    edge = assessment.break_even or 0
    wanted = max(SHORTEST, here * 8 // 5, min(edge * 5 // 4, here * 4))
    # Whole thousands of yuan, so that the last tick stands at the end.
    return min(-(-wanted // 100_000) * 100_000, LARGEST_INPUT)


def _points(curve: Curve) -> dict[Fen, tuple[Fen, Fen, Fen]]:
    """Money insured, money uninsured and the benefit within the first, by wage."""
    columns = np.stack([curve.wages, curve.money_insured, curve.money_uninsured, curve.benefit_insured])
    return {wage: (insured, uninsured, benefit) for wage, insured, uninsured, benefit in columns.T.tolist()}
