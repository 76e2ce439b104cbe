"""What the detector is trained on beside labelled fields: rendered ones, some of them rich in crescents."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline.synthetic.field import RenderSettings, render_field
from pipeline.training.data import sets as sets_module
from pipeline.training.data.fields import detector_sample
from pipeline.training.data.sets import rendered_samples

FEW, SMALL_PX = 3, 160


@pytest.fixture
def settings_drawn(monkeypatch: pytest.MonkeyPatch) -> list[RenderSettings]:
    """Settings of the fields that are rendered, which are few and small; filled as they are."""
    drawn: list[RenderSettings] = []

    def watched(settings: RenderSettings, rng: np.random.Generator) -> Any:
        drawn.append(settings)
        return render_field(replace(settings, width=SMALL_PX, height=SMALL_PX), rng)

    monkeypatch.setattr(sets_module, "render_field", watched)
    monkeypatch.setattr(sets_module, "RENDERED_FIELDS", 2 * FEW)
    monkeypatch.setattr(sets_module, "CRESCENT_FIELDS", FEW)
    return drawn


def test_some_rendered_fields_are_rich_in_crescents_and_have_their_own_share(
    settings_drawn: list[RenderSettings],
) -> None:
    samples = rendered_samples(np.random.default_rng(0))
    assert len(samples) == len(settings_drawn) == 3 * FEW
    rich = [one.species == "falciparum" and one.stages[3] > 0.5 * sum(one.stages) for one in settings_drawn]
    assert rich[-FEW:] == [True] * FEW
    assert all(one.parasitaemia >= 0.1 for one in settings_drawn[-FEW:])
    weights = np.asarray([sample.weight for sample in samples])
    assert weights[:-FEW].sum() == pytest.approx(sets_module.RENDERED_SHARE)
    assert weights[-FEW:].sum() == pytest.approx(sets_module.CRESCENT_SHARE)


def test_of_every_rendered_field_all_three_kinds_are_known(settings_drawn: list[RenderSettings]) -> None:
    for sample in rendered_samples(np.random.default_rng(1)):
        assert (sample.asked == sample.asked[..., :1]).all()
        assert sample.asked.any()
        assert len(sample.cells.boxes) == len(sample.cells.kinds)
        assert sample.cells.has_box.all()


def test_windows_are_laid_around_infected_cells_white_cells_and_platelets() -> None:
    settings = RenderSettings(width=500, height=500, um_per_px=0.1875, parasitaemia=0.3, white_cells=5.0)
    field = render_field(settings, np.random.default_rng(2))
    sample = detector_sample(
        field.image, field.cells, um_per_px=settings.um_per_px, asked=(True, True, True), weight=1.0
    )
    labels = field.cells["label"].to_numpy()
    assert set(labels[sample.rare]) == set(labels) - {"uninfected", "difficult"}
    assert len(sample.rare) == int((~np.isin(labels, ("uninfected", "difficult"))).sum()) > 5
