"""What became of a slide that was to be counted."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.records import SlideSummary

__all__ = ["SlideOutcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideOutcome:
    """What became of one slide.

    Attributes
    ----------
    folder, summary : where its results are and what they say; None where it failed.
    error : one line; None where it did not fail.
    exists : the result was there before, of the same slide and settings.
    """

    slide: str
    source: Path
    folder: Path | None
    summary: SlideSummary | None
    error: str | None
    exists: bool = False

    @property
    def state(self) -> str:
        """'done', 'exists' (done before), 'partial' (some of the slide could not be read) or 'failed'."""
        if self.summary is None:
            return "failed"
        if self.summary.status == "partial":
            return "partial"
        return "exists" if self.exists else "done"

    @property
    def refusal(self) -> str | None:
        """Why quality control refuses the count, one line; None where it does not, or there is none."""
        notices = () if self.summary is None else self.summary.notices
        return next((notice.text for notice in notices if notice.severity == "refuse"), None)
