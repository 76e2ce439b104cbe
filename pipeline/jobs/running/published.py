"""What people read of a results folder, written anew as slides finish: slides.csv and the morning page."""

import time
from collections.abc import Callable
from pathlib import Path

from pipeline.batch_row import BatchRow
from pipeline.jobs.slide_ledger import SlideLedger

__all__ = ["Publisher", "Write"]

Write = Callable[[Path, list[BatchRow]], object]
_SHARE = 40.0
"""Writing takes at most one part in so many of the time, however many rows there are."""


class Publisher:
    """Writes the rows of the ledger with each of `writers`, not too often."""

    def __init__(self, out: Path, ledger: SlideLedger, writers: tuple[Write, ...]) -> None:
        self._out, self._ledger, self._writers = out, ledger, writers
        self._not_before_s = 0.0
        self._is_due = False

    def changed(self) -> None:
        """A row has changed."""
        self._is_due = True

    def publish(self, *, now: bool = False) -> None:
        """Write where something changed, and it was not written just before.

        Parameters
        ----------
        now : write whatever was written before.

        Raises
        ------
        OutputError
            Where a file cannot be written; the earlier one stays.
        """
        began_s = time.monotonic()
        if not now and (not self._is_due or began_s < self._not_before_s):
            return
        rows = self._ledger.rows()
        for write in self._writers:
            write(self._out, rows)
        self._is_due = False
        ended_s = time.monotonic()
        self._not_before_s = ended_s + _SHARE * (ended_s - began_s)
