"""Reads how the networks' errors differ from slide to slide: `models/slide_errors.toml`, or the manifest."""

from functools import cache
from pathlib import Path

from pydantic import Field

from models.manifest import Manifest, Strict, read_checked, shipped
from pipeline.counting.intervals.slide_errors import Beta, SlideErrors, fit_beta

__all__ = [
    "FamiliarSlides",
    "FittedBeta",
    "MeasuredSlide",
    "SlideErrorsFile",
    "familiar_slides",
    "read_slide_errors",
    "slide_errors_of",
]


class FittedBeta(Strict):
    """A rate of a slide drawn anew: parameters of its beta distribution."""

    alpha: float = Field(gt=0)
    beta: float = Field(gt=0)


class FamiliarSlides(Strict):
    """Slides whose clean cells are as plain as on nearly all that were measured.

    Attributes
    ----------
    below : least `clean_quartile` of a slide that is none of them.
    number : of the measured ones. false_calls : fitted to these alone.
    """

    below: float
    number: int = Field(gt=0)
    false_calls: FittedBeta


class MeasuredSlide(Strict):
    """One slide that the measured networks never saw: cells by their label and by the call.

    Attributes
    ----------
    clean_quartile : logit that three quarters of the cells not called do not pass; None where these are few.
    """

    source: str
    slide: str
    infected: int = Field(ge=0)
    infected_found: int = Field(ge=0)
    uninfected: int = Field(ge=0)
    false_calls: int = Field(ge=0)
    clean_quartile: float | None = None


class SlideErrorsFile(Strict):
    """What `smearcount evaluate errors` writes.

    Attributes
    ----------
    made_by : the command. measured_with, measured_sha256 : classifier that was measured.
    stands_for, stands_for_sha256 : one trained alike on every slide, for whose counts the figures are used.
    slides : what both distributions were fitted to.
    familiar : those of them that most slides are like; None where too few were measured to tell.
    """

    made_by: str
    measured_with: str
    measured_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    stands_for: str
    stands_for_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    sensitivity: FittedBeta
    false_calls: FittedBeta
    slides: tuple[MeasuredSlide, ...]
    familiar: FamiliarSlides | None = None


def slide_errors_of(manifest: Manifest, clean_quartile: float | None = None) -> SlideErrors:
    """Errors of a classifier on left-out slides where they were measured, else on left-out sources.

    Parameters
    ----------
    clean_quartile : of the slide, see `MeasuredSlide`; None where it is not known. Where its clean cells are
        as plain as on most slides, so are its false calls; else it may have as many as any of them.
    """
    held = read_slide_errors()
    if not _are_of(held, manifest):
        return _of_sources(manifest)
    false_calls, number = held.false_calls, f"{len(held.slides)} slides left out"
    if held.familiar is not None and clean_quartile is not None and clean_quartile < held.familiar.below:
        false_calls = held.familiar.false_calls
        number += f", false calls of the {held.familiar.number} with clean cells as plain"
    return SlideErrors(
        sensitivity=Beta(alpha=held.sensitivity.alpha, beta=held.sensitivity.beta),
        false_calls=Beta(alpha=false_calls.alpha, beta=false_calls.beta),
        source=f"{number}, {held.measured_with}",
    )


def familiar_slides(manifest: Manifest) -> FamiliarSlides | None:
    """The slides that most are like by their clean cells; None where this classifier was not measured."""
    held = read_slide_errors()
    return held.familiar if _are_of(held, manifest) else None


def _are_of(held: SlideErrorsFile, manifest: Manifest) -> bool:
    return manifest.sha256 in {held.measured_sha256, held.stands_for_sha256}


@cache
def read_slide_errors(path: Path | None = None) -> SlideErrorsFile:
    """Read and check the file, by default the one that comes with smearcount.

    Raises
    ------
    ModelError
        Where it is missing or malformed.
    """
    path = path or shipped("classifier").with_name("slide_errors.toml")
    return read_checked(
        path, SlideErrorsFile, "list of measured slides", "smearcount evaluate errors makes it"
    )


@cache
def _of_sources(manifest: Manifest) -> SlideErrors:
    """The first row of a manifest is all sources together; each of the others stands for a slide."""
    rows = manifest.measured[1:] or manifest.measured
    return SlideErrors(
        sensitivity=fit_beta([(row.infected_found, row.infected) for row in rows]),
        false_calls=fit_beta([(row.false_positives, row.uninfected) for row in rows]),
        source=f"{len(rows)} sources left out, {manifest.name}",
    )
