"""What is said of photos that show the same view or a part of another's, or that are of several scales."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.planning.scale import SAME_RATIO
from pipeline.records import ExcludedField, Notice

__all__ = ["Overlap", "copies_notice", "copy_of", "named", "overlap_notice", "scales_notice"]

NAMES_SHOWN = 6
"""Photos, or pairs of them, that are named in a notice; summary.json names all that are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """A pair of photos of which one shows a part of the other, and about how many counted cells lie in it."""

    names: tuple[str, str]
    cells: float


def copy_of(name: str, best: str) -> ExcludedField:
    """A photo that is left out because another one shows the same view."""
    return ExcludedField(name=name, code="same_picture", text=f"it shows the same view as {best}")


def copies_notice(copies: Mapping[str, str]) -> tuple[Notice, ...]:
    """Notice of photos by name, and the one whose view each shows; none where there are none."""
    if not copies:
        return ()
    kept = named(dict.fromkeys(copies.values()))
    text = f"Counted once, because they show the same view: {named(copies)}, as {kept}."
    return (Notice(code="same_picture", severity="warn", value=len(copies), limit=0, text=text),)


def overlap_notice(pairs: Sequence[Overlap]) -> tuple[Notice, ...]:
    """Notice of pairs of photos that overlap; none where there are none."""
    if not pairs:
        return ()
    each = named(f"{one} and {other}" for one, other in (pair.names for pair in pairs))
    text = (
        f"Photos overlap, so about {sum(pair.cells for pair in pairs):.0f} cells may be counted twice "
        f"({each}): "
        "move the stage farther between photos, or hand in one of each pair."
    )
    return (Notice(code="fields_overlap", severity="warn", value=len(pairs), limit=0, text=text),)


def scales_notice(sizes: Sequence[float]) -> tuple[Notice, ...]:
    """Notice where the files state pixels, µm, of so different sizes that they are not of one microscope."""
    ratio = max(sizes, default=1.0) / min(sizes, default=1.0)
    if ratio <= SAME_RATIO:
        return ()
    text = (
        f"Photos of several scales ({min(sizes):.3f} to {max(sizes):.3f} µm per px by their files), each "
        "counted at its own: count the photos of each microscope as a slide of their own."
    )
    return (Notice(code="several_scales", severity="warn", value=ratio, limit=SAME_RATIO, text=text),)


def named(names: Iterable[str]) -> str:
    """Some names in a line, and how many more there are."""
    every = list(names)
    more = len(every) - NAMES_SHOWN
    return ", ".join(every[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
