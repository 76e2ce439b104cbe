"""From the table of cells to the count of a slide: pooled fraction, reconciled denominator, verdict."""

from dataclasses import dataclass

import pandas as pd

from pipeline.records import (
    FailedTile,
    Familiarity,
    FieldResult,
    Notice,
    ScaleSource,
    SlideSummary,
    Verdict,
)
from pipeline.statistics import INTERVAL_METHOD, distinguishable, limit_of_detection, wilson

__all__ = ["FieldFacts", "SlideFacts", "count_line", "percent_text", "summarise", "verdict_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFacts:
    """A field as it was read.

    Attributes
    ----------
    width, height : level-0 px of the picture as displayed.
    um_per_px : µm per level-0 px used for this field.
    """

    name: str
    width: int
    height: int
    um_per_px: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideFacts:
    """What is known of a slide beside its cells.

    Attributes
    ----------
    source : the path as it was handed in.
    fields : every field that was read, also those without a cell, in the slide's order.
    um_per_px : µm per level-0 px of the slide, None where it could not be found.
    false_positive_rate : per uninfected cell, as the classifier's manifest states it, 0 to 1.
    sensitivity : per infected cell, as the classifier's manifest states it, 0 to 1.
    detector, classifier : names of the networks.
    familiar : how far the slide is from known thin films and stains.
    tells_stages : whether the classifier tells life stages.
    """

    slide: str
    source: str
    fields: tuple[FieldFacts, ...]
    um_per_px: float | None
    scale_source: ScaleSource
    false_positive_rate: float
    detector: str
    classifier: str
    sensitivity: float = 1.0
    failed_tiles: tuple[FailedTile, ...] = ()
    notices: tuple[Notice, ...] = ()
    familiar: Familiarity | None = None
    tells_stages: bool = False


def summarise(cells: pd.DataFrame, facts: SlideFacts) -> SlideSummary:
    """Count the cells of a slide.

    Parameters
    ----------
    cells : one row an object found, columns of records.CELL_COLUMNS.
    facts : everything else that the summary states.

    Raises
    ------
    ValueError
        Where the table contradicts itself: a cell that is neither counted nor excluded for one reason,
        a counted object that is no red cell, or a cell of a field that was not read.
    """
    _reconcile(cells, facts)
    counted = cells[cells["counted"].astype(bool)]
    n_counted = len(counted)
    n_infected = int(_infected(counted).sum())
    stages = _stages(counted)
    share, low, high = _fraction(n_infected, n_counted)
    asexual = _fraction(n_infected - stages.get("gametocyte", 0), n_counted if facts.tells_stages else 0)
    return SlideSummary(
        slide=facts.slide,
        source=facts.source,
        status="partial" if facts.failed_tiles else "complete",
        verdict=verdict_of(n_infected, n_counted, facts.false_positive_rate, facts.notices),
        um_per_px=facts.um_per_px,
        scale_source=facts.scale_source,
        detected=len(cells),
        counted=n_counted,
        infected=n_infected,
        excluded=_excluded(cells),
        parasitaemia=share,
        low=low,
        high=high,
        stages=stages,
        asexual_parasitaemia=asexual[0],
        asexual_low=asexual[1],
        asexual_high=asexual[2],
        interval_method=INTERVAL_METHOD,
        false_positive_rate=facts.false_positive_rate,
        limit_of_detection=limit_of_detection(n_counted, facts.false_positive_rate, facts.sensitivity),
        white_cells=int((cells["kind"] == "white_cell").sum()),
        platelets=int((cells["kind"] == "platelet").sum()),
        fields=_fields(cells, facts.fields),
        notices=facts.notices,
        failed_tiles=facts.failed_tiles,
        detector=facts.detector,
        classifier=facts.classifier,
        familiar=facts.familiar,
    )


def verdict_of(
    infected: int, counted: int, false_positive_rate: float, notices: tuple[Notice, ...]
) -> Verdict:
    """What may be claimed from a count; never more than was seen.

    Where quality control refuses, or nothing was counted, the slide is not countable. Parasites are
    claimed only where the positives are more than the false positives explain.
    """
    if counted == 0 or any(notice.severity == "refuse" for notice in notices):
        return "not countable"
    seen = distinguishable(infected, counted, false_positive_rate)
    return "parasites seen" if seen else "none distinguishable"


def count_line(infected: int, counted: int) -> str:
    """The count in one line: "12 infected of 845 red cells: 1.4% (0.8% to 2.5%)"."""
    if counted == 0:
        return "no red cell counted"
    low, high = wilson(infected, counted)
    share = f"{percent_text(infected / counted)} ({percent_text(low)} to {percent_text(high)})"
    return f"{infected} infected of {counted} red cells: {share}"


def percent_text(fraction: float | None) -> str:
    """A fraction as a person reads it, small ones in full: 0.0142 is "1.4%", 0.00093 is "0.093%"."""
    if fraction is None:
        return "-"
    percent = 100 * fraction
    decimals = 1 if percent >= 1 or percent == 0 else 2 if percent >= 0.1 else 3
    return f"{percent:.{decimals}f}%"


def _fraction(part: int, whole: int) -> tuple[float, float, float] | tuple[None, None, None]:
    """A fraction and the bounds of its interval; none of them of nothing."""
    return (part / whole, *wilson(part, whole)) if whole else (None, None, None)


def _stages(counted: pd.DataFrame) -> dict[str, int]:
    """Number of infected cells of each stage that was told."""
    told = counted.loc[_infected(counted), "stage"].astype(str).value_counts()
    return {str(stage): int(number) for stage, number in sorted(told.items())}


def _reconcile(cells: pd.DataFrame, facts: SlideFacts) -> None:
    """Hold the table to detected == counted + every reason for exclusion."""
    counted = cells["counted"].astype(bool)
    reasons = cells["excluded_because"].fillna("").astype(str)
    unexplained = int((counted == (reasons != "")).sum())
    if unexplained:
        raise ValueError(
            f"{facts.slide}: {unexplained} of {len(cells)} objects are neither counted nor excluded for one "
            "reason; expected counted cells without a reason and every other with one"
        )
    strangers = int((cells.loc[counted, "kind"] != "red_cell").sum())
    if strangers:
        raise ValueError(
            f"{facts.slide}: {strangers} counted objects are no red cells; expected red cells only"
        )
    unknown = sorted(set(cells["field"].astype(str)) - {field.name for field in facts.fields})
    if unknown:
        raise ValueError(f"{facts.slide}: cells lie in fields that were not read: {', '.join(unknown)}")


def _fields(cells: pd.DataFrame, fields: tuple[FieldFacts, ...]) -> tuple[FieldResult, ...]:
    groups = {str(name): group for name, group in cells.groupby("field", sort=False, observed=True)}
    return tuple(_field_result(field, groups.get(field.name, cells.iloc[:0])) for field in fields)


def _field_result(field: FieldFacts, cells: pd.DataFrame) -> FieldResult:
    counted = cells[cells["counted"].astype(bool)]
    return FieldResult(
        name=field.name,
        width=field.width,
        height=field.height,
        um_per_px=field.um_per_px,
        detected=len(cells),
        counted=len(counted),
        infected=int(_infected(counted).sum()),
        excluded=_excluded(cells),
    )


def _excluded(cells: pd.DataFrame) -> dict[str, int]:
    reasons = cells.loc[~cells["counted"].astype(bool), "excluded_because"].astype(str)
    return {str(reason): int(number) for reason, number in sorted(reasons.value_counts().items())}


def _infected(cells: pd.DataFrame) -> "pd.Series[bool]":
    """The call of each cell, False where there is none."""
    return cells["infected"].fillna(False).astype(bool)
