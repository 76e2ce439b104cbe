"""Where the bodies of a rendered smear lie, before anything is drawn."""

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.spatial import cKDTree

from pipeline.synthetic.settings import STAGES, RenderSettings

__all__ = ["Body", "Layout", "View", "lay_out"]

Kind = Literal["red_cell", "white_cell", "platelet", "speck", "smudge", "scratch"]

_VISIBLE = 0.7  # a body's centre lies at most this part of its radius outside the view


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """One thing on the film.

    Attributes
    ----------
    kind : what is drawn.
    label : of its row in cells.csv; empty for dirt, which has none.
    x, y : centre, px of the field.
    radius_um : of the circle of the same area.
    seed : of everything else about it, so that it is drawn the same in whatever window.
    contacts : angle (radians, right towards down) and distance (µm) of the lines where neighbours press
        against it.
    """

    kind: Kind
    label: str
    x: float
    y: float
    radius_um: float
    seed: int
    contacts: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The bright round view of an eyepiece, px of the field."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """All that lies in one field.

    Attributes
    ----------
    bodies : in the order in which they are drawn.
    view : None where the whole picture is bright.
    seed : of the light and the camera's noise.
    """

    settings: RenderSettings
    bodies: tuple[Body, ...]
    view: View | None
    seed: int


class _Film:
    """Free and taken places on the film; a grid of squares keeps the look-up short."""

    def __init__(self, settings: RenderSettings, view: View | None) -> None:
        self.width, self.height, self.view = settings.width, settings.height, view
        self.square = 2.5 * settings.cell_um / settings.um_per_px
        self.discs: list[tuple[float, float, float]] = []
        self.squares: defaultdict[tuple[int, int], list[int]] = defaultdict(list)

    def anywhere(self, rng: np.random.Generator, radius: float) -> tuple[float, float]:
        margin = _VISIBLE * radius
        return rng.uniform(-margin, self.width + margin), rng.uniform(-margin, self.height + margin)

    def past(self, x: float, y: float) -> float:
        """How far (px) the point (x, y) lies outside the bright view; negative inside."""
        past = max(-x, -y, x - self.width, y - self.height)
        if self.view is not None:
            past = max(past, float(np.hypot(x - self.view.x, y - self.view.y)) - self.view.radius)
        return past

    def free(self, x: float, y: float, radius: float, overlap: float) -> bool:
        """Whether a disc fits in view with none nearer than 1 - `overlap` of the two radii's sum."""
        if self.past(x, y) > _VISIBLE * radius:
            return False
        column, row = int(x // self.square), int(y // self.square)
        for square in ((column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1)):
            for index in self.squares.get(square, ()):
                other_x, other_y, other = self.discs[index]
                reach = (radius + other) * (1 - overlap)
                if (x - other_x) ** 2 + (y - other_y) ** 2 < reach * reach:
                    return False
        return True

    def take(self, x: float, y: float, radius: float) -> None:
        self.squares[int(x // self.square), int(y // self.square)].append(len(self.discs))
        self.discs.append((x, y, radius))


def lay_out(settings: RenderSettings, rng: np.random.Generator) -> Layout:
    """Place white cells, red cells, platelets and dirt, and choose which red cells are infected.

    Exactly round(parasitaemia x red cells) are infected: the same part of those that lie wholly in view as
    of those that are cut, as far as whole numbers allow.
    """
    view = _view(settings, rng) if settings.round_view else None
    film = _Film(settings, view)
    area_px = settings.width * settings.height if view is None else np.pi * view.radius**2
    cell_px = np.pi * (settings.cell_um / settings.um_per_px / 2) ** 2
    wanted = max(1, round(settings.density * area_px / cell_px))
    white = _white_cells(settings, film, rng, int(rng.poisson(settings.white_cells * wanted / 100)))
    red = _infect(settings, film, rng, _pressed(settings, rng, _red_cells(settings, film, rng, wanted)))
    platelets = _platelets(settings, film, rng, int(rng.poisson(settings.platelets * wanted / 100)))
    dirt = _dirt(settings, film, rng, int(rng.poisson(settings.dirt * wanted / 100)))
    return Layout(settings=settings, bodies=(*red, *white, *platelets, *dirt), view=view, seed=_seed(rng))


def _view(settings: RenderSettings, rng: np.random.Generator) -> View:
    short = min(settings.width, settings.height)
    return View(
        x=settings.width / 2 + short * rng.uniform(-0.08, 0.08),
        y=settings.height / 2 + short * rng.uniform(-0.04, 0.04),
        radius=short * rng.uniform(0.46, 0.52),
    )


def _white_cells(settings: RenderSettings, film: _Film, rng: np.random.Generator, wanted: int) -> list[Body]:
    bodies: list[Body] = []
    for _ in range(wanted):
        radius_um = rng.uniform(5.5, 7.8)
        radius = radius_um / settings.um_per_px
        x, y = film.anywhere(rng, radius)
        if film.free(x, y, radius, 0.0):
            film.take(x, y, radius)
            bodies.append(_body("white_cell", "white_blood_cell", (x, y), radius_um, rng))
    return bodies


def _red_cells(settings: RenderSettings, film: _Film, rng: np.random.Generator, wanted: int) -> list[Body]:
    bodies: list[Body] = []
    heading = 0.0
    for _ in range(40 * wanted):
        if len(bodies) == wanted:
            break
        spread = 1 + 0.06 * settings.variation * rng.normal()
        radius_um = settings.cell_um / 2 * float(np.clip(spread, 0.6, 1.5))
        radius = radius_um / settings.um_per_px
        if bodies and rng.random() < settings.clumping:
            stacked = rng.random() < 0.5
            last = bodies[-1] if stacked else bodies[rng.integers(len(bodies))]
            heading = heading + rng.normal(0, 0.35) if stacked else rng.uniform(0, 2 * np.pi)
            near = rng.uniform(0.5, 0.9) if rng.random() < settings.stacking else rng.uniform(0.88, 1.03)
            step = near * (radius + last.radius_um / settings.um_per_px)
            x, y = last.x + step * np.cos(heading), last.y + step * np.sin(heading)
            overlap = max(1 - near, 0.0) + 0.01
        else:
            x, y = film.anywhere(rng, radius)
            overlap = -0.02
        if film.free(x, y, radius, overlap):
            film.take(x, y, radius)
            bodies.append(_body("red_cell", "uninfected", (x, y), radius_um, rng))
    return bodies


def _pressed(settings: RenderSettings, rng: np.random.Generator, cells: list[Body]) -> list[Body]:
    """Flatten pairs that touch or overlap a little against each other, the more the less they stack."""
    places = np.array([(cell.x, cell.y) for cell in cells]).reshape(-1, 2) * settings.um_per_px
    pairs = cKDTree(places).query_pairs(1.6 * settings.cell_um, output_type="ndarray")
    contacts: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
    for one, other in sorted(map(tuple, pairs.tolist())):
        apart = places[other] - places[one]
        distance, angle = float(np.hypot(*apart)), float(np.arctan2(apart[1], apart[0]))
        both = cells[one].radius_um + cells[other].radius_um
        if 0.8 * both < distance < 1.02 * both and rng.random() > settings.stacking:
            share = distance / both * rng.uniform(0.92, 1.0)
            contacts[one].append((angle, cells[one].radius_um * share))
            contacts[other].append((angle + np.pi, cells[other].radius_um * share))
    return [replace(cell, contacts=tuple(contacts[index])) for index, cell in enumerate(cells)]


def _infect(settings: RenderSettings, film: _Film, rng: np.random.Generator, cells: list[Body]) -> list[Body]:
    # A crescent reaches 1.65 radii from its cell's centre. Cut cells are to show their parasites too.
    depth = [-film.past(cell.x, cell.y) * settings.um_per_px / cell.radius_um for cell in cells]
    order = rng.permutation(len(cells)).tolist()
    whole = [index for index in order if depth[index] >= 1.75]
    cut = [index for index in order if 0.5 <= depth[index] < 1.75]
    hidden = [index for index in order if depth[index] < 0.5]
    wanted = round(settings.parasitaemia * len(cells))
    first = min(wanted, round(settings.parasitaemia * len(whole)))
    queue = [*whole[:first], *cut, *whole[first:], *hidden]
    spare = [index for index in queue[wanted:] if depth[index] >= 1.75]
    weights = np.asarray(settings.stages, float) / sum(settings.stages)
    for index in queue[:wanted]:
        stage = STAGES[rng.choice(len(STAGES), p=weights)]
        if stage == "gametocyte" and settings.species == "falciparum":
            index = _loneliest(cells, [index, *spare[:20]])
            spare = [other for other in spare if other != index]
        growth = rng.uniform(1.0, 1.1 if stage == "ring" else 1.3) if settings.species == "vivax" else 1.0
        radius_um = min(cells[index].radius_um * growth, settings.cell_um * 0.68)
        cells[index] = replace(cells[index], label=stage, radius_um=float(radius_um))
    return cells


def _loneliest(cells: list[Body], candidates: list[int]) -> int:
    """Of the candidates that are not infected yet, the one whose nearest neighbour is farthest away."""
    places = np.array([(cell.x, cell.y) for cell in cells])
    free = [index for index in candidates if cells[index].label == "uninfected"]
    nearest, _ = cKDTree(places).query(places[free], k=min(2, len(cells)))
    return free[int(np.argmax(np.asarray(nearest).reshape(len(free), -1)[:, -1]))]


def _platelets(settings: RenderSettings, film: _Film, rng: np.random.Generator, wanted: int) -> list[Body]:
    bodies: list[Body] = []
    for _ in range(wanted):
        radius_um = float(np.clip(rng.normal(1.3, 0.3), 0.7, 2.4))
        radius = radius_um / settings.um_per_px
        x, y = film.anywhere(rng, radius)
        lies_on_cells = rng.random() < 0.25
        if film.free(x, y, radius, 1.0 if lies_on_cells else 0.0):
            bodies.append(_body("platelet", "platelet", (x, y), radius_um, rng))
    return bodies


def _dirt(settings: RenderSettings, film: _Film, rng: np.random.Generator, wanted: int) -> list[Body]:
    bodies: list[Body] = []
    for _ in range(wanted):
        draw = rng.random()
        kind: Kind = "speck" if draw < 0.75 else "smudge" if draw < 0.96 else "scratch"
        largest = {"speck": 0.6, "smudge": 4.0, "scratch": 18.0}[kind]
        x, y = film.anywhere(rng, 0.0)
        bodies.append(_body(kind, "", (x, y), largest * rng.uniform(0.25, 1.0), rng))
    return bodies


def _body(
    kind: Kind, label: str, place: tuple[float, float], radius_um: float, rng: np.random.Generator
) -> Body:
    x, y = place
    return Body(kind=kind, label=label, x=float(x), y=float(y), radius_um=float(radius_um), seed=_seed(rng))


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**62))
