"""The rows of a ledger are read as they are gone through: the tables of many nights take no more memory."""

import tracemalloc
from contextlib import closing
from pathlib import Path

from pipeline.jobs.rows import LedgerRows, ledger_path
from pipeline.jobs.schema import open_database
from pipeline.output.slides_csv import write_slides_csv
from pipeline.reports.morning import write_morning_page


def _with_slides(out: Path, slides: int) -> LedgerRows:
    """A ledger of slides without results, whose rows are as large as those of counted ones."""
    path = ledger_path(out)
    path.parent.mkdir(parents=True)
    with closing(open_database(path)) as connection:
        connection.execute(
            "WITH RECURSIVE more(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < ?) "
            "INSERT INTO slides (slide, source, extra, created_utc, updated_utc) "
            "SELECT 'slide-' || n, '/slides/' || n, json_object('notes', hex(zeroblob(500))), '', '' "
            "FROM more",
            (slides,),
        )
    return LedgerRows(path)


def _peak_bytes(out: Path, slides: int) -> int:
    rows = _with_slides(out, slides)
    tracemalloc.start()
    try:
        write_slides_csv(out, rows)
        write_morning_page(out, rows)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_tables_of_many_slides_take_little_more_memory_than_those_of_a_few(tmp_path: Path) -> None:
    _peak_bytes(tmp_path / "first", 1)  # what is made once, such as the page's template
    few, many = _peak_bytes(tmp_path / "few", 100), _peak_bytes(tmp_path / "many", 600)
    assert (many - few) / 500 < 500  # bytes a slide; a row in memory is more than 2,000 here


def test_rows_are_those_of_the_moment_in_which_they_are_read(tmp_path: Path) -> None:
    rows = _with_slides(tmp_path, 2)
    assert [row.slide for row in rows] == ["slide-1", "slide-2"]
    with closing(open_database(ledger_path(tmp_path))) as connection:
        connection.execute("DELETE FROM slides WHERE slide = 'slide-1'")
    assert (len(rows), [row.slide for row in rows]) == (1, ["slide-2"])
