"""The table of a results folder: slides.csv, a row for each slide that is there or was asked for."""

import csv
import io
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from pipeline.batch_row import BatchRow
from pipeline.errors import OutputError, OutputExistsError, reason_of
from pipeline.files import whole_file
from pipeline.names import csv_encoding, for_csv
from pipeline.tables.given import header_of

__all__ = ["SLIDES_COLUMNS", "check_slides_csv", "write_slides_csv"]

SLIDES_COLUMNS = (
    "slide",
    "source",
    "state",  # done, partial, failed, passed_over, queued or running; exists, where a count found it done
    "verdict",
    "counted",
    "infected",
    "parasitaemia",  # asexual, a fraction, with the bounds of its 95% interval
    "low",
    "high",
    "detected",
    "error",
    "codes",  # of quality control, parted by spaces
    "result",  # folder, relative to the table
    "seconds",  # that the count took
    "look_at",  # cells that a person must look at, where the verdict is uncertain
    "gametocytes",  # infected cells with one; they are in `infected`, not in `parasitaemia`
    "parasites_per_ul",
)
"""Columns of every table; those that a table of slides had of its own follow."""
FIRST_COLUMNS = SLIDES_COLUMNS[:11]


def write_slides_csv(out: Path, rows: Collection[BatchRow], existing: Iterable[str] = ()) -> None:
    """Write OUT/slides.csv, whole or not at all.

    Parameters
    ----------
    rows : gone through twice, one by one.
    existing : names of slides whose state is told as `exists`: a count found them done before.

    Raises
    ------
    OutputError
        Where it cannot be written.
    """
    found = frozenset(existing)
    more: dict[str, None] = {}
    foreign = ""
    for row in rows:
        more.update(dict.fromkeys(name for name in row.extra if name not in SLIDES_COLUMNS))
        foreign = foreign or next((text for text in _texts(row) if not text.isascii()), "")
    encoding = csv_encoding((foreign,))
    with whole_file(out / "slides.csv") as file:
        file.write(_line((*SLIDES_COLUMNS, *more)).encode(encoding))
        for row in rows:
            state = "exists" if row.slide in found and row.state in ("done", "partial") else row.state
            cells = (*_cells(row, state), *(row.extra.get(name, "") for name in more))
            file.write(_line(cells).encode())


def check_slides_csv(out: Path) -> None:
    """Leave alone a slides.csv that a person made.

    Raises
    ------
    OutputExistsError
        Where OUT/slides.csv is none of ours.
    OutputError
        Where it cannot be read.
    """
    path = out / "slides.csv"
    if not path.exists():
        return
    try:
        columns = header_of(path)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be read ({reason_of(error)}); choose another folder with -o"
        ) from error
    if columns[: len(FIRST_COLUMNS)] != FIRST_COLUMNS:
        raise OutputExistsError(f"{path}: is no summary of an earlier count and is kept; choose another -o")


def _texts(row: BatchRow) -> Iterator[str]:
    """Whatever of a row may hold another letter than those of ASCII."""
    yield from (_line(_cells(row, row.state)), *row.extra, *row.extra.values())


def _line(cells: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(map(for_csv, cells))
    return text.getvalue()


def _cells(row: BatchRow, state: str) -> tuple[object, ...]:
    fractions = (row.parasitaemia, row.low, row.high)
    figures = (
        row.verdict,
        row.counted,
        row.infected,
        *(None if fraction is None else f"{fraction:.6f}" for fraction in fractions),
        row.detected,
        row.error,
        " ".join(row.codes),
        row.result,
        row.seconds,
        row.look_at,
        row.gametocytes,
        None if row.parasites_per_ul is None else f"{row.parasites_per_ul:.0f}",
    )
    return (row.slide, row.source, state, *("" if figure is None else figure for figure in figures))
