"""The group `warm`: a process that counts on, against decoding alone, and the networks against Keras."""

from typing import Any

from benchmarks.measuring.fresh import measured_by, rendered
from benchmarks.measuring.records import Group, Measure, Room
from benchmarks.measuring.smears import FIELD, PHOTO
from benchmarks.measuring.table import shares_text

__all__ = ["measured"]


def measured(room: Room) -> Group:
    """A field and a photo in a warm process, crops a second, and the steps of a first count."""
    field, photo = rendered(room.folder / "field", *FIELD), rendered(room.folder / "photo", *PHOTO)
    inside = measured_by("inside", str(field), str(photo), str(room.folder / "out"))
    notes = []
    if inside["crops_per_s"]["keras"] is None:
        notes.append("TensorFlow is not installed: crops a second in Keras were not measured")
    steps = shares_text(inside["steps_s"])
    notes.append(f"A first count of the 1280 x 960 field in a fresh process, CPU time by step:\n\n{steps}")
    return Group(measures=_lines(inside), notes=tuple(notes), details=inside)


def _lines(inside: dict[str, Any]) -> tuple[Measure, ...]:
    warm, rate = inside["warm"], inside["crops_per_s"]
    photo = inside["warm_photo"]["ratio"]
    ratio = None if rate["keras"] is None else rate["litert"] / rate["keras"]
    note = "CPU time"
    return (
        Measure(name="1280 x 960 field, warm, CPU", value=warm["count_s"], unit="s"),
        Measure(name="  against decoding its JPEG", value=warm["ratio"], unit="times", goal=6.0, note=note),
        Measure(name="5312 x 2988 photo, against its JPEG", value=photo, unit="times", goal=6.0, note=note),
        Measure(name="crops classified, LiteRT", value=rate["litert"], unit="per s"),
        Measure(name="  against Keras predict", value=ratio, unit="times", goal=4.0, at_least=True),
    )
