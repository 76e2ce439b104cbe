"""Which labelled fields train the detector, and which are left out to measure it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.errors import InputError
from pipeline.evaluation.labelled import FieldSet, read_crop_set, read_field_set
from pipeline.synthetic.field import RenderSettings, crescent_settings, render_field, varied_settings
from pipeline.training.data.fields import detector_sample, field_samples
from segmentation.resample import CROP_UM_PER_PX
from segmentation.training.fit import DetectorSample

__all__ = ["FIELD_SETS", "detector_samples", "field_sets", "kept_slides", "rendered_samples"]

FIELD_SETS = {
    "iml": 0.34,
    "nih_fields": 0.12,
    "chula": 0.12,
    "draaslan": 0.06,
    "bccd": 0.08,
    "bbbc041": 0.14,
    "trip_thin": 0.08,
    "txl_pbc": 0.06,
    "uganda": 0.0,
}
"""Sets and how often the detector's training pictures are drawn from each, relative to the rendered ones.

`uganda` has no label at all: its cells train the classifier alone."""
RENDERED_SHARE, CRESCENT_SHARE = 0.14, 0.06
RENDERED_FIELDS, CRESCENT_FIELDS, RENDERED_SIDE_PX = 96, 32, 720


def detector_samples(data: Path, leave_out: Sequence[str], seed: int) -> list[DetectorSample]:
    """Samples of every labelled field but those left out, and rendered fields.

    Parameters
    ----------
    data : folder of the labelled sets. leave_out : names of sets or slides.
    """
    samples: list[DetectorSample] = []
    for fields in field_sets(data, leave_out):
        slides = kept_slides(fields, leave_out)
        if slides and FIELD_SETS[fields.name] > 0:
            samples.extend(field_samples(fields, slides, weight=FIELD_SETS[fields.name]))
    return samples + rendered_samples(np.random.default_rng((seed, 1)))


def field_sets(data: Path, leave_out: Sequence[str]) -> list[FieldSet]:
    """The labelled sets that are there.

    Raises
    ------
    InputError
        Where none is, or where `leave_out` names no set, slide or patient of them.
    """
    sets = [read_field_set(data / name) for name in FIELD_SETS if (data / name).is_dir()]
    if not sets:
        names = ", ".join(FIELD_SETS)
        raise InputError(f"{data} holds no labelled set; expected folders named {names}; pass another --data")
    known = {fields.name for fields in sets}.union(*(set(fields.fields["slide"]) for fields in sets))
    if (data / "nih_crops").is_dir():
        known |= {"nih_crops", *read_crop_set(data / "nih_crops").crops["patient"]}
    strangers = sorted(set(leave_out) - known)
    if strangers:
        raise InputError(
            f"no set, slide or patient of {data} is called {', '.join(strangers)}; "
            "mend --leave-out or pass another --data"
        )
    return sets


def kept_slides(fields: FieldSet, leave_out: Sequence[str]) -> list[str]:
    """Slides of a set that are not left out, sorted."""
    if fields.name in leave_out:
        return []
    return sorted(set(fields.fields["slide"]) - set(leave_out))


def rendered_samples(rng: np.random.Generator) -> list[DetectorSample]:
    """Rendered fields, each of another stain, light and film, as samples; some are rich in crescents."""
    base = RenderSettings(width=RENDERED_SIDE_PX, height=RENDERED_SIDE_PX, um_per_px=CROP_UM_PER_PX)
    samples = []
    for _ in range(RENDERED_FIELDS):
        parasitaemia = float(rng.choice([0.0, rng.uniform(0.0, 0.3)]))
        settings = varied_settings(
            rng, replace(base, parasitaemia=parasitaemia, round_view=bool(rng.random() < 0.15))
        )
        samples.append(_rendered(settings, rng, RENDERED_SHARE / RENDERED_FIELDS))
    for _ in range(CRESCENT_FIELDS):
        settings = crescent_settings(rng, base)
        samples.append(_rendered(settings, rng, CRESCENT_SHARE / CRESCENT_FIELDS))
    return samples


def _rendered(settings: RenderSettings, rng: np.random.Generator, weight: float) -> DetectorSample:
    rendered = render_field(settings, rng)
    asked = (True, True, True)
    return detector_sample(
        rendered.image, rendered.cells, um_per_px=CROP_UM_PER_PX, asked=asked, weight=weight
    )
