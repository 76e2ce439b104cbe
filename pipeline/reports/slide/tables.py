"""The rows of a report's tables: findings, objects, fields, areas."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.names import for_line
from pipeline.quality.reasons import reason_of
from pipeline.wording import percent_text

__all__ = ["Finding", "area_rows", "excluded_rows", "field_rows", "finding_of", "left_out_rows"]

Facts = Mapping[str, Any]

FIELDS_LISTED = 20
"""Rows of the table of fields, those with the most infected cells first; and of the photos left out."""
_EXCLUDED = {
    "at_border": "red cells cut by the edge of the picture",
    "white_cell": "white cells",
    "platelet": "platelets",
    "artefact": "stain, dirt or fragments",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A finding of quality control.

    Attributes
    ----------
    is_refusal : whether the count must not be used.
    text : what was found and what to do.
    measured, limit : with what they mean.
    """

    is_refusal: bool
    text: str
    measured: str
    limit: str


def finding_of(notice: Facts) -> Finding:
    """A notice of summary.json as a row."""
    reason = reason_of(notice["code"])
    refuses = notice["severity"] == "refuse"
    measured, limit = f"{notice['value']:.3g}", f"{notice['limit']:.3g}"
    if reason is not None:
        measured += f" ({_plain(reason.measured, limit)})"
        limit = _plain((reason.refuses if refuses else reason.warns) or limit, limit)
    return Finding(is_refusal=refuses, text=for_line(notice["text"]), measured=measured, limit=limit)


def _plain(words: str, limit: str) -> str:
    """Words that name values of summary.json, for who reads a report: the limit's number, a distance."""
    return re.sub(r"`\w+_limit`", limit, re.sub(r"`\w+_distance`", "distance", words)).replace("`", "")


def left_out_rows(summary: Facts) -> list[tuple[str, str]]:
    """Name of each photo that was left out, and why; the first of them where they are many."""
    rows = (summary.get("excluded_fields") or ())[:FIELDS_LISTED]
    return [(for_line(row["name"]), for_line(row["text"])) for row in rows]


def excluded_rows(summary: Facts) -> list[tuple[str, str]]:
    """Every object that was found: counted, or left out for one reason."""
    rows = [("counted red cells", summary["counted"])]
    rows += [
        (_EXCLUDED.get(reason, reason.replace("_", " ")), number)
        for reason, number in summary["excluded"].items()
    ]
    return [(name, f"{number:,}") for name, number in [*rows, ("all objects found", summary["detected"])]]


def field_rows(fields: Sequence[Mapping[str, Any]]) -> list[tuple[int, str, str, str, str]]:
    """Number, name, red cells, infected ones and their share of the fields; empty where there is one only."""
    if len(fields) == 1:
        return []
    ranked = sorted(range(len(fields)), key=lambda place: (-int(fields[place]["infected"]), place))
    rows = []
    for place in sorted(ranked[:FIELDS_LISTED]):
        field = fields[place]
        share = field["infected"] / field["counted"] if field["counted"] else None
        rows.append(
            (
                place + 1,
                for_line(field["name"]),
                f"{field['counted']:,}",
                f"{field['infected']:,}",
                percent_text(share),
            )
        )
    return rows


def area_rows(summary: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, mm² and share of each part; empty where all was counted, or no cell tells how large a px is."""
    if not summary["counted"] and summary["scale_source"] == "estimated":
        return []
    parts = summary["area_mm2"]
    whole = sum(parts.values())
    if set(parts) <= {"counted"} or not whole:
        return []
    return [(name.replace("_", " "), f"{size:.3g}", f"{size / whole:.0%}") for name, size in parts.items()]
