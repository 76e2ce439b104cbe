"""What quality control judges, measured from the cells and the light of a slide's fields."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.planning.field import FieldPlan
from pipeline.planning.scale import SlideScale
from pipeline.quality.appearance import CellSample, Ground, field_features
from pipeline.quality.checks import FieldMeasures, SlideMeasures
from pipeline.quality.novelty import FieldFeatures
from segmentation.colours import TileColours, no_levels
from segmentation.sharpness import no_edges, sharpness

__all__ = ["SAMPLED_CELLS", "FieldSeen", "SlideSums", "features_of"]

SAMPLED_CELLS = 20_000
"""Most objects of a field that medians and percentiles are taken of: of more, every second, third ... one."""
CLIPPED_DEPTH = 254
"""Depth of stain from which on the darkest channel holds nothing."""
_SAMPLED = (
    *("kind", "at_border", "area_um2", "circularity", "focus", "diameter_um", "overlaps"),
    *("kind_number", "score", "red", "green", "blue"),
)
_NEEDED = (*_SAMPLED, "x_min", "y_min", "x_max", "y_max")
_NO_CELL: CellSample = {name: np.zeros(0) for name in (*_SAMPLED, "oblong")}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSeen:
    """What the tiles of a field add up to.

    Attributes
    ----------
    objects : of every kind.
    depths, levels, edges : int64 (256,) and twice (3, 256), sums over its pixels, see `TileColours`.
    share : of the field's area that was counted, 0 to 1.
    """

    objects: int
    depths: NDArray[np.int64]
    levels: NDArray[np.int64] = field(default_factory=no_levels)
    edges: NDArray[np.int64] = field(default_factory=no_edges)
    share: float = 1.0

    def with_tile(self, objects: int, colours: TileColours) -> Self:
        """The same and one tile more."""
        return replace(
            self,
            objects=self.objects + objects,
            depths=self.depths + colours.depths,
            levels=self.levels + colours.levels,
            edges=self.edges + colours.edges,
        )


@dataclass(slots=True, kw_only=True)
class _Sums:
    """Running sums of one field over its parts."""

    step: int
    objects: int = 0
    red_cells: int = 0
    overlapping: int = 0
    covered_um2: float = 0.0
    sample: list[CellSample] = field(default_factory=list)

    def add(self, cells: CellSample) -> None:
        red = cells["kind"] == "red_cell"
        some = slice(-self.objects % self.step, None, self.step)
        wide, high = (
            np.maximum(cells[f"{axis}_max"][some] - cells[f"{axis}_min"][some], 1e-6) for axis in "xy"
        )
        sampled = {name: cells[name][some] for name in _SAMPLED}
        self.sample.append(sampled | {"oblong": np.abs(np.log(wide / high))})
        self.objects += len(red)
        self.red_cells += int(red.sum())
        self.overlapping += int(cells["overlaps"][red].sum())
        self.covered_um2 += float(cells["area_um2"][red].sum())

    def sampled(self) -> CellSample:
        """The sample of all parts."""
        return {name: np.concatenate([one[name] for one in self.sample]) for name in (*_SAMPLED, "oblong")}


class SlideSums:
    """What is added up of a slide while the parts of its table go by."""

    def __init__(self, seen: Mapping[int, FieldSeen]) -> None:
        """`seen` is what the tiles of each field add up to, by its index."""
        self._fields = {
            index: _Sums(step=max(1, -(-field_seen.objects // SAMPLED_CELLS)))
            for index, field_seen in seen.items()
        }
        self._counted = 0

    def add(self, cells: pd.DataFrame) -> None:
        """Add a table of cells with `rules.FEATURE_COLUMNS`."""
        self._counted += int(cells["counted"].sum())
        columns = {name: cells[name].to_numpy() for name in _NEEDED}
        fields = cells["field_index"].to_numpy()
        for index in np.unique(fields).tolist():
            here = fields == index
            self._fields[index].add({name: values[here] for name, values in columns.items()})

    def measures(
        self, plans: Iterable[FieldPlan], seen: Mapping[int, FieldSeen], scale: SlideScale, failed_parts: int
    ) -> SlideMeasures:
        """Measures of the slide; `failed_parts` of it could not be worked on."""
        return SlideMeasures(
            fields=tuple(_field(plan, self._fields[plan.index], seen[plan.index]) for plan in plans),
            counted=self._counted,
            um_per_px=scale.um_per_px,
            scale_source=scale.source,
            scale_spread=scale.spread,
            rejected_um_per_px=scale.rejected_um_per_px,
            cells_um_per_px=scale.cells_um_per_px,
            failed_parts=failed_parts,
        )


def features_of(measures: SlideMeasures) -> list[FieldFeatures]:
    """Features of the fields that hold red cells."""
    return [field.features for field in measures.fields if field.features is not None]


def _field(plan: FieldPlan, found: _Sums, seen: FieldSeen) -> FieldMeasures:
    sample = found.sampled() if found.sample else _NO_CELL
    red = sample["kind"] == "red_cell"
    spoiled = plan.light.artefacts
    noise = spoiled.noise
    return FieldMeasures(
        red_cells=found.red_cells,
        objects=found.objects,
        covered_fraction=min(1.0, found.covered_um2 / (_lit_um2(plan) * max(seen.share, 1e-9))),
        overlaps_fraction=found.overlapping / found.red_cells if found.red_cells else 0.0,
        sharpness=sharpness(seen.edges),
        clipped_fraction=float(seen.depths[CLIPPED_DEPTH:].sum() / max(seen.depths.sum(), 1)),
        background_level=float(plan.light.white_point.mean()),
        saturated_fraction=plan.light.saturated_fraction,
        dark_fraction=plan.light.dark_fraction,
        median_diameter_um=float(np.nanmedian(sample["diameter_um"][red])) if red.any() else None,
        colour_difference=_colour_difference(sample, red),
        hue_spread=plan.light.hue_spread,
        features=field_features(sample, seen, found.covered_um2, _ground(plan), found.red_cells),
        lattice=plan.light.lattice,
        hue_turns=spoiled.hue_turns,
        enlarged=spoiled.enlarged,
        blocks=spoiled.blocks,
        colours_a_level=spoiled.colours_a_level,
        light_noise=None if noise is None else noise.light_at(plan.grid.step),
        colour_noise=None if noise is None else noise.colour_at(plan.step),
    )


def _ground(plan: FieldPlan) -> Ground:
    return Ground(
        white_point=plan.light.white_point,
        saturated_fraction=plan.light.saturated_fraction,
        dark_fraction=plan.light.dark_fraction,
    )


def _colour_difference(sample: CellSample, red: NDArray[np.bool_]) -> float | None:
    """Difference from grey that one red cell in ten passes, see `FieldMeasures`."""
    if not red.any():
        return None
    colours = np.stack([sample[name][red].astype(np.float64) for name in ("red", "green", "blue")], axis=1)
    return float(np.percentile(np.abs(colours - colours.mean(axis=1, keepdims=True)).max(axis=1), 90))


def _lit_um2(plan: FieldPlan) -> float:
    """Area of the field that is lit, µm²."""
    view = plan.light.view
    lit_px = plan.width * plan.height if view is None else float(view.mask.sum()) * view.px**2
    return lit_px * plan.um_per_px**2
