"""How many red cells a counting protocol asks for, and when a count may stop."""

from dataclasses import dataclass

from pipeline.errors import InputError

__all__ = ["PROTOCOLS", "Goal", "goal_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Red cells to count before a count may stop.

    Attributes
    ----------
    name : of the protocol, or 'max-cells'.
    cells : red cells to count.
    below, cells_below : a parasitaemia, 0 to 1, and the red cells to count where it is lower than that.
    source : where the number comes from.
    """

    name: str
    cells: int
    source: str
    below: float = 0.0
    cells_below: int = 0

    def wanted(self, infected: int, counted: int) -> int:
        """Red cells wanted in all, after so many were counted and so many of them infected."""
        if counted < self.cells or infected >= self.below * counted:
            return self.cells
        return max(self.cells, self.cells_below)

    def missing(self, infected: int, counted: int) -> int:
        """Red cells still to be counted, 0 where the goal is reached."""
        return max(0, self.wanted(infected, counted) - counted)


PROTOCOLS = {
    goal.name: goal
    for goal in (
        Goal(
            name="cdc",
            cells=500,
            below=0.01,
            cells_below=2000,
            source="CDC DPDx: 500 red cells, 2,000 where the parasitaemia is below 1%",
        ),
        Goal(name="bsh", cells=1000, source="British Society for Haematology: 1,000 red cells"),
        Goal(name="who", cells=5000, source="WHO research protocol: 5,000 red cells"),
        Goal(name="nvp", cells=10_000, source="NVP: 10,000 red cells"),
    )
}
"""Counting protocols by name, in ascending order of their cells (DESIGN, counting rules)."""


def goal_of(protocol: str | None, max_cells: int | None) -> Goal | None:
    """Goal of a count, None where every cell is counted.

    Raises
    ------
    InputError
        Where the protocol is not known, both are given, or the number is no positive one.
    """
    if protocol is not None and max_cells is not None:
        raise InputError(
            f"protocol {protocol} and {max_cells} cells were both given; expected one; pass --protocol or"
            " --max-cells"
        )
    if max_cells is not None:
        if max_cells < 1:
            raise InputError(
                f"{max_cells} cells were asked for, expected 1 or more; pass another --max-cells"
            )
        return Goal(name="max-cells", cells=max_cells, source="asked for")
    if protocol is None:
        return None
    if protocol.lower() not in PROTOCOLS:
        raise InputError(f"no protocol {protocol!r}; expected one of {', '.join(PROTOCOLS)}; pass another")
    return PROTOCOLS[protocol.lower()]
