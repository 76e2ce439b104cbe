"""Red cells pressed flat on one side by a neighbour, drawn for a few angles and turned to fit all others."""

from collections.abc import Sequence

import numpy as np

from pipeline.synthetic.layout import Body
from pipeline.synthetic.scan.stamps import Placed, shared_count, stamped
from pipeline.synthetic.settings import RenderSettings

__all__ = ["PressedCells"]

_ANGLES = 8  # between 0 and 45 degrees; turns and mirrors make 64 of a full circle
_SHARES = (0.74, 1.02)  # of the radius, from the centre to the flat side: as near as pressed cells come


class PressedCells:
    """The shared drawings of pressed cells of one style; always the same."""

    def __init__(self, styles: Sequence[RenderSettings], style: int) -> None:
        settings = styles[style]
        rng = np.random.default_rng([settings.seed, 11, style])
        self._style = style
        self._by_angle = []
        for number in range(_ANGLES):
            angle = (number + 0.5) * np.pi / 4 / _ANGLES
            bodies = []
            for share in np.linspace(*_SHARES, max(4, shared_count(styles, style) // 16)):
                radius_um = settings.cell_um / 2 * (1 + 0.03 * settings.variation * rng.uniform(-1, 1))
                seed = int(rng.integers(2**62))
                contact = (float(angle), float(share * radius_um))
                bodies.append(_cell(float(radius_um), seed, contact))
            self._by_angle.append(tuple(bodies))

    def at(self, place: tuple[float, float], angle: float, distance_um: float) -> Placed:
        """The pressed cell at `place` whose flat side is nearest to an angle (radians) and a distance."""
        upright, turn = _unturned(angle)
        bodies = self._by_angle[min(int(upright / (np.pi / 4) * _ANGLES), _ANGLES - 1)]
        nearest = min(bodies, key=lambda body: abs(body.contacts[0][1] - distance_um))
        return Placed(body=stamped(nearest, place), style=self._style, turn=turn, shared=True)


def _cell(radius_um: float, seed: int, contact: tuple[float, float]) -> Body:
    return Body(
        kind="red_cell",
        label="uninfected",
        x=0.0,
        y=0.0,
        radius_um=radius_um,
        seed=seed,
        contacts=(contact,),
    )


def _unturned(angle: float) -> tuple[float, int]:
    """The angle between 0 and 45 degrees that a turn (see `Placed`) brings to `angle`, and that turn."""
    past = angle % (np.pi / 2)
    if past <= np.pi / 4:
        return past, round((past - angle) / (np.pi / 2)) % 4
    upright = np.pi / 2 - past
    return upright, 4 + round((np.pi - upright - angle) / (np.pi / 2)) % 4
