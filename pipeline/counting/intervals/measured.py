"""Reads how the networks' errors differ from slide to slide: `models/slide_errors.toml`, or the manifest."""

from functools import cache
from pathlib import Path

from pydantic import Field

from models.manifest import Manifest, Strict, read_checked, shipped
from pipeline.counting.intervals.slide_errors import Beta, SlideErrors, fit_beta

__all__ = ["FittedBeta", "MeasuredSlide", "SlideErrorsFile", "read_slide_errors", "slide_errors_of"]


class FittedBeta(Strict):
    """A rate of a slide drawn anew: parameters of its beta distribution."""

    alpha: float = Field(gt=0)
    beta: float = Field(gt=0)


class MeasuredSlide(Strict):
    """One slide that the measured networks never saw: cells by their label and by the call."""

    source: str
    slide: str
    infected: int = Field(ge=0)
    infected_found: int = Field(ge=0)
    uninfected: int = Field(ge=0)
    false_calls: int = Field(ge=0)


class SlideErrorsFile(Strict):
    """What `smearcount evaluate errors` writes.

    Attributes
    ----------
    made_by : the command. measured_with, measured_sha256 : classifier that was measured.
    stands_for, stands_for_sha256 : one trained alike on every slide, for whose counts the figures are used.
    slides : what both distributions were fitted to.
    """

    made_by: str
    measured_with: str
    measured_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    stands_for: str
    stands_for_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    sensitivity: FittedBeta
    false_calls: FittedBeta
    slides: tuple[MeasuredSlide, ...]


def slide_errors_of(manifest: Manifest) -> SlideErrors:
    """Errors of a classifier on left-out slides where they were measured, else on left-out sources."""
    held = read_slide_errors()
    if manifest.sha256 in {held.measured_sha256, held.stands_for_sha256}:
        return SlideErrors(
            sensitivity=Beta(alpha=held.sensitivity.alpha, beta=held.sensitivity.beta),
            false_calls=Beta(alpha=held.false_calls.alpha, beta=held.false_calls.beta),
            source=f"{len(held.slides)} slides left out, {held.measured_with}",
        )
    return _of_sources(manifest)


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
