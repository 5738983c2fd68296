"""After a change of the library every profile is looked at anew, as columns; what differs is kept, and HR gets one task."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date
from typing import Final

import numpy as np

from policy_kb.library import Library
from profiles.bulk import assess_all, columns_of, compare, figures_at, rows_of
from profiles.figures import Figures
from profiles.passes import Differing, Pass, Passes

log = logging.getLogger("shebao.profiles")

#: Profiles in one transaction: progress is seen, and a crash costs no more than that.
SOME: Final = 10_000
_NEW: Final = Figures("unknown", None, None, None)


class Reassessing:
    """The passes; `library` loads the library in force, `today` is the day in China, and `content` gives the library as it is
    kept for the next pass."""

    def __init__(
        self,
        passes: Passes,
        library: Callable[[], Library],
        today: Callable[[], date],
        content: Callable[[], bytes] | None = None,
    ) -> None:
        self._passes = passes
        self._content = content
        self._library = library
        self._today = today

    def run(self) -> Pass | None:
        """The pass of today's library, where it is not done yet."""
        library, today = self._library(), self._today()
        found = self._passes.begin(library.sha256, today)
        if found is None:
            return None
        if self._content is not None:
            self._passes.keep_library(library.sha256, self._content)
        while (further := self._step(found, library, today)) is not None:
            found = further
        found = self._passes.finish(found)
        log.info("profiles: %d looked at, contributions of %d differ", found.done, found.changed)
        return found

    def _step(self, found: Pass, library: Library, today: date) -> Pass | None:
        """The next profiles; None where all are done."""
        known = self._passes.some(found.after, SOME)
        if not known:
            return None
        rows = assess_all(columns_of(each.profile for each in known), library, today)
        seen = np.array([each.figures is not None for each in known], dtype=np.bool_)
        before = rows_of([each.figures or _NEW for each in known])
        held = compare(before, rows)
        other = held.verdict_changed | held.base_changed | held.shares_changed
        new: list[int] = np.flatnonzero(other | ~seen).tolist()
        figures = [(known[row].profile.employee, figures_at(rows, row)) for row in new]
        differing = [
            Differing(employee, known[row].figures or _NEW, after)
            for row, (employee, after) in zip(new, figures, strict=True)
            if seen[row]
        ]
        return self._passes.write(found, known[-1].profile.employee, figures, differing)
