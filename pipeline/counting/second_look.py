"""Cells that deserve a second look: those that stand far above the slide's own clean ones.

Fitted on pictures of healthy and of infected people: `docs/lab/second_look.md`.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.records import DebrisControl, SecondLook

__all__ = ["DOUBTFUL_P", "LogitCounts", "deserves_a_look", "logit_of", "second_look"]

DOUBTFUL_P = 0.05
"""Least probability of a cell that deserves a second look."""
FAR_ABOVE = 4.0
"""Robust standard deviations above the slide's middle logit from which on a cell stands out."""
LEAST_SPREAD = 0.3
"""Least robust standard deviation, logits: what the steps of an int8 network alone give."""
DOUBTFUL_RATE = 0.002
"""Clean cells of p 0.05 and more, as a share; on 178 pictures of healthy people 5 to 19 in 10,000."""
LEAST_CLEAN = 0.25
"""Share of a slide's red cells that are clean at least."""
LEAST_CELLS = 2
"""Fewest cells that make a slide uncertain: of 178 healthy pictures 16 had one."""
RARE = 0.05
"""Chance below which so many cells are not explained by a clean slide."""
LEAST_QUARTERED, CLEAN_SHARE = 30, 0.75
"""Fewest cells not called whose upper quartile says something of their slide, and the share below that."""
LOGIT_MAX, LOGIT_STEP = 16.0, 0.02
"""Greatest logit that is told apart, and the width of the bins that they are counted in."""
_BINS = round(2 * LOGIT_MAX / LOGIT_STEP)
_BELOW_MIDDLE = 0.1587
"""Share of a normal distribution below one standard deviation under its middle."""


@dataclass(slots=True)
class LogitCounts:
    """How many cells have which logit: whole numbers, the same in whatever order the cells come."""

    bins: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_BINS, np.int64))

    def add(self, probabilities: NDArray[np.float64]) -> None:
        """Add cells by their probabilities, float64 (n,), 0 to 1; NaN is left out."""
        known = probabilities[~np.isnan(probabilities)]
        with np.errstate(divide="ignore"):
            logits = np.log(known) - np.log1p(-known)
        places = np.floor((np.clip(logits, -LOGIT_MAX, LOGIT_MAX) + LOGIT_MAX) / LOGIT_STEP)
        self.bins += np.bincount(np.minimum(places, _BINS - 1).astype(np.int64), minlength=_BINS)

    @property
    def cells(self) -> int:
        """Cells that were added."""
        return int(self.bins.sum())

    def quantile(self, share: float) -> float:
        """Logit that this share of the cells (one at least) does not pass, the middle of its bin."""
        place = int(np.searchsorted(np.cumsum(self.bins), max(1.0, share * self.cells)))
        return -LOGIT_MAX + (place + 0.5) * LOGIT_STEP

    def middle_below(self, logit: float) -> float:
        """Median of the cells below `logit`, or of the lowest quarter where these are fewer.

        So it is a clean cell's even where half are infected; no film has three infected cells in four.
        """
        _, above = self.from_logit(logit)
        return self.quantile(max(1 - above / max(self.cells, 1), LEAST_CLEAN) / 2)

    def clean_quartile(self, logit: float) -> float | None:
        """Logit that three quarters of the cells below `logit` do not pass; None where these are few.

        Where a quarter of a film's clean cells come near the threshold, as on a badly dried one, some of
        them pass it. No film has so many infected cells that are missed.
        """
        clean = self.cells - self.from_logit(logit)[1]
        if clean < LEAST_QUARTERED:
            return None
        return round(self.quantile(CLEAN_SHARE * clean / self.cells), 2)

    def from_logit(self, logit: float) -> tuple[float, int]:
        """The first edge of a bin that is not below `logit`, and the cells from there on."""
        place = min(max(math.ceil((logit + LOGIT_MAX) / LOGIT_STEP - 1e-9), 0), _BINS)
        return -LOGIT_MAX + place * LOGIT_STEP, int(self.bins[place:].sum())

    def between(self, logit: float, width: float) -> int:
        """Cells from `logit` on, up to `width` above it."""
        return self.from_logit(logit)[1] - self.from_logit(logit + width)[1]


def logit_of(probability: float) -> float:
    """The logit of a probability above 0 and below 1."""
    return math.log(probability / (1 - probability))


def second_look(
    logits: LogitCounts, debris: DebrisControl | None, lifted: int = 0, clean_quartile: float | None = None
) -> SecondLook | None:
    """The cells that stand out of a slide; None where it has none at all.

    They have a probability of `DOUBTFUL_P` at least, and lie `FAR_ABOVE` the slide's middle. Its spread is
    taken below the middle, where no infected cell is.
    """
    if not logits.cells:
        return None
    middle = logits.quantile(0.5)
    spread = max(middle - logits.quantile(_BELOW_MIDDLE), LEAST_SPREAD)
    least, number = logits.from_logit(max(logit_of(DOUBTFUL_P), middle + FAR_ABOVE * spread))
    dirt = 0.0 if debris is None else debris.expected_doubtful_grains
    return SecondLook(
        middle=middle,
        spread=spread,
        least_p=1 / (1 + math.exp(-least)),
        cells=number,
        expected=DOUBTFUL_RATE * logits.cells + dirt,
        lifted=lifted,
        clean_quartile=clean_quartile,
    )


def deserves_a_look(look: SecondLook | None) -> bool:
    """Whether more cells stand out than a clean slide explains, or calls that strange clean cells lifted.

    The share of such cells differs from one clean slide to the next, as an exponential distribution does;
    their number is then geometric, and at least n has the chance (expected / (1 + expected)) to the power n.
    """
    if look is None:
        return False
    if look.lifted >= LEAST_CELLS:
        return True
    if look.cells < LEAST_CELLS:
        return False
    return (look.expected / (1 + look.expected)) ** look.cells < RARE
