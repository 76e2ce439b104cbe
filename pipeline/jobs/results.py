"""A result that is in place: which slide, settings and networks it is of, and its figures for a row."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from pipeline.batch_row import BatchState
from pipeline.errors import InputError
from pipeline.jobs.identity import ResultKey, key_of_run
from pipeline.records import SlideSummary

__all__ = ["PlacedResult", "next_to", "read_result", "read_summary"]

_TAKEN = ("verdict", "counted", "infected", "detected")
_OF_HEADLINE = ("parasitaemia", "low", "high", "gametocytes", "parasites_per_ul")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedResult:
    """A written result.

    Attributes
    ----------
    key : what it is of; None where its run.json does not tell.
    source : the path of the slide as it was handed in; None where its summary.json does not tell.
    state : 'done', or 'partial' where some of the slide could not be read.
    figures : see `pipeline.jobs.rows`.
    """

    key: ResultKey | None
    source: str | None
    state: BatchState
    figures: Mapping[str, object]


def read_result(folder: Path, cpu_s: float | None = None) -> PlacedResult | None:
    """The result in a folder; None where there is none.

    Parameters
    ----------
    cpu_s : seconds of the processor that it took, where that is known.
    """
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        state: BatchState = "partial" if summary["status"] == "partial" else "done"
        source = summary.get("source")
        return PlacedResult(
            key=key_of_run(run),
            source=source if isinstance(source, str) and source else None,
            state=state,
            figures=_figures(summary, run, cpu_s),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def read_summary(folder: Path) -> SlideSummary:
    """The summary of a written result.

    Raises
    ------
    InputError
        Where it cannot be read, or was written by another version.
    """
    try:
        data = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        return cast("SlideSummary", _record(SlideSummary, data))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{folder}: its summary.json cannot be read; count the slide again") from error


def next_to(folder: Path) -> Path:
    """Where an earlier result of a slide is kept beside the new one: the first `<slide>~N` that is free."""
    number = 1
    while (beside := folder.with_name(f"{folder.name}~{number}")).exists():
        number += 1
    return beside


def _figures(summary: Mapping[str, Any], run: Mapping[str, Any], cpu_s: float | None) -> Mapping[str, object]:
    seconds = round(sum(run.get("seconds", {}).values()), 3)
    notices = sorted(summary["notices"], key=lambda notice: notice["severity"] != "refuse")
    refusals = [notice["text"] for notice in notices if notice["severity"] == "refuse"]
    figures: dict[str, object] = {name: summary[name] for name in _TAKEN}
    headline = summary.get("headline") or summary
    figures |= {name: headline.get(name) for name in _OF_HEADLINE}
    return figures | {
        "seconds": seconds,
        "cpu_seconds": None if cpu_s is None else round(cpu_s, 3),
        "cells_per_s": round(summary["detected"] / seconds, 1) if seconds else None,
        "codes": list(dict.fromkeys(notice["code"] for notice in notices)),
        "refusal": refusals[0] if refusals else None,
        "look_at": _look_at(summary),
    }


def _look_at(summary: Mapping[str, Any]) -> int | None:
    """Cells that a person must look at; None where the verdict asks for none."""
    look = summary.get("second_look")
    return int(look["cells"]) if summary["verdict"] == "uncertain" and look else None


def _record(kind: Any, data: Any) -> Any:
    """A value from JSON as the type of a record's field: a record, a tuple, or as it is."""
    if data is None:
        return None
    inner = [each for each in get_args(kind) if each not in (type(None), Ellipsis)]
    if get_origin(kind) is tuple:
        return tuple(_record(inner[0], each) for each in data)
    if get_origin(kind) in (Union, UnionType):
        return _record(inner[0], data)
    if not is_dataclass(kind):
        return data
    hints = get_type_hints(kind)
    make: Any = kind
    return make(**{name: _record(hints[name], value) for name, value in data.items()})
