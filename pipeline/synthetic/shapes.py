"""Outlines and soft shapes, from which rendered cells are put together."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "F32",
    "Crescent",
    "Drawn",
    "Outline",
    "Patch",
    "coverage",
    "dots",
    "grain",
    "lobed",
    "patch_around",
    "spot",
]

F32 = NDArray[np.float32]

_ANGLES = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """The pixels around one body.

    Attributes
    ----------
    left, top : pixel of the field that is the patch's first.
    u, v : float32 (height, width), µm from the body's centre to each pixel's centre, right and down.
    um_per_px : size of a pixel.
    """

    left: int
    top: int
    u: F32
    v: F32
    um_per_px: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The absorbance of one body in the patch around it.

    Attributes
    ----------
    layer : float32 (height, width, 3), of what lies in a red cell and along its edge, or of another body.
    red : float32 (height, width, 3), of a red cell itself; None for another body.
    """

    patch: Patch
    layer: F32
    red: F32 | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A closed outline around a body's centre, for each angle one radius.

    Attributes
    ----------
    radii_um : float32 (256,), radius at the angles 0, 2 pi / 256, ... from the u axis towards v.
    """

    radii_um: F32

    def extent_um(self) -> tuple[float, float, float, float]:
        """Lowest u, lowest v, highest u, highest v of the outline, µm."""
        angles = np.arange(_ANGLES) * (2 * np.pi / _ANGLES)
        u, v = self.radii_um * np.cos(angles), self.radii_um * np.sin(angles)
        return float(u.min()), float(v.min()), float(u.max()), float(v.max())

    def at(self, angle: float) -> float:
        """Radius (µm) at an angle (radians)."""
        return float(self.radii_um[int(angle * _ANGLES / (2 * np.pi)) % _ANGLES])

    def polar(self, patch: Patch, u: float = 0.0, v: float = 0.0) -> tuple[F32, F32]:
        """Depth below the outline (µm, negative outside), and radius over the outline's (1 on it).

        Parameters
        ----------
        u, v : µm from the patch's centre to the outline's.
        """
        distance, angle = cv2.cartToPolar(patch.u - np.float32(u), patch.v - np.float32(v))
        place = angle * np.float32(_ANGLES / (2 * np.pi))
        index = place.astype(np.int32)
        step = place - index
        ring = np.append(self.radii_um, self.radii_um[:2])
        first = ring[index]
        limit = first + step * (ring[index + 1] - first)
        slope = np.gradient(ring) * (_ANGLES / (2 * np.pi)) / ring
        lean = (1 / np.sqrt(1 + slope * slope)).astype(np.float32)
        return (limit - distance) * lean[index], distance / limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Crescent:
    """A banana around a body's centre.

    Attributes
    ----------
    length_um, width_um : from horn to horn, and at the middle.
    bend : height of the curve as a part of half the length.
    turn : angle of the long axis, radians from the u axis towards v.
    """

    length_um: float
    width_um: float
    bend: float
    turn: float

    def extent_um(self) -> tuple[float, float, float, float]:
        """Lowest u, lowest v, highest u, highest v of the outline, µm."""
        part = np.linspace(-1, 1, 129)
        middle, half_width = self._middle(part), self._half_width(part)
        across = np.concatenate([middle - half_width, middle + half_width])
        along = np.tile(part * self.length_um / 2, 2)
        u = along * np.cos(self.turn) - across * np.sin(self.turn)
        v = along * np.sin(self.turn) + across * np.cos(self.turn)
        return float(u.min()), float(v.min()), float(u.max()), float(v.max())

    def polar(self, patch: Patch) -> tuple[F32, F32]:
        """Depth below the surface (µm, negative outside), and distance from the axis over the surface's."""
        along = patch.u * np.cos(self.turn) + patch.v * np.sin(self.turn)
        across = patch.v * np.cos(self.turn) - patch.u * np.sin(self.turn)
        part = along / (self.length_um / 2)
        half_width = self._half_width(part)
        distance = np.abs(across - self._middle(part))
        depth = np.where(np.abs(part) > 1, -distance - 1.0, half_width - distance)
        return depth.astype(np.float32), (distance / np.maximum(half_width, 0.05)).astype(np.float32)

    def _middle(self, part: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.asarray(self.bend * self.length_um / 2 * (0.5 - part * part))

    def _half_width(self, part: NDArray[np.floating]) -> NDArray[np.floating]:
        return np.asarray(self.width_um / 2 * np.sqrt(np.clip(1 - np.abs(part) ** 2.6, 0, 1)))


def patch_around(x: float, y: float, reach_um: float, um_per_px: float) -> Patch:
    """The pixels within `reach_um` (and two pixels more) of the point (x, y), px of the field."""
    reach = reach_um / um_per_px + 2
    left, right = int(np.floor(x - reach)), int(np.ceil(x + reach))
    top, bottom = int(np.floor(y - reach)), int(np.ceil(y + reach))
    u = (np.arange(left, right) + 0.5 - x) * um_per_px
    v = (np.arange(top, bottom) + 0.5 - y) * um_per_px
    grid_u, grid_v = np.meshgrid(u.astype(np.float32), v.astype(np.float32))
    return Patch(left=left, top=top, u=grid_u, v=grid_v, um_per_px=um_per_px)


def lobed(
    rng: np.random.Generator,
    radius_um: float,
    *,
    aspect: float = 1.0,
    rough: float = 0.02,
    spikes: float = 0.0,
    contacts: Sequence[tuple[float, float]] = (),
) -> Outline:
    """An ellipse with low-order bumps, turned by chance; its area is that of a circle of `radius_um`.

    Parameters
    ----------
    aspect : long axis over short axis.
    rough : amplitude of the bumps (orders 2 to 6) as a part of the radius.
    spikes : height of 9 to 16 regular spikes (a burr cell) as a part of the radius.
    contacts : angle (radians) and distance (µm) of straight lines that cut the outline off, as a neighbour
        does that presses against it.
    """
    angles = np.arange(_ANGLES) * (2 * np.pi / _ANGLES)
    turned = angles - rng.uniform(0, 2 * np.pi)
    radii = 1 / np.sqrt(np.cos(turned) ** 2 / aspect + np.sin(turned) ** 2 * aspect)
    orders = np.arange(2, 7)
    amplitudes = rough * rng.normal(size=5) * (2.0 / orders) ** 0.8
    phases = rng.uniform(0, 2 * np.pi, 5)
    radii *= 1 + (amplitudes[:, None] * np.cos(orders[:, None] * angles + phases[:, None])).sum(axis=0)
    if spikes > 0:
        wobble = np.abs(np.cos(rng.integers(9, 17) * angles / 2 + 0.4 * np.sin(3 * angles + phases[0])))
        radii *= 1 + spikes * (wobble**4 - 0.4)
    radii = np.maximum(radii, 0.25)
    radii *= radius_um / np.sqrt(np.mean(radii**2))
    for angle, distance in contacts:
        cosine = np.cos(angles - angle)
        cut = distance / np.maximum(cosine, 1e-3)
        radii = np.where(cosine > 0, np.minimum(radii, cut), radii)
    if contacts:
        radii = np.convolve(np.concatenate([radii[-8:], radii, radii[:8]]), np.full(17, 1 / 17), "valid")
    return Outline(radii_um=radii.astype(np.float32))


def coverage(depth_um: F32, soft_um: float) -> F32:
    """1 inside, 0 outside, with a ramp of `soft_um` centred on the outline."""
    return np.asarray(np.clip(depth_um / np.float32(soft_um) + np.float32(0.5), 0, 1), np.float32)


def spot(patch: Patch, place: tuple[float, float], radius_um: float, soft_um: float = 0.0) -> F32:
    """Coverage of a disc centred at `place` (u, v) µm."""
    distance = cv2.magnitude(patch.u - np.float32(place[0]), patch.v - np.float32(place[1]))
    return coverage(np.float32(radius_um) - np.asarray(distance, np.float32), max(soft_um, patch.um_per_px))


def dots(
    patch: Patch, places: NDArray[np.floating], radii_um: NDArray[np.floating], soft_um: float = 0.0
) -> F32:
    """Highest coverage of many discs, drawn each in its own small window.

    Parameters
    ----------
    places : (n, 2) centres (u, v), µm.
    radii_um : (n,) radii.
    """
    result = np.zeros_like(patch.u)
    soft = max(soft_um, patch.um_per_px)
    for (u, v), radius in zip(places.tolist(), radii_um.tolist(), strict=True):
        reach = radius + soft
        columns = np.searchsorted(patch.u[0], (u - reach, u + reach))
        rows = np.searchsorted(patch.v[:, 0], (v - reach, v + reach))
        window = (slice(*rows), slice(*columns))
        if result[window].size:
            distance = np.hypot(patch.u[window] - np.float32(u), patch.v[window] - np.float32(v))
            np.maximum(result[window], coverage(np.float32(radius) - distance, soft), out=result[window])
    return result


def grain(patch: Patch, rng: np.random.Generator, size_um: float) -> F32:
    """Smooth noise of mean 0 and standard deviation of about 1, with bumps `size_um` across."""
    height, width = patch.u.shape
    shrink = max(size_um / patch.um_per_px, 1.0)
    rows, columns = max(3, int(np.ceil(height / shrink))), max(3, int(np.ceil(width / shrink)))
    coarse = rng.standard_normal((rows, columns), dtype=np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
