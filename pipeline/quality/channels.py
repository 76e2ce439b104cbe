"""Whether the colour channels of a field stand in their right order: its colours held against known fields'.

Haemoglobin and eosin absorb green most; what the azures of the stain colour (chromatin, white cells) absorbs
more red than the red cells do. No single ratio holds in every laboratory, so a field is compared with known
fields as they are and in every other order, by a kernel density (Parzen, Ann. Math. Stat. 33, 1962).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from models.manifest import Strict, read_checked, shipped

__all__ = ["ChannelOrder", "FieldColours", "KnownColours", "channel_order", "colour_rows", "read_colours"]

ORDERS = tuple(permutations(range(3)))
"""For each order, as itself the first: which channel of the picture is taken as red, as green and as blue."""
LEAST_ABSORBANCE = 0.05
"""Added to an absorbance before shares of it are taken: the colour of a stain this faint is noise."""
LEAST_DEEPER = 0.15
"""Absorbance by which the deepest stain must exceed the cells' for its own colour to be seen."""
CELL_WEIGHT, DEEP_WEIGHT, GROUND_WEIGHT = 4.0, 5.0, 6.0
"""Of the shares of the cells' absorbance, of the deepest stain's and of what it has more, and of the ground's
logarithms, where the logarithm of the cells' absorbance weighs one."""
KERNEL = 0.9
"""Width of the kernel: with it fields that are left out are told best."""
FAINTEST = 1e-12
"""Density of what is like no known field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldColours:
    """Colours of one field, red, green and blue.

    Attributes
    ----------
    cells : absorbance (natural logarithm) of the usual red cell.
    deepest : the same of the deepest stain of the view, nuclei where there are any.
    ground : colour of the empty background, 1 to 255.
    """

    cells: tuple[float, float, float]
    deepest: tuple[float, float, float]
    ground: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelOrder:
    """The likeliest order of the channels but the right one.

    Attributes
    ----------
    name : what stands where red, green and blue belong, such as 'BGR'.
    odds : logarithm of how much likelier it is than the right order.
    """

    name: str
    odds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownColours:
    """Where known fields lie.

    Attributes
    ----------
    places : float64 (n, 13). weights : float64 (n,), every source together the same; they sum to 1.
    """

    places: NDArray[np.float64]
    weights: NDArray[np.float64]

    @classmethod
    def of(cls, sources: Mapping[str, Sequence[Sequence[float]]]) -> Self:
        """Known fields by source: nine values a field, those of `FieldColours`."""
        rows = [_of_row(row) for rows in sources.values() for row in rows]
        shares = [1 / (len(sources) * len(rows)) for rows in sources.values() for _ in rows]
        return cls(places=np.asarray([_place(row, ORDERS[0]) for row in rows]), weights=np.asarray(shares))


def channel_order(fields: Iterable[FieldColours], known: KnownColours) -> ChannelOrder | None:
    """What other order is likeliest, by the middle of the fields; None where there is no field."""
    each = [_odds(field, known) for field in fields]
    if not each:
        return None
    odds = np.median(each, axis=0)
    best = 1 + int(odds[1:].argmax())
    stored = "".join("RGB"[ORDERS[best].index(channel)] for channel in range(3))
    return ChannelOrder(name=stored, odds=float(odds[best]))


def colour_rows(fields: Iterable[FieldColours], most: int) -> tuple[tuple[float, ...], ...]:
    """Rows of `KnownColours`, at most so many, as different from one another as they are."""
    every = list(fields)
    places = np.asarray([_place(field, ORDERS[0]) for field in every])
    chosen = [0] if every else []
    while len(chosen) < min(most, len(every)):
        gaps = np.linalg.norm(places[:, None] - places[chosen][None], axis=2).min(axis=1)
        chosen.append(int(gaps.argmax()))
    rows = [(*every[place].cells, *every[place].deepest, *every[place].ground) for place in chosen]
    return tuple(tuple(round(value, 3) for value in row) for row in rows)


@cache
def read_colours(path: Path | None = None) -> KnownColours:
    """Colours of known fields; those that come with smearcount where no file is named. Read once a process.

    Raises
    ------
    ModelError
        Where the file is missing or malformed.
    """
    path = path or shipped("detector").with_name("colours.toml")
    content = read_checked(path, _File, "list of known colours", "install smearcount again")
    return KnownColours.of(content.sources)


class _File(Strict):
    sources: dict[str, list[Annotated[list[float], Field(min_length=9, max_length=9)]]] = Field(min_length=1)


def _odds(field: FieldColours, known: KnownColours) -> NDArray[np.float64]:
    """Logarithm of how much likelier each order is than the first, float64 (6,)."""
    own = np.asarray([_place(field, order) for order in ORDERS])
    squares = np.square(own[:, None] - known.places[None]).sum(axis=2)
    logs = np.log(np.exp(-squares / (2 * KERNEL**2)) @ known.weights + FAINTEST)
    return np.asarray(logs - logs[0], np.float64)


def _of_row(row: Sequence[float]) -> FieldColours:
    red, green, blue, *others = row
    deep, ground = others[:3], others[3:]
    return FieldColours(
        cells=(red, green, blue),
        deepest=(deep[0], deep[1], deep[2]),
        ground=(ground[0], ground[1], ground[2]),
    )


def _place(field: FieldColours, order: tuple[int, ...]) -> NDArray[np.float64]:
    """Where a field lies, its channels taken in an order; float64 (13,)."""
    cells, deepest, ground = (
        np.asarray(colour, np.float64)[list(order)] for colour in (field.cells, field.deepest, field.ground)
    )
    more = deepest - cells
    seen = float(np.abs(more).max() > LEAST_DEEPER)
    tint = np.log(np.maximum(ground, 1.0))
    return np.concatenate(
        [
            [np.log(max(float(cells.max()), LEAST_ABSORBANCE / 2))],
            CELL_WEIGHT * _shares(cells),
            DEEP_WEIGHT * _shares(deepest),
            GROUND_WEIGHT * (tint - tint.mean()),
            DEEP_WEIGHT * seen * _shares(more),
        ]
    )


def _shares(absorbance: NDArray[np.float64]) -> NDArray[np.float64]:
    deepest = max(float(absorbance.max()), LEAST_ABSORBANCE / 2)
    return absorbance / (deepest + LEAST_ABSORBANCE)
