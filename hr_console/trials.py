"""Dry runs over stored households: in a thread each, so that a long one can be watched and nobody waits in a request."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Final

from policy_kb.effects import Tally

log = logging.getLogger("shebao.policy")

#: Seconds that a request waits for a short one.
PATIENCE: Final = 2.0

#: Runs over the households and tells how many are done.
Run = Callable[[Callable[[int], None]], Tally]


@dataclass(slots=True)
class Trial:
    """One run: how many households are done of how many there are about, and whether it broke off."""

    total: int
    done: int = 0
    failed: bool = False

    def count(self, done: int) -> None:
        """So many are done."""
        self.done = done


class Trials:
    """The runs of this process, one at a time for each change."""

    def __init__(self) -> None:
        self._running: dict[int, Trial] = {}
        self._lock = Lock()

    def of(self, number: int) -> Trial | None:
        """The run over a change that is going on, or that broke off."""
        return self._running.get(number)

    def start(self, number: int, total: int, run: Run, keep: Callable[[Tally], object]) -> None:
        """Runs, unless the change is being run already; `keep` is given the counts. A short run is over on return."""
        with self._lock:
            before = self._running.get(number)
            if before is not None and not before.failed:
                return
            trial = self._running[number] = Trial(total)
        thread = Thread(target=self._run, args=(number, trial, run, keep), name="trial", daemon=True)
        thread.start()
        thread.join(PATIENCE)

    def _run(self, number: int, trial: Trial, run: Run, keep: Callable[[Tally], object]) -> None:
        try:
            keep(run(trial.count))
        except Exception as error:  # the text of an error may quote a household
            log.error("a dry run broke off (%s)", type(error).__name__)
            trial.failed = True
        else:
            self._running.pop(number, None)
