"""Bodies of a rendered scan: the many are stamped from a few drawings, the rare are drawn each by itself."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.synthetic.drawn import Extent, Stamp, drawn, extent_px
from pipeline.synthetic.layout import Body, Kind
from pipeline.synthetic.optics import BLUR_REACH
from pipeline.synthetic.settings import RenderSettings
from pipeline.synthetic.shapes import F32

__all__ = [
    "Boxes",
    "Placed",
    "Stamps",
    "farthest_px",
    "reach_px",
    "shared_count",
    "stamped",
    "variants",
]

_FARTHEST_UM = 22.0  # no stamp ends farther from its body's centre: scratches reach 18, cells of 12 µm 21.4

_SHARED_MB = 40  # of all stamps of red cells, which bounds how many there are
_MOST, _FEWEST = 384, 32
_ROTATIONS = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}
_KINDS: tuple[Kind, ...] = ("red_cell", "white_cell", "platelet", "speck", "smudge", "scratch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A body on the film of a scan.

    Attributes
    ----------
    body : its x and y are whole numbers, so that a stamp fits without being moved by part of a pixel.
    style : index into the settings with which it is drawn.
    turn : 0 to 7, how its stamp is turned and mirrored.
    shared : others are stamped from the same drawing.
    """

    body: Body
    style: int
    turn: int = 0
    shared: bool = False


class Stamps:
    """Draws bodies; those that are shared are drawn once and kept."""

    def __init__(self, styles: Sequence[RenderSettings]) -> None:
        self._styles = styles
        self._drawn: dict[tuple[int, Kind, int], Stamp] = {}

    def of(self, placed: Placed) -> Stamp:
        """The stamp of a body."""
        if not placed.shared:
            return drawn(placed.body, self._styles[placed.style])
        key = (placed.style, placed.body.kind, placed.body.seed)
        if key not in self._drawn:
            self._drawn[key] = drawn(placed.body, self._styles[placed.style])
        return _turned(self._drawn[key], placed.turn)


def variants(styles: Sequence[RenderSettings], style: int, kind: Kind) -> tuple[Body, ...]:
    """The bodies of one kind that are drawn once and stamped many times, centred on (0, 0); always the same.

    Only healthy red cells, platelets and specks are shared: what is rare is drawn by itself.
    """
    settings = styles[style]
    rng = np.random.default_rng([settings.seed, 4, style, _KINDS.index(kind)])
    label = {"red_cell": "uninfected", "platelet": "platelet"}.get(kind, "")
    bodies = []
    for _ in range(shared_count(styles, style) if kind == "red_cell" else _FEWEST):
        if kind == "red_cell":
            spread = 1 + 0.06 * settings.variation * rng.normal()
            radius_um = settings.cell_um / 2 * float(np.clip(spread, 0.6, 1.5))
        elif kind == "platelet":
            radius_um = float(np.clip(rng.normal(1.3, 0.3), 0.7, 2.4))
        else:
            radius_um = 0.6 * float(rng.uniform(0.25, 1.0))
        seed = int(rng.integers(2**62))
        bodies.append(Body(kind=kind, label=label, x=0.0, y=0.0, radius_um=radius_um, seed=seed))
    return tuple(bodies)


class Boxes:
    """Boxes of bodies that have a row in the truth."""

    def __init__(self, styles: Sequence[RenderSettings]) -> None:
        self._styles = styles
        self._known: dict[tuple[int, Kind, int], Extent] = {}

    def of(self, placed: Placed) -> Extent:
        """Box (xmin, ymin, xmax, ymax) of a body's outline, px of the scan."""
        body, key = placed.body, (placed.style, placed.body.kind, placed.body.seed)
        if key in self._known:
            left, top, right, bottom = self._known[key]
        else:
            left, top, right, bottom = extent_px(body, self._styles[placed.style])
            if placed.shared:
                self._known[key] = left, top, right, bottom
        if placed.turn & 4:
            left, right = -right, -left
        for _ in range(placed.turn & 3):
            left, top, right, bottom = top, -right, bottom, -left
        return left + body.x, top + body.y, right + body.x, bottom + body.y


def stamped(variant: Body, place: tuple[float, float]) -> Body:
    """A variant at a place (px), drawn as it is."""
    return Body(
        kind=variant.kind,
        label=variant.label,
        x=place[0],
        y=place[1],
        radius_um=variant.radius_um,
        seed=variant.seed,
        contacts=variant.contacts,
    )


def reach_px(body: Body, settings: RenderSettings) -> float:
    """Px within which all of a body's stamp, and its blur, lie around its centre."""
    reach_um = {
        "scratch": body.radius_um,
        "speck": 3.5,
        "smudge": 4.0 * body.radius_um + 1.0,
    }.get(body.kind, 2.2 * body.radius_um + 1.6)
    return _px_with_blur(reach_um, settings)


def farthest_px(settings: RenderSettings) -> float:
    """Px that no body's reach is above."""
    return _px_with_blur(_FARTHEST_UM, settings)


def shared_count(styles: Sequence[RenderSettings], style: int) -> int:
    """How many healthy red cells of one style are drawn to be shared."""
    side = 1.4 * styles[style].cell_um / styles[style].um_per_px
    one_mb = side * side * 2 * 3 * 4 / 1e6
    return int(np.clip(_SHARED_MB / len(styles) / one_mb, _FEWEST, _MOST))


def _px_with_blur(reach_um: float, settings: RenderSettings) -> float:
    return (reach_um + BLUR_REACH * settings.optics.defocus_um) / settings.um_per_px + 8


def _turned(stamp: Stamp, turn: int) -> Stamp:
    left, top = stamp.left, stamp.top
    height, width = stamp.layer.shape[:2]
    if turn & 4:
        left = -(left + width)
    for _ in range(turn & 3):
        left, top = top, -(left + width)
        height, width = width, height
    red = None if stamp.red is None else _turned_pixels(stamp.red, turn)
    return Stamp(left=left, top=top, red=red, layer=_turned_pixels(stamp.layer, turn))


def _turned_pixels(pixels: F32, turn: int) -> F32:
    turned = cv2.flip(pixels, 1) if turn & 4 else pixels
    if turn & 3:
        turned = cv2.rotate(turned, _ROTATIONS[turn & 3])
    return np.asarray(turned, np.float32)
