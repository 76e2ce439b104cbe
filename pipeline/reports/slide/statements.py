"""What a report says in words and numbers, from the summary and the record of a count."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.names import for_line
from pipeline.reports.fhir import CAVEAT
from pipeline.wording import look_caution, percent_text, verdict_text

__all__ = [
    "Headline",
    "debris_lines",
    "excluded_rows",
    "figures",
    "headline",
    "method_lines",
    "settings_rows",
]

Tone = Literal["seen", "uncertain", "none", "refused"]
Facts = Mapping[str, Any]

RED_CELLS_PER_UL = 5_000_000
"""Red cells in a microlitre of blood where nobody counted them (WHO, Basic malaria microscopy, 2010)."""
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
_EXCLUDED = {
    "at_border": "red cells cut by the edge of the picture",
    "white_cell": "white cells",
    "platelet": "platelets",
    "artefact": "stain, dirt or fragments",
}
_SCALE = {"given": "as given", "metadata": "from the file", "estimated": "estimated from the cells"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
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


def headline(summary: Facts) -> Headline:
    """The verdict in words: never more than was seen."""
    tone = _TONES.get(summary["verdict"], "refused")
    look = summary.get("second_look") or {}
    words = _WORDS.get(tone) or verdict_text(summary["verdict"], look.get("cells")).capitalize()
    if summary["status"] == "partial":
        words = f"Partial count: {words[0].lower()}{words[1:]}"
    return Headline(
        tone=tone,
        mark=MARKS[tone],
        words=words,
        count="" if tone == "refused" else _count(summary),
        caution=_caution(summary, tone),
    )


def figures(summary: Facts, *, is_claimed: bool) -> list[tuple[str, str]]:
    """Name and value of each number beside the headline."""
    rows = [("Red cells counted", f"{summary['counted']:,}")]
    if is_claimed:
        rows += _shares(summary)
    rows.append(("White cells found", f"{summary['white_cells']:,}"))
    rows.append(("Platelets found", f"{summary['platelets']:,}"))
    goal = summary["goal"]
    if goal is not None:
        short = f"{goal['missing']:,} more are needed" if goal["missing"] else "reached"
        rows.append(("Asked for", f"{goal['wanted']:,} red cells ({for_line(goal['name'])}): {short}"))
    return rows


def excluded_rows(summary: Facts) -> list[tuple[str, str]]:
    """Every object that was found: counted, or left out for one reason."""
    rows = [("counted red cells", summary["counted"])]
    rows += [
        (_EXCLUDED.get(reason, reason.replace("_", " ")), number)
        for reason, number in summary["excluded"].items()
    ]
    return [(name, f"{number:,}") for name, number in [*rows, ("all objects found", summary["detected"])]]


def debris_lines(summary: Facts) -> list[str]:
    """What the slide's own specks of dirt explain; empty where no control was made."""
    debris = summary.get("debris")
    if debris is None:
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
        f"{debris['expected_called']:,.1f} of the {summary['infected']:,} cells called infected. The verdict "
        f"takes off only what grains explain ({debris['expected_called_grains']:,.1f}, standard error "
        f"{debris['uncertainty']:,.1f}): larger specks may be parasites that left their cells.",
    ]


def _number(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def method_lines(summary: Facts, threshold: float) -> list[str]:
    """How the count was made, in words."""
    rate = 10_000 * summary["false_positive_rate"]
    return [
        f"Light and background are evened out, and one network ({for_line(summary['detector'])}) finds every "
        "red cell, white cell and platelet. Objects whose size is not that of a red cell are left out, and "
        "so are cells cut by the edge of the picture.",
        f"A second network ({for_line(summary['classifier'])}) gives each red cell a probability to be "
        f"infected, calibrated on slides it had not seen; from {threshold:.2f} on a cell is called infected, "
        "however many parasites it holds.",
        "Parasitaemia is the infected red cells divided by the counted ones, over all fields. "
        f"Its interval: {for_line(summary['interval_method'])}.",
        "“Parasites seen” is said where more cells are called infected than false calls explain (exact "
        f"binomial test, 5%): {rate:.3g} in 10,000 clean cells of other slides, and what this slide's own "
        "grains of dirt add. “No parasites distinguishable” never means that there are none.",
    ]


def settings_rows(summary: Facts, run: Facts) -> list[tuple[str, str]]:
    """What decides the count: input, pixel size, networks, version, settings other than the usual ones."""
    rows = [("File", for_line(_file_name(summary["source"]))), *_input_rows(run)]
    if summary["um_per_px"] is not None:
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
    text = f"{infected:,} of {counted:,} red cells {were} called infected: {_with_interval(summary)}."
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
        return f"A trained person must confirm it on the slide. {CAVEAT}"
    if tone == "uncertain":
        return f"{look_caution(summary)} {CAVEAT}"
    limit = summary["limit_of_detection"]
    reach = f"a parasitaemia below {percent_text(limit)}" if limit is not None else "a low parasitaemia"
    return (
        f"With {summary['counted']:,} cells, {reach} cannot be distinguished from none: count more fields to "
        f"be surer. {CAVEAT}"
    )


def _shares(summary: Facts) -> Iterator[tuple[str, str]]:
    yield "Called infected", f"{summary['infected']:,}"
    interval = f"{percent_text(summary['low'])} to {percent_text(summary['high'])}"
    yield "Parasitaemia", f"{percent_text(summary['parasitaemia'])} ({interval})"
    if summary["asexual_parasitaemia"] is not None:
        interval = f"{percent_text(summary['asexual_low'])} to {percent_text(summary['asexual_high'])}"
        yield "Without gametocytes", f"{percent_text(summary['asexual_parasitaemia'])} ({interval})"
    share = summary["asexual_parasitaemia"]
    share = summary["parasitaemia"] if share is None else share
    ul = f"about {_rounded(share * RED_CELLS_PER_UL)} (at {RED_CELLS_PER_UL:,} red cells/µL)"
    yield "Parasites per µL", ul
    if set(summary["stages"]) - {"unknown"}:
        stages = (
            f"{number:,} {'unknown' if name == 'unknown' else name}"
            for name, number in summary["stages"].items()
        )
        yield "Stages", ", ".join(stages)
    limit = summary["limit_of_detection"]
    yield "Limit of detection", "none at this number of cells" if limit is None else percent_text(limit)


def _with_interval(summary: Facts) -> str:
    interval = f"{percent_text(summary['low'])} to {percent_text(summary['high'])}"
    return f"{percent_text(summary['parasitaemia'])} (95% interval {interval})"


def _rounded(number: float) -> str:
    """Two digits that mean something."""
    return f"{float(f'{number:.2g}'):,.0f}"


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
