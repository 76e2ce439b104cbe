"""What people read of a results folder, written anew as slides finish: slides.csv and the morning page."""

import time
from collections.abc import Callable, Collection
from pathlib import Path

from pipeline.batch_row import BatchRow
from pipeline.jobs.slide_ledger import SlideLedger

__all__ = ["Publisher", "Write"]

Write = Callable[[Path, Collection[BatchRow]], object]
_SHARE = 40.0
"""Writing takes at most one part in so many of the time, however many rows there are."""


class Publisher:
    """Writes the rows of the ledger with each of `writers`, not too often, and `at_end` with those too.

    What is written raises OutputError where it cannot be; the earlier file stays.
    """

    def __init__(
        self, out: Path, ledger: SlideLedger, writers: tuple[Write, ...], at_end: tuple[Write, ...] = ()
    ) -> None:
        self._out, self._ledger = out, ledger
        self._writers, self._at_end = writers, at_end
        self._not_before_s = 0.0
        self._is_due = False

    def changed(self) -> None:
        """A row has changed."""
        self._is_due = True

    def publish(self) -> None:
        """Write where something changed, and it was not written just before."""
        began_s = time.monotonic()
        if not self._is_due or began_s < self._not_before_s:
            return
        self._write(self._writers)
        self._is_due = False
        ended_s = time.monotonic()
        self._not_before_s = ended_s + _SHARE * (ended_s - began_s)

    def publish_last(self) -> None:
        """Write at the end of a run, whatever was written before."""
        self._write((*self._writers, *self._at_end))

    def _write(self, writers: tuple[Write, ...]) -> None:
        rows = self._ledger.rows()
        for write in writers:
            write(self._out, rows)
