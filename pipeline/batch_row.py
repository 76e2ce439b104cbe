"""The record of one slide of a results folder, as the ledger, the morning page and slides.csv show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pipeline.records import Verdict

__all__ = ["BatchRow", "BatchState"]

BatchState = Literal["queued", "running", "done", "partial", "failed", "passed_over"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """What the ledger knows of one slide of a results folder; None where that is not known yet.

    Attributes
    ----------
    slide, source : its name, which is its folder's, and the path as it was handed in.
    state : 'done', 'partial' (some of it could not be read), 'failed', 'queued', 'running', or 'passed_over',
        where it is a copy of another slide that is counted.
    verdict, counted, infected, detected : as in summary.json.
    parasitaemia, low, high, gametocytes, parasites_per_ul : of its headline: the asexual parasitaemia.
    error : one line: why it failed, or was passed over.
    attempts : times a worker took it up.
    seconds, cpu_seconds : of the last count, wall-clock and of the processor.
    cells_per_s : objects found a second of wall-clock time.
    done_tiles, all_tiles : progress of a running slide; all_tiles is 0 until it is known.
    size_bytes : of the slide's files.
    result : the folder of its result relative to the results folder.
    look_at : cells that stand out of the slide's own, where the verdict is 'uncertain'.
    codes : reason codes of quality control, those that refuse first.
    refusal : why quality control refuses the count, one line.
    extra : further columns of a slides.csv that was handed in, such as patient and notes.
    updated_at : ISO 8601, UTC.
    """

    slide: str
    source: str
    state: BatchState
    verdict: "Verdict | None"
    counted: int | None
    infected: int | None
    parasitaemia: float | None
    low: float | None
    high: float | None
    detected: int | None
    error: str | None
    attempts: int
    seconds: float | None
    cpu_seconds: float | None
    cells_per_s: float | None
    done_tiles: int
    all_tiles: int
    size_bytes: int
    result: str | None
    codes: tuple[str, ...]
    refusal: str | None
    extra: Mapping[str, str]
    updated_at: str
    look_at: int | None = None
    gametocytes: int | None = None
    parasites_per_ul: float | None = None
