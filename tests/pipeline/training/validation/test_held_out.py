"""What is stated of slides left out is measured as a count measures a slide."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.manifest import MiddleLogits
from pipeline.training.data.crops import LabelledCrops
from pipeline.training.validation.held_out import measured_figures


class Level:
    """Answers with a crop's first level as the logit, and with no stage."""

    def run(self, batch: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        logits = (batch[:, 0, 0, :1].astype(np.float32) - np.float32(128)) / np.float32(12)
        return logits.astype(np.float32), np.zeros((len(batch), 0), np.float32)


def slide(name: str, clean: int, infected: int) -> LabelledCrops:
    """Clean cells about a logit of -6, infected ones about 5, and one of each that looks like the others."""
    rng = np.random.default_rng(clean)
    logits = np.concatenate([rng.normal(-6, 1, clean - 1), [5], rng.normal(5, 1, infected - 1), [-6]])
    number = clean + infected
    levels = np.clip(128 + 12 * logits, 0, 255).astype(np.uint8)
    return LabelledCrops(
        crops=np.broadcast_to(levels[:, None, None, None], (number, 4, 4, 4)).copy(),
        labels=np.where(np.arange(number) < clean, "uninfected", "parasitized"),
        group=np.full(number, name),
        names=np.full(number, name),
        places=np.zeros((number, 2)),
    )


def test_many_infected_cells_do_not_raise_the_middle_of_the_clean_ones() -> None:
    # A count holds the median of the cells that are not called against this range.
    figures = measured_figures(Level(), {"a": slide("a", 400, 25), "b": slide("b", 300, 280)}, None)
    middles = MiddleLogits.model_validate(figures["middles"])
    assert middles.high == pytest.approx(middles.low, abs=0.3)
