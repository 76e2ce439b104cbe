"""The design effect: how much more a fraction varies than chance, because infected cells lie in clusters."""

import math
from collections.abc import Mapping, Sequence

from pipeline.counting.statistics import CONFIDENCE

__all__ = ["FEWEST_BLOCKS", "Block", "design_effect", "merged_blocks", "upper_design_effect"]

FEWEST_BLOCKS = 4
"""Fields or blocks below which their variation tells nothing; the design effect is then 1, and said so."""
_MOST_BLOCKS = 64
"""Blocks of a scan: small ones would hide clusters that are larger than a block."""

Block = tuple[str, int, int]
"""A field, and the column and row of a square in it."""


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


def merged_blocks(squares: Mapping[Block, tuple[int, int]]) -> list[tuple[int, int]]:
    """Groups that a slide's variation is told by: its fields, or blocks of squares where it has few fields.

    Parameters
    ----------
    squares : infected and counted cells of each square of each field.

    Returns
    -------
    Infected and counted cells of each group, in order of field, row and column.
    """
    by_field: dict[Block, tuple[int, int]] = {}
    for (field, _, _), cells in squares.items():
        _add(by_field, (field, 0, 0), cells)
    if len(by_field) > 2 * FEWEST_BLOCKS:
        return [by_field[block] for block in sorted(by_field)]
    blocks, side = dict(squares), 1
    while len(blocks) > _MOST_BLOCKS:
        side *= 2
        blocks = {}
        for (field, column, row), cells in squares.items():
            _add(blocks, (field, column // side, row // side), cells)
    return [blocks[block] for block in sorted(blocks)]


def _add(blocks: dict[Block, tuple[int, int]], block: Block, cells: tuple[int, int]) -> None:
    infected, counted = blocks.get(block, (0, 0))
    blocks[block] = (infected + cells[0], counted + cells[1])
