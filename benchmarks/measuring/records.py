"""What a group of measurements is given, and what it gives: lines of the table, notes, details."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Group", "Measure", "Room"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Where a group works.

    Attributes
    ----------
    folder : empty, thrown away afterwards.
    scans : rendered scans, kept from run to run.
    gigapixels : sizes of the scans whose memory is measured, from the smallest up.
    labelled : folder of labelled sets; None where there is none.
    """

    folder: Path
    scans: Path
    gigapixels: tuple[float, ...]
    labelled: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One line of the table.

    Attributes
    ----------
    value : measured, in `unit`; None where it could not be. goal : None where there is none.
    at_least : the goal is a lower bound, else an upper one. note : in a few words, what it was measured on.
    """

    name: str
    value: float | None
    unit: str
    goal: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def verdict(self) -> str:
        """'reached' or 'missed'; nothing where there is no goal or no value."""
        if self.goal is None or self.value is None:
            return ""
        reached = self.value >= self.goal if self.at_least else self.value <= self.goal
        return "reached" if reached else "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What one group found.

    Attributes
    ----------
    notes : printed below the table. details : what else was measured, for the JSON file.
    """

    measures: tuple[Measure, ...]
    notes: tuple[str, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)
