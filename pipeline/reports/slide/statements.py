"""What a report says in words and numbers, from the summary and the record of a count."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from pipeline.names import for_line
from pipeline.records import Headline
from pipeline.wording import look_caution, per_ul_text, percent_text, verdict_text

__all__ = [
    "VerdictWords",
    "debris_lines",
    "estimate_of",
    "figures",
    "method_lines",
    "settings_rows",
    "verdict_words",
]

Tone = Literal["seen", "uncertain", "none", "refused"]
Facts = Mapping[str, Any]

MARKS: dict[Tone, str] = {"seen": "●", "uncertain": "◎", "none": "○", "refused": "△"}
"""Distinguishes the verdicts without colour, as on the morning page."""
_TONES: dict[str, Tone] = {
    "parasites seen": "seen",
    "uncertain": "uncertain",
    "none distinguishable": "none",
}
_WORDS: dict[Tone, str] = {
    "seen": "Parasites seen",
    "none": "No parasites distinguishable",
    "refused": "Not countable",
}
LEAST_GROUND_MM2 = 1e-4
"""Of empty ground that a control says something of, mm²: that of a red cell and a half."""
_SCALE = {"given": "as given", "metadata": "from the file", "estimated": "estimated from the cells"}


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictWords:
    """The verdict.

    Attributes
    ----------
    tone, mark : how it is shown. words : the verdict. count : the count in a sentence, empty where none may
        be claimed. caution : what it does not say, or what to do.
    """

    tone: Tone
    mark: str
    words: str
    count: str
    caution: str

    @property
    def is_claimed(self) -> bool:
        """Whether a parasitaemia may be given."""
        return self.tone != "refused"


def verdict_words(summary: Facts) -> VerdictWords:
    """The verdict in words: never more than was seen."""
    tone = _TONES.get(summary["verdict"], "refused")
    look = summary.get("second_look") or {}
    words = _WORDS.get(tone) or verdict_text(summary["verdict"], look.get("cells")).capitalize()
    if summary["status"] == "partial":
        words = f"Partial count: {words[0].lower()}{words[1:]}"
    return VerdictWords(
        tone=tone,
        mark=MARKS[tone],
        words=words,
        count="" if tone == "refused" else _count(summary),
        caution=_caution(summary, tone),
    )


def estimate_of(summary: Facts) -> Headline | None:
    """The figure that a count stands behind; None where nothing was counted, or an earlier version counted.

    A later version may tell more of it, which is left out.
    """
    given = summary.get("headline")
    if given is None:
        return None
    return Headline(**{field.name: given[field.name] for field in fields(Headline)})


def figures(summary: Facts, *, is_claimed: bool) -> list[tuple[str, str]]:
    """Name and value of each number beside the headline."""
    rows = [("Red cells counted", f"{summary['counted']:,}")]
    if is_claimed:
        rows += _shares(summary)
    rows.append(("White cells found", f"{summary['white_cells']:,}"))
    rows.append(("Platelets found", f"{summary['platelets']:,}"))
    goal = summary["goal"]
    if goal is not None and goal.get("fields"):
        rows.append(("Asked for", f"{goal['fields']:,} fields"))
    elif goal is not None:
        short = f"{goal['missing']:,} more are needed" if goal["missing"] else "reached"
        rows.append(("Asked for", f"{goal['wanted']:,} red cells ({for_line(goal['name'])}): {short}"))
    return rows


def debris_lines(summary: Facts) -> list[str]:
    """What the slide's own specks of dirt explain; empty where no control was made."""
    debris = summary.get("debris")
    if debris is None or debris["ground_mm2"] < LEAST_GROUND_MM2:
        return []
    specks, laid = debris["specks"], debris["laid"]
    if not specks:
        ground = f"{debris['ground_mm2']:.2g} mm²"
        return [f"No dark speck was found on {ground} of this slide's empty ground."]
    lines = [
        f"{_number(specks, 'dark speck lies', 'dark specks lie')} on {debris['ground_mm2']:.2g} mm² of "
        f"this slide's empty ground, {debris['grains']:,} of them grains of at most 0.8 µm². If specks lie "
        f"as often on red cells, about {debris['expected_on_cells']:,.0f} of the cells here carry one."
    ]
    if not laid:
        return [*lines, "They were too few to be laid on clean cells, to see how many are then called."]
    return [
        *lines,
        f"As a test, such specks were laid on clean cells of this slide {laid:,} times, and the cell was "
        f"then called infected {_number(debris['laid_called'], 'time', 'times')}. So dirt explains about "
        f"{debris['expected_called']:,.1f} of the {summary['infected']:,} cells called infected. "
        f"{_taken_off(debris)}",
        *_own_layer_line(debris.get("own_layer")),
    ]


def _taken_off(debris: Facts) -> str:
    """What the verdict takes off; earlier versions took off what grains explain."""
    taken = debris.get("explained", debris["expected_called_grains"])
    error = f"standard error {debris['uncertainty']:,.1f}"
    if debris.get("surer"):
        return "The verdict takes nothing off: such cells are less sure than those that are called here."
    if taken == debris["expected_called"]:
        return f"The verdict takes that off ({error})."
    return (
        f"The verdict takes off only what grains explain ({taken:,.1f}, {error}): larger specks may be "
        "parasites that left their cells."
    )


def _own_layer_line(own: Facts | None) -> list[str]:
    if own is None:
        return []
    return [
        "The classifier took this slide's dirt for parasites, so its last layer was fitted to the grains "
        "among these specks: "
        f"{own['called']:,} cells are called infected, {own['called_shipped']:,} were before. All numbers "
        "here are by that layer; of grains that it was not fitted to it was tested that fewer are called."
    ]


def _number(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def method_lines(summary: Facts, threshold: float) -> list[str]:
    """How the count was made, in words."""
    found = estimate_of(summary)
    lines = [
        f"Light and background are evened out, and one network ({for_line(summary['detector'])}) finds every "
        "red cell, white cell and platelet. Objects whose size is not that of a red cell are left out, and "
        "so are cells cut by the edge of the picture.",
        f"A second network ({for_line(summary['classifier'])}) gives each red cell a probability to be "
        f"infected, calibrated on slides it had not seen; from {threshold:.2f} on a cell is called infected, "
        "however many parasites it holds.",
        "Parasitaemia is the infected red cells without gametocytes divided by the counted ones, over all "
        "fields.",
    ]
    if found is not None:
        lines.append(f"Its interval: {for_line(found.method)}. Errors: {for_line(found.errors)}.")
    lines.append(
        "“Parasites seen” is said where more cells are called infected than false calls explain, at most 5% "
        "of the time by mistake: those of the network as they differ from slide to slide, and what this "
        "slide's own grains of dirt add. “No parasites distinguishable” never means that there are none."
    )
    return lines


def settings_rows(summary: Facts, run: Facts) -> list[tuple[str, str]]:
    """What decides the count: input, pixel size, networks, version, settings other than the usual ones."""
    rows = [("File", for_line(_file_name(summary["source"]))), *_input_rows(run)]
    if not summary["counted"] and summary["scale_source"] == "estimated":
        rows.append(("Pixel size", "unknown: it was not given, and no red cell was counted to tell it"))
    elif summary["um_per_px"] is not None:
        source = _SCALE.get(summary["scale_source"], summary["scale_source"])
        rows.append(("Pixel size", f"{summary['um_per_px']:.4f} µm, {source}"))
    rows += [
        (f"Network: {role}", f"{for_line(str(facts.get('name', '')))}, SHA-256 {_short(facts.get('sha256'))}")
        for role, facts in run.get("models", {}).items()
    ]
    rows.append(("smearcount", str(run.get("versions", {}).get("smearcount", "unknown"))))
    rows += list(_chosen(run.get("settings", {})))
    return rows


def _count(summary: Facts) -> str:
    counted, infected = summary["counted"], summary["infected"]
    were = "was" if infected == 1 else "were"
    text = f"{infected:,} of {counted:,} red cells {were} called infected."
    found = estimate_of(summary)
    if found is not None:
        gone = found.gametocytes or 0
        if gone:
            text = f"{text[:-1]}, {gone:,} of them with a gametocyte."
        name = "Asexual parasitaemia" if found.kind == "asexual" else "Parasitaemia"
        name = name if summary["verdict"] == "parasites seen" else "Share called, without gametocytes"
        text += f" {name}: {percent_text(found.parasitaemia)}, {_interval(found)}."
    if summary["verdict"] != "parasites seen":
        text += " That is no more than false calls explain."
    return text


def _caution(summary: Facts, tone: Tone) -> str:
    if tone == "refused":
        return (
            "No parasitaemia is given, because it could mislead. Do what quality control says below, take "
            "the picture again and count it anew."
        )
    if tone == "seen":
        return "A trained person must confirm it on the slide."
    if tone == "uncertain":
        return look_caution(summary)
    limit = summary["limit_of_detection"]
    reach = f"a parasitaemia below {percent_text(limit)}" if limit is not None else "a low parasitaemia"
    return (
        f"It does not show that there are none. With {summary['counted']:,} cells, {reach} cannot be "
        "distinguished from none: count more fields to be surer."
    )


def _shares(summary: Facts) -> Iterator[tuple[str, str]]:
    yield "Called infected", f"{summary['infected']:,}"
    found = estimate_of(summary)
    if found is not None:
        called = summary["verdict"] == "parasites seen"
        name = "asexual parasitaemia" if found.kind == "asexual" else "parasitaemia"
        yield name.capitalize() if called else "Share called", percent_text(found.parasitaemia)
        yield "95% interval", _interval(found).removeprefix("95% interval ")
        if found.corrected is not None:
            clipped = " (clipped)" if found.clipped else ""
            yield "Corrected for the network's errors", f"{percent_text(found.corrected)}{clipped}"
        if found.gametocytes is not None:
            yield "Gametocytes", f"present, {found.gametocytes:,}" if found.gametocytes else "none seen"
        density, cells = per_ul_text(found)
        yield "Asexual parasites per µL" if found.kind == "asexual" else "Parasites per µL", density
        yield "Red cells per µL", cells
    if set(summary["stages"]) - {"unknown"}:
        stages = (
            f"{number:,} {'stage unknown' if name == 'unknown' else name}"
            for name, number in summary["stages"].items()
        )
        yield "Stages", ", ".join(stages)
    limit, blank = summary["limit_of_detection"], summary.get("limit_of_blank")
    yield "Limit of detection", "none at this number of cells" if limit is None else percent_text(limit)
    if blank is not None:
        yield "Limit of blank", percent_text(blank)
    for wanted, cells in (summary.get("cells_needed") or {}).items():
        told = "never enough" if cells is None else f"{cells:,}"
        yield f"Red cells needed to detect {percent_text(float(wanted))}", told


def _interval(found: Headline) -> str:
    return f"95% interval {percent_text(found.low)} to {percent_text(found.high)}"


def _file_name(source: str) -> str:
    """The last part of a path: where it lay on a disk is nobody's business."""
    return source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]


def _input_rows(run: Facts) -> Iterator[tuple[str, str]]:
    files = run.get("input", {}).get("files", [])
    if len(files) == 1 and "sha256" in files[0]:
        yield "SHA-256 of the file", _short(files[0]["sha256"])
    elif len(files) > 1:
        yield "Files", f"{run['input'].get('files_in_folder', len(files)):,}, each with its hash in run.json"


def _short(digest: object) -> str:
    text = str(digest or "unknown")
    return f"{text[:16]}…" if len(text) > 16 else text


def _chosen(settings: Facts) -> Iterator[tuple[str, str]]:
    """Settings that decide a count and differ from the usual ones."""
    if settings.get("um_per_px") is not None:
        yield "Given pixel size", f"{settings['um_per_px']} µm"
    if settings.get("region") is not None:
        yield "Region", "x {}, y {}, {} x {} px".format(*settings["region"])
    if settings.get("protocol"):
        yield "Protocol", for_line(str(settings["protocol"]))
    if settings.get("max_cells"):
        yield "Red cells asked for", f"{settings['max_cells']:,}"
    if settings.get("whole_film"):
        yield "Film", "counted also where it is too thick or too thin"
