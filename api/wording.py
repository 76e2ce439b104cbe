"""A count in plain words for the page: never more than was seen, and always how sure it is."""

from dataclasses import dataclass
from typing import Any, Literal

from api.telling import plain_text

__all__ = ["CountWords", "Tone", "count_words"]

Tone = Literal["seen", "uncertain", "none", "refused"]

_TONES: dict[str, Tone] = {
    "parasites seen": "seen",
    "uncertain": "uncertain",
    "none distinguishable": "none",
}
_EXCLUDED = {
    "at_border": "cut by the edge of the picture",
    "white_cell": "white cells",
    "platelet": "platelets",
    "artefact": "stain or dirt",
}
_AREAS = {"outside_view": "no film in sight", "outside_region": "outside of the region"}
_SCALE = {"given": "as given", "metadata": "from the file", "estimated": "estimated from the cells"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CountWords:
    """What the page says about a count.

    Attributes
    ----------
    headline : the verdict.
    tone : how the page colours it.
    count : the count in one sentence; empty where nothing may be claimed.
    caution : what the count does not say.
    figures : name and value of every number.
    notices : severity and text of what quality control found.
    notes : what else must be known to read the numbers; none where no number is claimed.
    """

    headline: str
    tone: Tone
    count: str
    caution: str
    figures: tuple[tuple[str, str], ...]
    notices: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()


def count_words(summary: dict[str, Any]) -> CountWords:
    """Put a summary, in the form of summary.json, into words."""
    verdict = summary["verdict"]
    tone = _TONES.get(verdict, "refused")
    headline, caution = _headline_and_caution(tone, summary)
    names = (
        summary["slide"],
        *(field["name"] for field in [*summary["fields"], *summary.get("excluded_fields", ())]),
    )
    notices = [(notice["severity"], plain_text(notice["text"], names)) for notice in summary["notices"]]
    if summary["status"] == "partial":
        headline = f"Partial count: {headline[0].lower()}{headline[1:]}"
        if all(notice["code"] != "tiles_failed" for notice in summary["notices"]):
            notices.insert(0, ("warn", "A part of the slide could not be read; only the rest is counted."))
    return CountWords(
        headline=headline,
        tone=tone,
        count="" if tone == "refused" else _count(summary),
        caution=caution,
        figures=tuple(_figures(summary, claimed=tone != "refused")),
        notices=tuple(notices),
        notes=()
        if tone == "refused"
        else tuple(plain_text(note, names) for note in summary.get("notes", ())),
    )


def _headline_and_caution(tone: Tone, summary: dict[str, Any]) -> tuple[str, str]:
    if tone == "seen":
        return "Parasites seen", "A trained person must confirm it on the slide."
    if tone == "uncertain":
        return _uncertain(summary)
    if tone == "none":
        return "No parasites distinguishable", _caution_none(summary)
    return (
        "Not countable",
        "No parasitaemia is given, because it could mislead. Take the picture again and hand it in anew.",
    )


def _uncertain(summary: dict[str, Any]) -> tuple[str, str]:
    """Imported when the first count is shown: the service starts without pandas."""
    from pipeline.wording import look_caution, verdict_text

    look = summary.get("second_look") or {}
    return verdict_text("uncertain", look.get("cells")).capitalize(), look_caution(summary)


def _count(summary: dict[str, Any]) -> str:
    counted, infected = summary["counted"], summary["infected"]
    found = _estimate(summary)
    share = f"{_percent(found['parasitaemia'])} (95% interval {_interval(found)})"
    gone = found.get("gametocytes") or 0
    with_stage = f", {gone:,} of them with a gametocyte" if gone else ""
    if summary["verdict"] == "parasites seen":
        are = "is" if infected == 1 else "are"
        name = _estimate_name(found).lower()
        return f"{infected:,} of {counted:,} red cells {are} infected{with_stage}: {name} {share}."
    marked = f"{infected:,}" if infected else "None"
    were = "was" if infected == 1 else "were"
    return (
        f"{marked} of {counted:,} red cells {were} marked as infected{with_stage}: {share}. "
        f"That is no more than false positives explain.{_stand_out(summary)}"
    )


def _estimate(summary: dict[str, Any]) -> dict[str, Any]:
    """What overlay, report and `slides.csv` state too: of asexual stages, where these are told apart."""
    return summary.get("headline") or {**summary, "kind": "all"}


def _estimate_name(found: dict[str, Any]) -> str:
    return "Asexual parasitaemia" if found["kind"] == "asexual" else "Parasitaemia"


def _stand_out(summary: dict[str, Any]) -> str:
    look = summary.get("second_look") or {}
    if summary["verdict"] != "uncertain" or not look:
        return ""
    return f" {look['cells']:,} cells stand out; a clean slide has about {look['expected']:.1f}."


def _interval(summary: dict[str, Any]) -> str:
    return f"{_percent(summary['low'])} to {_percent(summary['high'])}"


def _caution_none(summary: dict[str, Any]) -> str:
    doubt = "It does not show that there are no parasites. Count more fields to be surer."
    if summary["limit_of_detection"] is None:
        return doubt
    limit = _percent(summary["limit_of_detection"])
    cells = f"{summary['counted']:,} cells"
    return f"With {cells}, a parasitaemia below {limit} cannot be distinguished from none. {doubt}"


def _figures(summary: dict[str, Any], *, claimed: bool) -> list[tuple[str, str]]:
    figures = [("Red cells counted", f"{summary['counted']:,}")]
    if claimed:
        found, is_seen = _estimate(summary), summary["verdict"] == "parasites seen"
        figures += [
            ("Infected" if is_seen else "Marked as infected", f"{summary['infected']:,}"),
            (
                _estimate_name(found) if is_seen else "Share marked as infected",
                _percent(found["parasitaemia"]),
            ),
            ("95% interval", _interval(found)),
        ]
        if set(summary["stages"]) - {"unknown"}:
            figures += [(f"Stage: {stage}", f"{number:,}") for stage, number in summary["stages"].items()]
    figures.append(("Objects found in all", f"{summary['detected']:,}"))
    for reason, number in summary["excluded"].items():
        figures.append((f"Not counted: {_EXCLUDED.get(reason, reason.replace('_', ' '))}", f"{number:,}"))
    skipped = {part: size for part, size in summary["area_mm2"].items() if part != "counted"}
    if skipped:
        figures.append(("Area counted", _area(summary["area_mm2"]["counted"])))
        figures += [
            (f"Not counted: {_AREAS.get(part, part.replace('_', ' '))}", _area(size))
            for part, size in skipped.items()
        ]
    if summary["um_per_px"] is not None:
        source = _SCALE.get(summary["scale_source"], summary["scale_source"])
        figures.append(("Pixel size", f"{summary['um_per_px']:.3f} µm ({source})"))
    return figures


def _area(size_mm2: float) -> str:
    return "under 0.0001 mm²" if size_mm2 < 0.0001 else f"{size_mm2:.3g} mm²"


def _percent(fraction: float | None) -> str:
    """Imported when the first count is shown: the service starts without pandas."""
    from pipeline.wording import percent_text

    return percent_text(fraction)
