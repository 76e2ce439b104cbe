"""The group `fields`: whole sets of fields end to end, against the textbook way, with F1 of detection."""

import importlib.util
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measuring.fresh import measured_by, rendered
from benchmarks.measuring.records import Group, Measure, Room
from benchmarks.measuring.smears import FIELD_SET, PHOTO_SET

__all__ = ["measured"]

GOAL_TIMES = 8.0
LABELLED_SET, LABELLED_SLIDE, LABELLED_FIELDS = "iml", "iml-3", 6
"""A slide that the networks in `models/left_out` never saw; they count it."""
_MODELS = Path(__file__).resolve().parent.parent / "models" / "left_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """Fields that are counted; `networks` is a folder of manifests, None for the shipped ones."""

    title: str
    folder: Path
    slide: str | None = None
    most: int | None = None
    networks: Path | None = None

    def to_text(self) -> str:
        """The same as JSON, for a fresh process."""
        networks = None if self.networks is None else str(self.networks)
        facts = {"folder": str(self.folder), "slide": self.slide, "most": self.most, "networks": networks}
        return json.dumps(facts)


def measured(room: Room) -> Group:
    """Each set counted by one worker, by two, and in the textbook way, each in a warm process of its own."""
    textbook = importlib.util.find_spec("tensorflow") is not None
    measures: list[Measure] = []
    details: dict[str, object] = {}
    samples = _samples(room)
    for number, sample in enumerate(samples):
        ways = ["ours", "ours-2", *(["textbook", "textbook-single"] if textbook else [])]
        runs = {
            way: measured_by("field_runs", way, sample.to_text(), str(room.folder / f"{number}-{way}"))
            for way in ways
        }
        details[sample.title] = runs
        measures += _lines(sample.title, runs)
    notes = [
        "Sets of fields: wall time from the files to the written results, a warm process each, median. The "
        "textbook network has untrained weights, for timing only; F1 is of detection, boxes at IoU 0.5."
    ]
    if not textbook:
        notes.append("TensorFlow is not installed: the textbook way was not measured")
    if room.labelled is None:
        notes.append("SMEARCOUNT_DATA names no folder: labelled fields were not measured")
    return Group(measures=tuple(measures), notes=tuple(notes), details=details)


def _samples(room: Room) -> Sequence[_Sample]:
    fields = rendered(room.folder / "fields", *FIELD_SET).parent.parent
    photos = rendered(room.folder / "photos", *PHOTO_SET).parent.parent
    samples = [
        _Sample(title="8 rendered fields, 1280 x 960", folder=fields),
        _Sample(title="2 rendered photos, 5312 x 2988", folder=photos),
    ]
    if room.labelled is not None and (room.labelled / LABELLED_SET).is_dir():
        samples.append(
            _Sample(
                title=f"{LABELLED_FIELDS} labelled fields of {LABELLED_SLIDE}",
                folder=room.labelled / LABELLED_SET,
                slide=LABELLED_SLIDE,
                most=LABELLED_FIELDS,
                networks=_MODELS,
            )
        )
    return samples


def _lines(title: str, runs: dict[str, dict[str, Any]]) -> list[Measure]:
    ours, shared = runs["ours"], runs["ours-2"]
    one_s, two_s = (statistics.median(run["seconds"]) for run in (ours, shared))
    lines = [
        Measure(name=f"{title}, 1 worker", value=one_s, unit="s", note=f"F1 {ours['f1']:.3f}"),
        Measure(name=f"{title}, 2 workers", value=two_s, unit="s", note="start of the workers included"),
    ]
    if "textbook" not in runs:
        return lines
    for way, said in (("textbook", "one predict a field"), ("textbook-single", "one predict a crop")):
        run = runs[way]
        seconds = statistics.median(run["seconds"])
        note = f"{said}; F1 {run['f1']:.3f}, untrained weights"
        lines.append(Measure(name=f"  textbook way, {said}", value=seconds, unit="s", note=note))
        for workers, our_s in (("1 worker", one_s), ("2 workers", two_s)):
            lines.append(
                Measure(
                    name=f"    as fast, {workers}",
                    value=seconds / our_s,
                    unit="times",
                    goal=GOAL_TIMES,
                    at_least=True,
                )
            )
    gained = (ours["f1"] - runs["textbook"]["f1"]) * 100
    lines.append(
        Measure(
            name="  F1 above the textbook way's",
            value=gained,
            unit="points",
            goal=0.0,
            at_least=True,
            note="of detection, F1 in percent",
        )
    )
    return lines
