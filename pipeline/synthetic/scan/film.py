"""The film of a rendered scan: where glass, thick end, readable monolayer and feathered edge lie."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.synthetic.settings import RenderSettings

__all__ = ["AREAS", "Film", "Line", "even_film", "outlined_film"]

AREAS: Final = ("monolayer", "thick", "feathered", "glass")
"""Names of the areas; the first three have a style each, in this order."""

_MONOLAYER, _THICK, _FEATHERED, _GLASS = range(4)
_RAGGED_UM = 60.0  # between the corners of the ragged end
_SAMPLES = 6  # points along a side at which the density of a box is looked up

# Where each line across the film lies and by how much it sways, parts of the long side: where the film
# begins, where the thick end gives way to the monolayer, that to the feathered edge, where the film ends.
_LINES = ((0.05, 0.008), (0.30, 0.02), (0.72, 0.02), (0.92, 0.015))
_RAGGED = 0.018  # part of the long side by which the corners of the film's end jump
_SIDE, _SIDE_SWAY = 0.07, 0.02  # parts of the short side: glass beside the film, and the sway of its sides
_STRAIGHT = 0.1  # part of the short side along which the lines across are straight, so that corners are exact

# At which part of an area's length (0 to 1) how many cells lie, parts of the set density, and how much dried
# plasma, parts of the palette's: monolayer, thick end, feathered edge.
_Course = tuple[tuple[float, ...], tuple[float, ...]]
_DENSITY: tuple[_Course, ...] = (
    ((0.0, 0.12, 1.0), (1.7, 1.15, 0.85)),
    ((0.0, 0.15, 0.8, 1.0), (3.4, 5.0, 3.6, 1.7)),
    ((0.0, 0.5, 1.0), (0.85, 0.35, 0.12)),
)
_PLASMA: tuple[_Course, ...] = (
    ((0.0, 0.1, 1.0), (1.5, 1.0, 1.0)),
    ((0.0, 0.7, 1.0), (6.0, 5.0, 1.5)),
    ((0.0, 1.0), (1.0, 0.4)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line across or along the film: straight between corners at equal distances, from 0 on.

    Attributes
    ----------
    step : px between two corners.
    places : px, one a corner.
    """

    step: float
    places: tuple[float, ...]

    def at(self, along: float) -> float:
        """Place (px) of the line at a distance (px) from where it begins."""
        where = min(max(along / self.step, 0.0), len(self.places) - 1.001)
        index = int(where)
        return self.places[index] + (where - index) * (self.places[index + 1] - self.places[index])

    def corners(self, first: float, last: float) -> list[tuple[float, float]]:
        """(along, place) of the line's ends at `first` and `last` and of its corners between them."""
        between = [index * self.step for index in range(len(self.places))]
        alongs = [first, *(along for along in between if first < along < last), last]
        return [(along, self.at(along)) for along in alongs]


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """The film of one scan.

    Attributes
    ----------
    styles : settings with which bodies are drawn, one for each area that is no glass.
    across : lines across the film in order along the long side: the film's begin, the monolayer's, the
        feathered edge's, and the film's end. Empty where the whole picture is a monolayer.
    sides : the two lines along the long side between which the film lies.
    """

    settings: RenderSettings
    styles: tuple[RenderSettings, ...]
    across: tuple[Line, ...] = ()
    sides: tuple[Line, ...] = ()

    def area(self, x: float, y: float) -> int:
        """Index into `AREAS` of the area around a point, px of the scan."""
        return self._where(x, y)[0]

    def style(self, x: float, y: float) -> int:
        """Index into `styles` for a body at a point; on glass the one of the monolayer."""
        area = self.area(x, y)
        return _MONOLAYER if area == _GLASS else area

    def density(self, x: float, y: float) -> float:
        """Area of the red cells as a fraction of the film's around a point."""
        area, part = self._where(x, y)
        if area == _GLASS:
            return 0.0
        if not self.across:
            return self.settings.density
        return float(np.interp(part, *_DENSITY[area])) * self.settings.density

    def most(self, left: float, top: float, right: float, bottom: float) -> float:
        """The highest density in a box, as far as a grid of points shows."""
        if not self.across:
            return self.settings.density
        columns, rows = np.linspace(left, right, _SAMPLES), np.linspace(top, bottom, _SAMPLES)
        return max(self.density(x, y) for x in columns.tolist() for y in rows.tolist())

    def plasma(self, columns: Sequence[int], rows: Sequence[int]) -> NDArray[np.float32]:
        """Dried plasma at a grid of points, (rows, columns), parts of the palette's."""
        amounts = [[self._plasma_at(x, y) for x in columns] for y in rows]
        return np.asarray(amounts, np.float32)

    def outlines(self) -> list[tuple[str, list[tuple[float, float]]]]:
        """Name and corners (x, y), px, of each area that is no glass; corners go round it."""
        named = []
        for area, (begin, end) in zip(
            (_THICK, _MONOLAYER, _FEATHERED), zip(self.across, self.across[1:], strict=False), strict=False
        ):
            first, last = self.sides
            near, far = first.at(begin.places[0]), last.at(begin.places[-1])
            corners = [(place, along) for along, place in begin.corners(near, far)]
            corners += last.corners(begin.places[-1], end.places[-1])[1:]
            near, far = first.at(end.places[0]), last.at(end.places[-1])
            corners += [(place, along) for along, place in reversed(end.corners(near, far))][1:]
            corners += list(reversed(first.corners(begin.places[0], end.places[0])))[1:-1]
            named.append((AREAS[area], corners if self._lies else [(x, y) for y, x in corners]))
        return named

    def _plasma_at(self, x: float, y: float) -> float:
        area, part = self._where(x, y)
        return 0.0 if area == _GLASS else float(np.interp(part, *_PLASMA[area]))

    @property
    def _lies(self) -> bool:
        """Whether the long side goes from left to right."""
        return self.settings.width >= self.settings.height

    def _where(self, x: float, y: float) -> tuple[int, float]:
        """The area around a point, and which part of the area's length lies before it."""
        if not self.across:
            return _MONOLAYER, 0.0
        along, beside = (x, y) if self._lies else (y, x)
        if not self.sides[0].at(along) <= beside < self.sides[1].at(along):
            return _GLASS, 0.0
        begin = self.across[0].at(beside)
        for area, line in zip((_THICK, _MONOLAYER, _FEATHERED), self.across[1:], strict=True):
            end = line.at(beside)
            if begin <= along < end:
                return area, (along - begin) / (end - begin)
            begin = end
        return _GLASS, 0.0


def even_film(settings: RenderSettings) -> Film:
    """A film that is a readable monolayer all over the picture."""
    return Film(settings=settings, styles=(settings,))


def outlined_film(settings: RenderSettings) -> Film:
    """A film along the long side: thick end, monolayer, feathered edge, and glass around."""
    rng = np.random.default_rng([settings.seed, 10])
    long, short = max(settings.width, settings.height), min(settings.width, settings.height)
    across = []
    for number, (part, sway) in enumerate(_LINES):
        ends = number == len(_LINES) - 1
        corners = int(np.clip(short * settings.um_per_px / _RAGGED_UM, 24, 200)) if ends else 24
        places = part + sway * _swaying(corners, rng)
        if ends:
            places = places + _RAGGED * rng.uniform(-1, 1, corners)
        straight = int(np.ceil(_STRAIGHT * (corners - 1)))
        places[:straight], places[-straight:] = places[straight], places[-straight - 1]
        across.append(_line(short, long * places))
    sides = [_line(long, short * (part + _SIDE_SWAY * _swaying(48, rng))) for part in (_SIDE, 1 - _SIDE)]
    thick = replace(
        settings,
        palette=replace(settings.palette, overlap=max(settings.palette.overlap, 0.7)),
        pallor=0.6 * settings.pallor,
    )
    flat = replace(
        settings,
        cell_um=min(1.07 * settings.cell_um, 12.0),
        variation=min(1.5 * settings.variation, 4.0),
        pallor=0.35 * settings.pallor,
    )
    return Film(settings=settings, styles=(settings, thick, flat), across=tuple(across), sides=tuple(sides))


def _line(length: float, places: NDArray[np.float64]) -> Line:
    return Line(step=length / (len(places) - 1), places=tuple(places.tolist()))


def _swaying(corners: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Smooth waves between -1 and 1 at so many corners."""
    part = np.linspace(0, 2 * np.pi, corners)
    waves = [np.sin(number * part + rng.uniform(0, 2 * np.pi)) for number in (0.7, 1.6, 3.3)]
    return np.asarray(np.sum(np.array((0.5, 0.3, 0.2))[:, None] * waves, axis=0), np.float64)
