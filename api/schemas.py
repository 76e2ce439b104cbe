"""What the service takes and answers, as pydantic models."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pipeline.jobs.ledger import JobState
from pipeline.names import for_line
from pipeline.settings import UM_PER_PX_MAX, UM_PER_PX_MIN

__all__ = [
    "SAMPLE_MAX",
    "CropAnswer",
    "CropResult",
    "HealthAnswer",
    "Links",
    "Problem",
    "Progress",
    "SlideAnswer",
    "SlideFields",
    "SlideLine",
    "SlideList",
]


SAMPLE_MAX = 100
"""Characters of the number of a sample: more is no number."""


def _number_as_written(value: object) -> object:
    """Nothing where a form's box was left empty; a comma is a decimal point in half of the world."""
    if not isinstance(value, str):
        return value
    return value.strip().replace(",", ".") or None


def _one_line(value: object) -> object:
    return for_line(" ".join(value.split())) if isinstance(value, str) else value


class SlideFields(BaseModel):
    """What may be sent with a slide; um_per_px in µm per px of the picture as uploaded.

    The number of the sample is taken from a form alone: the query of an address ends up in logs.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    um_per_px: Annotated[
        Annotated[float, Field(ge=UM_PER_PX_MIN, le=UM_PER_PX_MAX, allow_inf_nan=False)] | None,
        BeforeValidator(_number_as_written),
    ] = None
    sample: Annotated[str, Field(max_length=SAMPLE_MAX), BeforeValidator(_one_line)] = ""


class Progress(BaseModel):
    """Parts of the slide that were counted; `all` is 0 until the number is known."""

    done: int
    all: int


class Links(BaseModel):
    """Where the slide is found; the results only once it is done."""

    self: str
    page: str
    summary: str | None = None
    cells: str | None = None
    overlay: str | None = None
    report: str | None = None


class SlideLine(BaseModel):
    """A slide in the list."""

    id: str
    name: str
    state: JobState
    created_utc: str
    links: Links


class SlideAnswer(SlideLine):
    """A slide; `summary` as in summary.json, once it is done; `error` is one line, where it failed."""

    progress: Progress
    um_per_px: float | None
    sample: str
    started_utc: str | None
    finished_utc: str | None
    error: str | None
    summary: dict[str, Any] | None


class SlideList(BaseModel):
    """The slides, the newest first."""

    slides: list[SlideLine]


class CropResult(BaseModel):
    """One picture of a single cell; p_infected is calibrated, 0 to 1.

    Where `notice` is 'not_one_cell', the picture is not called, `p_infected` and `infected` are null and
    `reason` says what was measured.
    """

    crop: str
    p_infected: float | None
    infected: bool | None
    model: str
    notice: str
    reason: str


class CropAnswer(BaseModel):
    """The cells in the order they were sent."""

    crops: list[CropResult]


class Problem(BaseModel):
    """An error (RFC 9457): `type` names its kind for a program, `detail` is one line for a person."""

    type: str
    title: str
    status: int
    detail: str


class HealthAnswer(BaseModel):
    """Whether the service works: `worker` counts the slides, `waiting` are those queued or running."""

    status: Literal["ok", "no worker"]
    worker: bool
    waiting: int
