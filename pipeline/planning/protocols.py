"""How many red cells or fields a counting protocol asks for, and when a count may stop."""

from dataclasses import dataclass

from pipeline.errors import SettingsError

__all__ = ["PROTOCOLS", "VIEW_MM2", "Goal", "goal_of"]

VIEW_MM2 = 0.0314
"""Of one view on a scan: a disc of 0.2 mm, seen through a 100x objective with a field number of 20."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What to count before a count may stop.

    Attributes
    ----------
    name : of the protocol, 'max-cells' or 'fields'.
    cells : red cells to count.
    below, cells_below : a parasitaemia, 0 to 1, and the red cells to count where it is lower than that.
    source, year, link : where the number comes from; 0 and empty where a person asked for a number.
    fields : photos, or views of a scan, to count in place of a number of cells; 0 where cells are asked for.
    """

    name: str
    cells: int
    source: str
    year: int = 0
    link: str = ""
    below: float = 0.0
    cells_below: int = 0
    fields: int = 0

    def wanted(self, infected: int, counted: int) -> int:
        """Red cells wanted in all, after so many were counted and so many of them infected."""
        if counted < self.cells or infected >= self.below * counted:
            return self.cells
        return max(self.cells, self.cells_below)

    def stops_early(self, infected: int, counted: int) -> bool:
        """Whether so many cells are enough by their own share of infected ones, and would not be without."""
        return self.wanted(infected, counted) <= counted < self.cells_below

    def missing(self, infected: int, counted: int) -> int:
        """Red cells still to be counted, 0 where the goal is reached; fields are never full of cells."""
        return 1 if self.fields else max(0, self.wanted(infected, counted) - counted)


PROTOCOLS = {
    goal.name: goal
    for goal in (
        Goal(
            name="cdc",
            cells=500,
            below=0.10,
            cells_below=2000,
            source="CDC DPDx: 500 red cells where the parasitaemia is high (10%), 2,000 where it is low (1%);"
            " between them CDC says nothing and 2,000 are taken",
            year=2024,
            link="https://www.cdc.gov/dpdx/diagnosticprocedures/blood/microexam.html",
        ),
        Goal(
            name="bsh",
            cells=1000,
            source="British Society for Haematology, laboratory diagnosis of malaria: 1,000 red cells",
            year=2022,
            link="https://doi.org/10.1111/bjh.18092",
        ),
        Goal(
            name="research",
            cells=1000,
            below=0.01,
            cells_below=2000,
            source="Dhorda and others, microscopy in clinical research: 1,000 red cells, 2,000 where fewer"
            " than 1% are infected",
            year=2020,
            link="https://doi.org/10.1186/s12936-020-03352-z",
        ),
        Goal(
            name="who",
            cells=5000,
            source="WHO Malaria microscopy SOP 09, routine counting on a thin film: 5,000 red cells",
            year=2016,
            link="https://www.who.int/teams/global-malaria-programme/case-management/diagnosis/microscopy",
        ),
        Goal(
            name="nvp",
            cells=10_000,
            source="NVP, the Dutch society for parasitology: 10,000 red cells, as Boonstra and others, 2021,"
            " figure 3, state it",
            year=2021,
            link="https://doi.org/10.1186/s12936-021-03889-7",
        ),
    )
}
"""Counting protocols by name, in ascending order of their cells."""


def goal_of(protocol: str | None, max_cells: int | None, fields: int | None = None) -> Goal | None:
    """Goal of a count, None where every cell is counted.

    Raises
    ------
    SettingsError
        Where the protocol is not known, more than one is given, or the number is no positive one.
    """
    given = {"--protocol": protocol, "--max-cells": max_cells, "--fields": fields}
    named = [f"{option} {value}" for option, value in given.items() if value is not None]
    if len(named) > 1:
        both = "both" if len(named) == 2 else "all"
        raise SettingsError(f"{' and '.join(named)} were {both} given; expected one; leave the others out")
    for option, value in (("--max-cells", max_cells), ("--fields", fields)):
        if value is not None and value < 1:
            unit = option.removeprefix("--max-").removeprefix("--")
            raise SettingsError(f"{value} {unit} were asked for, expected 1 or more; pass another {option}")
    if max_cells is not None:
        return Goal(name="max-cells", cells=max_cells, source="asked for")
    if fields is not None:
        return Goal(name="fields", cells=0, source="asked for", fields=fields)
    if protocol is None:
        return None
    if protocol.lower() not in PROTOCOLS:
        raise SettingsError(f"no protocol {protocol!r}; expected one of {', '.join(PROTOCOLS)}; pass another")
    return PROTOCOLS[protocol.lower()]
