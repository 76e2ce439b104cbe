"""What quality control looks at, measured from the cells and the light of a slide's fields."""

from collections.abc import Sequence

import pandas as pd

from pipeline.familiar import FieldLooks
from pipeline.field_looks import field_looks
from pipeline.field_plan import FieldPlan
from pipeline.quality import FieldMeasures, SlideMeasures
from pipeline.slide_scale import SlideScale
from pipeline.tile_work import TileCells

__all__ = ["looks_of", "slide_measures"]


def slide_measures(
    table: pd.DataFrame,
    plans: Sequence[FieldPlan],
    found: Sequence[TileCells],
    scale: SlideScale,
    tile_numbers: tuple[int, int],
) -> SlideMeasures:
    """Measures of a slide.

    Parameters
    ----------
    table : one row an object, columns `CELL_COLUMNS`.
    tile_numbers : tiles that failed, and tiles in all.
    """
    tiles: dict[int, list[TileCells]] = {}
    for cells in found:
        tiles.setdefault(cells.field, []).append(cells)
    groups = {str(name): group for name, group in table.groupby("field", sort=False)}
    fields = tuple(
        _field(plan, groups.get(plan.name, table.iloc[:0]), tiles.get(plan.index, [])) for plan in plans
    )
    return SlideMeasures(
        fields=fields,
        counted=int(table["counted"].sum()),
        um_per_px=scale.um_per_px,
        scale_source=scale.source,
        scale_spread=scale.spread,
        doubted_um_per_px=scale.doubted_um_per_px,
        failed_tiles=tile_numbers[0],
        all_tiles=tile_numbers[1],
    )


def looks_of(measures: SlideMeasures) -> list[FieldLooks]:
    """Looks of the fields that hold red cells."""
    return [field.looks for field in measures.fields if field.looks is not None]


def _field(plan: FieldPlan, cells: pd.DataFrame, tiles: Sequence[TileCells]) -> FieldMeasures:
    red = cells[cells["kind"] == "red_cell"]
    view = plan.light.view
    lit_px = plan.width * plan.height if view is None else float(view.mask.sum()) * view.px**2
    covered = float(red["area_um2"].sum()) / (lit_px * plan.um_per_px**2)
    return FieldMeasures(
        red_cells=len(red),
        objects=len(cells),
        covered_fraction=min(1.0, covered),
        overlaps_fraction=float(red["overlaps"].mean()) if len(red) else 0.0,
        median_focus=float(red["focus"].median()) if len(red) else None,
        background_level=float(plan.light.white_point.mean()),
        saturated_fraction=plan.light.saturated_fraction,
        dark_fraction=plan.light.dark_fraction,
        looks=field_looks(cells, tiles),
    )
