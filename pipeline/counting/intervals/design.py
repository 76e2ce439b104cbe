"""The design effect: how much more a fraction varies than chance, because infected cells lie in clusters."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.counting.intervals.between import Between, between_fields
from pipeline.counting.statistics import CONFIDENCE

__all__ = [
    "FEWEST_BLOCKS",
    "FEW_FIELDS",
    "Block",
    "Clustering",
    "clustering",
    "design_effect",
    "merged_blocks",
    "upper_design_effect",
]

FEWEST_BLOCKS = 4
"""Fields or blocks below which their variation tells nothing; the design effect is then 1, and said so."""
FEW_FIELDS = 8
"""Fields up to which blocks within them are looked at too."""
_MOST_BLOCKS = 64
"""Blocks of a scan: small ones would hide clusters that are larger than a block."""

Block = tuple[str, int, int]
"""A field, and the column and row of a square in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustering:
    """How clustered the infected cells of a slide are.

    Attributes
    ----------
    effect, upper_effect : see `design_effect` and `upper_design_effect`.
    groups : fields or blocks that tell it; 0 where there are too few.
    between : what the fields leave open of how they differ; None of one field.
    told_by_fields : whether the fields are so many that the effects hold what differs between them already.
    """

    effect: float = 1.0
    upper_effect: float = 1.0
    groups: int = 0
    between: Between | None = None
    told_by_fields: bool = False

    def views(self, *, upper: bool = False) -> "tuple[Clustering, ...]":
        """What an end of the interval must allow for, each by itself: what differs counts once."""
        effect = max(self.effect, self.upper_effect) if upper else self.effect
        own = replace(self, effect=effect)
        if self.between is None or not self.told_by_fields:
            return (own,)
        return replace(own, between=None), replace(own, effect=1.0)


def design_effect(groups: Sequence[tuple[int, int]]) -> float:
    """Variance of the pooled fraction by groups, over that of independent cells; never below 1.

    Parameters
    ----------
    groups : infected and counted cells of each field or block; empty ones are passed over.

    References
    ----------
    L. Kish, Survey Sampling (1965), section 8.2; the variance is that of a ratio by its ultimate clusters,
    W. G. Cochran, Sampling Techniques (1977), section 6.3.
    """
    return max(1.0, _ratio(_filled(groups)))


def upper_design_effect(groups: Sequence[tuple[int, int]]) -> float:
    """The same for the upper end of an interval: as much larger as few groups tell a variance badly.

    It is the upper end that fails where groups are few: where by chance few cells are called, their clusters
    are not seen either. The factor is the square of Student's t over the normal's quantile.

    References
    ----------
    E. L. Korn and B. I. Graubard, Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data, Survey Methodology 24 (1998) 193.
    """
    from scipy.special import ndtri, stdtrit

    held, share = _filled(groups), 0.5 + CONFIDENCE / 2
    if len(held) < FEWEST_BLOCKS:
        return 1.0
    return max(1.0, _ratio(held) * float(stdtrit(len(held) - 1, share) / ndtri(share)) ** 2)


def _filled(groups: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(infected, counted) for infected, counted in groups if counted > 0]


def _ratio(groups: list[tuple[int, int]]) -> float:
    """Variance by groups over that of independent cells, 1 where it cannot be told."""
    cells = sum(counted for _, counted in groups)
    infected_cells = sum(infected for infected, _ in groups)
    if len(groups) < FEWEST_BLOCKS or infected_cells in {0, cells}:
        return 1.0
    fraction = infected_cells / cells
    squares = math.fsum((infected - fraction * counted) ** 2 for infected, counted in groups)
    between = len(groups) / (len(groups) - 1) * squares / cells**2
    return between * cells / (fraction * (1 - fraction))


def clustering(squares: Mapping[Block, tuple[int, int]]) -> Clustering:
    """How clustered the infected cells of a slide are, by its fields and by blocks of squares.

    Of fewer than four fields blocks alone tell; more than eight tell enough. Between these both do, and
    the larger effect is taken: what differs from field to field hides from blocks, and so few fields may be
    alike by chance. What the fields leave open goes into the ends of the interval as `between`; the verdict,
    which is about slides without an infected cell, does not depend on it.

    Parameters
    ----------
    squares : infected and counted cells of each square of each field.
    """
    fields, blocks = _fields(squares), merged_blocks(squares)
    if len(fields) < FEWEST_BLOCKS:
        told = [blocks]
    else:
        told = [fields] if len(fields) > FEW_FIELDS else [fields, blocks]
    by = max(told, key=design_effect)
    return Clustering(
        effect=design_effect(by),
        upper_effect=max(upper_design_effect(groups) for groups in told),
        groups=len(by) if len(by) >= FEWEST_BLOCKS else 0,
        between=between_fields(fields),
        told_by_fields=len(fields) > FEW_FIELDS,
    )


def merged_blocks(squares: Mapping[Block, tuple[int, int]]) -> list[tuple[int, int]]:
    """Infected and counted cells of at most 64 blocks of squares, in order of field, row and column.

    Of more fields than that a field is a block.
    """
    blocks, side, most = dict(squares), 1, max(_MOST_BLOCKS, len({field for field, _, _ in squares}))
    while len(blocks) > most:
        side *= 2
        blocks = {}
        for (field, column, row), cells in squares.items():
            _add(blocks, (field, column // side, row // side), cells)
    return [blocks[block] for block in sorted(blocks)]


def _fields(squares: Mapping[Block, tuple[int, int]]) -> list[tuple[int, int]]:
    fields: dict[Block, tuple[int, int]] = {}
    for (field, _, _), cells in squares.items():
        _add(fields, (field, 0, 0), cells)
    return [fields[field] for field in sorted(fields)]


def _add(blocks: dict[Block, tuple[int, int]], block: Block, cells: tuple[int, int]) -> None:
    infected, counted = blocks.get(block, (0, 0))
    blocks[block] = (infected + cells[0], counted + cells[1])
