"""The headline of a count: asexual parasitaemia with its interval, and what must be read beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.counting.intervals.design import FEWEST_BLOCKS, Clustering
from pipeline.counting.intervals.melded import corrected, melded_interval
from pipeline.counting.intervals.slide_errors import SlideErrors
from pipeline.names import for_line
from pipeline.planning.protocols import Goal
from pipeline.records import Headline

__all__ = ["MELDED", "USUAL_RED_CELLS_PER_UL", "HeadlineFacts", "headline_of", "notes_of", "site_notes"]

USUAL_RED_CELLS_PER_UL = 5_000_000.0
"""Where it was not measured: WHO, Malaria microscopy SOP 09 (2016), takes it for all."""
MELDED = (
    "melded 95% (Bayer, Fay and Graubard 2022): chance, clustering, and sensitivity and false calls as they"
    " differ from slide to slide"
)
ALWAYS = "Species not determined. A thin film cannot exclude malaria."
_CROWDED_SHARE = 0.1
"""Share of infected cells that are schizonts, or of all cells that are infected, from which parasites are
many more than infected cells: at 10% chance alone puts two into one infected cell of twenty."""
LEAN = 0.08
"""How much too high the mean of counts that their own estimate ends is near the step, at most, as a share of
itself: simulated, docs/statistics.md, "Stopping early"."""
MISSED = {"cdc": 46, "research": 10}
"""In 100 slides at 0.8 of the step that stop so, those whose interval misses the truth: the same table."""
_HINTS = (
    (0.10, "10% or more: a mark of severe P. falciparum malaria (WHO guidelines for malaria, 2023)"),
    (
        0.02,
        "2% or more: a mark of raised risk in P. falciparum malaria (UK malaria treatment guidelines, 2016)",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadlineFacts:
    """What a slide's headline takes from elsewhere.

    Attributes
    ----------
    clusters : how clustered its infected cells are.
    red_cells_per_ul : None where it was not measured.
    tells_stages : whether the classifier does.
    """

    clusters: Clustering
    red_cells_per_ul: float | None
    tells_stages: bool


def headline_of(
    infected: int,
    counted: int,
    stages: Mapping[str, int],
    errors: SlideErrors,
    slide: HeadlineFacts,
) -> Headline | None:
    """Asexual parasitaemia of a slide; None where nothing was counted.

    Parameters
    ----------
    stages : infected cells by life stage.
    """
    clusters, tells_stages = slide.clusters, slide.tells_stages
    if not counted:
        return None
    gametocytes = stages.get("gametocyte", 0) if tells_stages else 0
    asexual = infected - gametocytes
    low, high = melded_interval(asexual, counted, errors, clusters)
    value = corrected(asexual, counted, errors)
    per_ul = slide.red_cells_per_ul or USUAL_RED_CELLS_PER_UL
    return Headline(
        kind="asexual" if tells_stages else "all stages",
        infected=asexual,
        gametocytes=gametocytes if tells_stages else None,
        parasitaemia=asexual / counted,
        low=low,
        high=high,
        corrected=None if value is None else value.value,
        clipped=value is not None and value.clipped,
        design_effect=clusters.effect,
        groups=clusters.groups,
        method=MELDED,
        errors=errors.source,
        parasites_per_ul=asexual / counted * per_ul,
        parasites_per_ul_low=low * per_ul,
        parasites_per_ul_high=high * per_ul,
        red_cells_per_ul=per_ul,
        red_cells_source="assumed" if slide.red_cells_per_ul is None else "given",
    )


def notes_of(
    headline: Headline | None,
    stages: Mapping[str, int],
    verdict: str,
    stopped_by: Goal | None,
    photos: int = 0,
) -> tuple[str, ...]:
    """Lines that are read with every count; hints, never a diagnosis.

    Parameters
    ----------
    stopped_by : the protocol whose running estimate ended the count; None where none did.
    photos : that cells were counted in; 0 of a scan.
    """
    notes = [ALWAYS]
    if headline is None or verdict == "not countable":
        return tuple(notes)
    schizonts = stages.get("schizont", 0)
    crowded = schizonts >= _CROWDED_SHARE * max(headline.infected, 1)
    if headline.infected and (crowded or headline.parasitaemia >= _CROWDED_SHARE):
        notes.append("Parasites per µL understates where cells hold several parasites.")
    if verdict == "parasites seen":
        notes += [hint for limit, hint in _HINTS if headline.parasitaemia >= limit][:1]
    if verdict == "parasites seen" and headline.low == 0:
        notes.append("Parasites are seen by their gametocytes: false calls explain the asexual stages alone.")
    if headline.clipped:
        side = "0" if not headline.corrected else "100%"
        notes.append(f"The corrected estimate is clipped at {side}: the calls alone would put it beyond.")
    notes += _of_places(headline.groups, photos)
    if stopped_by is not None:
        notes.append(
            f"Stopped before {stopped_by.cells_below:,} red cells because"
            f" {stopped_by.below:.0%} or more were called infected (protocol {stopped_by.name}): near"
            f" {stopped_by.below:.0%} such estimates are up to {LEAN:.0%} of themselves too high on average,"
            f" which the interval does not allow for (at a true {0.8 * stopped_by.below:.1%} it misses the"
            f" truth on about {MISSED[stopped_by.name]} in 100 slides that stop so);"
            f" --max-cells {stopped_by.cells_below} counts on (docs/statistics.md)."
        )
    return tuple(notes)


def _of_places(groups: int, photos: int) -> list[str]:
    """What is not known of how infected cells differ between places of the film."""
    if photos == 1:
        return [
            "One photo does not tell what differs between places of the film, and the interval does not allow"
            f" for it: count {FEWEST_BLOCKS} or more."
        ]
    if 1 < photos < FEWEST_BLOCKS:
        return [
            f"{photos} photos tell little of what differs between places of the film: the interval is wide to"
            f" allow for it, {FEWEST_BLOCKS} or more make it narrower."
        ]
    if groups == 0:
        return ["Too few fields or blocks to tell clustering: the interval takes cells as independent."]
    return []


def site_notes(site: Mapping[str, Any] | None) -> tuple[str, ...]:
    """What is read with a count whose classifier a site file corrected; nothing where none did.

    Parameters
    ----------
    site : as in summary.json.
    """
    if site is None:
        return ()
    slides = len(site["slides"])
    fitted = f"{site['cells']} labelled cells of {slides} slide{'s' if slides > 1 else ''}"
    return (
        f"The classifier was corrected by {for_line(str(site['name']))}, fitted to {fitted}; interval and"
        " verdict take its errors to be as without it.",
    )
