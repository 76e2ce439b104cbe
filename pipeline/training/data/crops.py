"""Labelled crops for the classifier: pre-cut cells, and cells cut from fields as a count cuts them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifier.crops import CROP_PX, object_crops, red_cell_crops
from classifier.precut import as_cut
from classifier.predict import STAGES
from classifier.specks import FULL_LIGHT, SPECK_PX, empty_ground, find_specks
from classifier.stain import even_stain
from classifier.training.fit import UNKNOWN_STAGE
from pipeline.evaluation.labelled import INFECTED_LABELS, CropSet, FieldSet, read_crops, read_field_set
from pipeline.evaluation.matching.cells import match_boxes, match_points
from pipeline.networks import Detector
from pipeline.planning.field import field_light, plan_field, read_window
from pipeline.reader.slide import open_slide
from pipeline.synthetic.field import RenderSettings, crescent_settings, render_set, varied_settings
from pipeline.training.data.cell_lights import film_lights
from pipeline.training.data.fields import field_scale, fields_of_one_scale
from segmentation.cell_colour import usual_absorbance
from segmentation.detections import Detections, Kind
from segmentation.resample import WHITE_LEVEL, halve
from segmentation.scale import RED_CELL_UM
from segmentation.segment import SURE_PEAK, SegmentedCells, segment

__all__ = ["LabelledCrops", "Surroundings", "field_crops", "precut_crops", "rendered_crops", "surroundings"]

RENDERED_SLIDES = 240
CLEAN_SOURCES = ("chula", "bccd", "draaslan", "uganda", "txl_pbc")
"""Sets of people without malaria: no red cell there is infected."""
SURROUNDED_FIELDS = 30
"""Fields that surroundings are taken from."""
OTHER_KINDS = ("white_blood_cell", "platelet")
"""Labels of what is no red cell: never infected, and what a late stage may be taken for."""
PARASITES_ON_GROUND = ("trip_thin",)
"""Sets whose specks are no dirt: burst schizonts and free merozoites lie on their ground."""
SPECKS_A_FIELD = 60
"""Specks that are kept of a field: a soiled film must not be the whole bank."""
FEW_MISSED = ("trip_thin",)
"""Sets whose fields are not labelled whole, but where few infected cells were missed."""
POINT_REACH = 0.5
"""A labelled point belongs to the detection whose centre is nearer than this many cell diameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledCrops:
    """Crops with their labels.

    Attributes
    ----------
    crops : uint8 (n, CROP_PX, CROP_PX, 4), see `classifier.crops`.
    labels : str (n,), as in cells.csv or crops.csv.
    group : str (n,), patient or slide. names : str (n,), the crop's file or its field.
    places : float64 (n, 2), centre in px of the field's picture, NaN for pre-cut cells.
    """

    crops: NDArray[np.uint8]
    labels: NDArray[np.str_]
    group: NDArray[np.str_]
    names: NDArray[np.str_]
    places: NDArray[np.float64]

    @property
    def infected(self) -> NDArray[np.bool_]:
        """bool (n,)."""
        return np.isin(self.labels, INFECTED_LABELS)

    @property
    def stage(self) -> NDArray[np.int64]:
        """int64 (n,), place in `STAGES`, UNKNOWN_STAGE where the label names none."""
        places = {name: place for place, name in enumerate(STAGES)}
        return np.asarray([places.get(str(label), UNKNOWN_STAGE) for label in self.labels], np.int64)

    def take(self, which: NDArray[np.bool_]) -> "LabelledCrops":
        """The chosen ones."""
        return LabelledCrops(
            crops=self.crops[which],
            labels=self.labels[which],
            group=self.group[which],
            names=self.names[which],
            places=self.places[which],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What lies around red cells, each taken out and white in its place, and specks of the ground between.

    Attributes
    ----------
    crops : uint8 (n, CROP_PX, CROP_PX, 3). source, group : str (n,), set and slide.
    specks : uint8 (m, SPECK_PX, SPECK_PX, 3), see `classifier.specks`. speck_groups : str (m,), slide.
    """

    crops: NDArray[np.uint8]
    source: NDArray[np.str_]
    group: NDArray[np.str_]
    specks: NDArray[np.uint8]
    speck_groups: NDArray[np.str_]

    @classmethod
    def joined(cls, parts: Sequence["Surroundings"]) -> "Surroundings":
        """All of them as one."""
        return cls(
            crops=np.concatenate([part.crops for part in parts]),
            source=np.concatenate([part.source for part in parts]),
            group=np.concatenate([part.group for part in parts]),
            specks=np.concatenate([part.specks for part in parts]),
            speck_groups=np.concatenate([part.speck_groups for part in parts]),
        )


def precut_crops(source: CropSet) -> LabelledCrops:
    """Every crop of a set of pre-cut cells, made to look as the pipeline cuts them.

    Some are evened by their person's usual cell, as in a count, the others by themselves, as alone.
    """
    table = source.crops
    names = table["crop"].astype(str).tolist()
    lights = film_lights(read_crops(source, names), table["patient"].to_numpy(np.str_))
    crops = np.stack(
        [
            as_cut(picture, CROP_PX, light)
            for picture, light in zip(read_crops(source, names), lights, strict=True)
        ]
    )
    return LabelledCrops(
        crops=crops,
        labels=table["label"].to_numpy(np.str_),
        group=table["patient"].to_numpy(np.str_),
        names=np.asarray(names),
        places=np.full((len(names), 2), np.nan),
    )


def field_crops(fields: FieldSet, slides: Sequence[str], detector: Detector) -> LabelledCrops:
    """Red cells that the detector finds in the fields of `slides` and that match a labelled cell.

    Of people without malaria everything that the detector takes for a red cell is taken, labelled or not.
    """
    parts: list[LabelledCrops] = []
    for slide, names, um_per_px in _scaled(fields, slides):
        for name in names:
            parts.append(_of_field(fields, name, slide, um_per_px, detector))
    return _joined(parts)


def surroundings(
    fields: FieldSet, slides: Sequence[str], detector: Detector, rng: np.random.Generator
) -> Surroundings:
    """What lies around the red cells of some fields of `slides`, and on their empty ground."""
    crops, groups = [np.empty((0, CROP_PX, CROP_PX, 3), np.uint8)], [np.empty(0, np.str_)]
    specks, speck_groups = [np.empty((0, SPECK_PX, SPECK_PX, 3), np.uint8)], [np.empty(0, np.str_)]
    scaled = [(slide, name, size) for slide, names, size in _scaled(fields, slides) for name in names]
    for which in rng.permutation(len(scaled))[:SURROUNDED_FIELDS]:
        slide, name, um_per_px = scaled[which]
        whole = _segmented(fields.image_path(name), um_per_px, detector)
        picture, cells = whole.picture, whole.cells
        seen = red_cell_crops(whole.evened, cells).astype(np.float32)
        on_cell = seen[..., 3:] / 255
        crops.append(np.rint(seen[..., :3] * (1 - on_cell) + WHITE_LEVEL * on_cell).astype(np.uint8))
        groups.append(np.full(len(seen), slide, dtype=np.str_(slide).dtype))
        if fields.name not in PARASITES_ON_GROUND:
            ground = empty_ground(halve(picture).shape[:2], cells.everything)
            found = find_specks(picture, ground).passed[:SPECKS_A_FIELD]
            specks.append(even_stain(found, whole.absorbance, FULL_LIGHT))
            speck_groups.append(np.full(len(found), slide, dtype=np.str_(slide).dtype))
    group = np.concatenate(groups)
    return Surroundings(
        crops=np.concatenate(crops),
        source=np.full(len(group), fields.name),
        group=group,
        specks=np.concatenate(specks),
        speck_groups=np.concatenate(speck_groups),
    )


def _scaled(fields: FieldSet, slides: Sequence[str]) -> Iterator[tuple[str, list[str], float]]:
    """Each slide that has a labelled scale, its fields, and that scale in µm per px."""
    for slide, names in fields_of_one_scale(fields, slides):
        um_per_px = field_scale(fields, names)
        if um_per_px is not None:
            yield slide, names, um_per_px


def _joined(parts: Sequence[LabelledCrops]) -> LabelledCrops:
    return LabelledCrops(
        crops=np.concatenate([part.crops for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
        group=np.concatenate([part.group for part in parts]),
        names=np.concatenate([part.names for part in parts]),
        places=np.concatenate([part.places for part in parts]),
    )


def rendered_crops(detector: Detector, rng: np.random.Generator, folder: Path) -> LabelledCrops:
    """Cells cut from rendered fields with much dirt and many platelets, written into `folder` first.

    Every fourth field is rich in crescents.
    """
    parts = []
    for number in range(RENDERED_SLIDES):
        base = RenderSettings(width=720, height=720, um_per_px=0.15, seed=number, parasitaemia=0.25)
        varied = varied_settings(rng, base) if number % 4 else crescent_settings(rng, base)
        settings = replace(varied, dirt=float(rng.uniform(10, 60)), platelets=float(rng.uniform(5, 30)))
        fields = read_field_set(render_set(settings, folder / f"slide-{number}"))
        parts.append(field_crops(fields, fields.fields["slide"].tolist(), detector))
    return _joined(parts)


def _of_field(fields: FieldSet, name: str, slide: str, um_per_px: float, detector: Detector) -> LabelledCrops:
    whole = _segmented(fields.image_path(name), um_per_px, detector)
    found, step = whole.cells.found, whole.step
    crops = object_crops(whole.evened, whole.cells, np.ones(len(found), bool))
    label = _labels(fields, name, found, um_per_px, step)
    known = np.isin(label, ("uninfected", *OTHER_KINDS, *INFECTED_LABELS))
    return LabelledCrops(
        crops=crops[known],
        labels=label[known],
        group=np.full(known.sum(), slide, dtype=np.str_(slide).dtype),
        names=np.full(known.sum(), name, dtype=np.str_(name).dtype),
        places=found.centres[known].astype(np.float64) * step,
    )


def _labels(
    fields: FieldSet, name: str, found: Detections, um_per_px: float, step: float
) -> NDArray[np.str_]:
    """Label of each object found, str (n,), empty where nothing is known of it.

    An infected cell keeps its label whatever kind the detector takes it for: late stages are red cells.
    """
    truth = fields.cells_of(name)
    red = found.kinds == Kind.RED_CELL
    label = np.full(len(found), "", dtype="U20")
    if fields.name in CLEAN_SOURCES:
        label[red] = "uninfected"
        label[found.kinds == Kind.WHITE_CELL] = "white_blood_cell"
        label[found.kinds == Kind.PLATELET] = "platelet"
    elif fields.name in FEW_MISSED:
        label[red] = "uninfected"
    boxes = truth[["xmin", "ymin", "xmax", "ymax"]].to_numpy(np.float64)
    if np.isnan(boxes).any():
        reach = POINT_REACH * RED_CELL_UM / um_per_px
        points = truth[["x", "y"]].to_numpy(np.float64)
        pairs = match_points(points, found.centres.astype(np.float64) * step, reach)
    else:
        pairs = match_boxes(boxes, found.boxes.astype(np.float64) * step)
    stated = truth["label"].to_numpy(np.str_)[pairs[:, 0]]
    sure = red[pairs[:, 1]] | (stated != "uninfected")
    label[pairs[sure, 1]] = stated[sure]
    return label


@dataclass(frozen=True, slots=True, kw_only=True)
class _SegmentedField:
    """A whole field at crop scale, what is found in it as one tile, and level-0 px per detector px.

    Attributes
    ----------
    absorbance : of the usual red cell, see `classifier.stain`.
    """

    picture: NDArray[np.uint8]
    cells: SegmentedCells
    step: float
    absorbance: tuple[float, float, float] | None

    @property
    def evened(self) -> NDArray[np.uint8]:
        """uint8, as `picture`."""
        return even_stain(self.picture, self.absorbance)


def _segmented(path: Path, um_per_px: float, detector: Detector) -> _SegmentedField:
    with open_slide(path) as slide:
        field = slide.fields[0]
        plan = plan_field(0, field, um_per_px, field_light(field))
        picture = read_window(field, plan.grid, plan.light, (0, 0, plan.grid.width, plan.grid.height))
    core = (0, 0, plan.grid.width // 2, plan.grid.height // 2)
    cells = segment(picture, core, detector.network, max(detector.manifest.threshold, SURE_PEAK))
    red = cells.found.boxes[cells.found.kinds == Kind.RED_CELL]
    return _SegmentedField(
        picture=picture, cells=cells, step=plan.step, absorbance=usual_absorbance(halve(picture), red)
    )
