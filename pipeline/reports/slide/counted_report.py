"""The report of a slide that was just counted, drawn beside its overlays."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.counting.result import CountResult, TableHead
from pipeline.errors import OutputError, error_line
from pipeline.files import write_whole
from pipeline.names import for_html
from pipeline.reports.slide.draft import Draft, draft_of, draft_report, look_from
from pipeline.reports.slide.report import REPORT_NAME, report_settings_of, write_page
from pipeline.reports.slide.selection import CellChoice
from pipeline.reports.stored import read_stored

__all__ = ["CountedReport"]


class CountedReport:
    """The report of a slide that is counted: a `PartsReader` that sees its fields when overlays are drawn.

    Where it cannot be drawn, report.html says why, and the count is kept: hours of counting are not lost for
    their page.
    """

    def __init__(self, source: Path) -> None:
        self._source = source
        self._choice: CellChoice | None = None
        self._draft: Draft | None = None
        self._failure: str | None = None

    def begin(self, head: TableHead) -> None:
        """See `PartsReader.begin`."""
        self._choice = CellChoice([field.name for field in head.fields], head.threshold)

    def add(self, cells: pd.DataFrame) -> None:
        """See `PartsReader.add`."""
        if self._choice is not None and self._failure is None:
            with self._guarded():
                self._choice.add(cells)

    def draft(self, result: CountResult) -> None:
        """Choose what is shown, by the verdict, of the cells that went by; else of the result's parts."""
        if self._failure is None:
            with self._guarded():
                summary = asdict(result.summary)
                if self._choice is None:
                    self._draft = draft_report(result.parts, summary, result.run)
                else:
                    self._draft = draft_of(self._choice.selection(look_from(summary)), summary)

    def see(self, name: str, picture: NDArray[np.uint8], scale: float) -> None:
        """Take the pictures of a field's cells; as `PictureBook.see`."""
        if self._draft is not None:
            with self._guarded():
                self._draft.book.see(name, picture, scale)

    def write(self, folder: Path) -> None:
        """Write report.html into the result's folder, which is otherwise complete.

        Raises
        ------
        OutputError
            Where the file cannot be written.
        """
        if self._draft is not None and self._failure is None:
            with self._guarded():
                stored = read_stored(folder)
                write_page(stored, self._draft, self._source, report_settings_of(stored))
        if self._failure is not None:
            words = f"The report could not be drawn: {self._failure}. smearcount report tries it again."
            head = '<!doctype html><html lang="en"><title>smearcount</title><main><h1>No report</h1>'
            page = f"{head}<p>{for_html(words)}</p></main></html>"
            write_whole(folder / REPORT_NAME, page.encode())

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except OutputError:
            raise
        except Exception as error:  # the page is not worth the count
            self._failure = error_line(error)
