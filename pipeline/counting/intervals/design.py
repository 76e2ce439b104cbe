"""The design effect: how much more a fraction varies than chance, because infected cells lie in clusters."""

import math
from collections.abc import Mapping, Sequence

__all__ = ["FEWEST_BLOCKS", "design_effect", "merged_blocks"]

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
    held = [(infected, counted) for infected, counted in groups if counted > 0]
    cells = sum(counted for _, counted in held)
    infected_cells = sum(infected for infected, _ in held)
    if len(held) < FEWEST_BLOCKS or infected_cells in {0, cells}:
        return 1.0
    fraction = infected_cells / cells
    squares = math.fsum((infected - fraction * counted) ** 2 for infected, counted in held)
    between = len(held) / (len(held) - 1) * squares / cells**2
    return max(1.0, between * cells / (fraction * (1 - fraction)))


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
