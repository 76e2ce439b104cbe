"""Manifests of networks: what a file is, what it expects, how well it did; a changed file is refused."""

import hashlib
import tomllib
from pathlib import Path
from typing import Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.errors import ModelError

__all__ = [
    "Calibration",
    "Manifest",
    "Measured",
    "MiddleLogits",
    "StageFigures",
    "Strict",
    "read_checked",
    "read_manifest",
    "shipped",
    "verified_file",
]

_Kind = TypeVar("_Kind", bound=BaseModel)
_FOLDER = Path(__file__).resolve().parent


class Strict(BaseModel):
    """Takes no entry that it does not know, and does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Calibration(Strict):
    """Platt scaling: probability = sigmoid(slope * logit + offset) (Platt 1999)."""

    slope: float = Field(gt=0)
    offset: float


class Measured(Strict):
    """Sensitivity and false positives at the threshold, with the counts behind them, on patients left out."""

    source: str
    infected: int = Field(ge=0)
    infected_found: int = Field(ge=0)
    uninfected: int = Field(ge=0)
    false_positives: int = Field(ge=0)

    @property
    def false_positive_rate(self) -> float:
        """False positives per uninfected cell; one half is added where none was seen, so it is never 0."""
        return max(self.false_positives, 0.5) / max(self.uninfected, 1)

    @property
    def sensitivity(self) -> float:
        """Fraction of infected cells found."""
        return self.infected_found / max(self.infected, 1)


class MiddleLogits(Strict):
    """Median calibrated logit of a slide's cells that are not called: its range over the slides that the
    threshold was set on.
    """

    low: float
    high: float


class StageFigures(Strict):
    """Life stages that the network predicts, and how well it did on infected cells of slides left out.

    Attributes
    ----------
    names : in the order of the network's second output.
    least : probability below which a cell's stage is called unknown.
    confusion : cells, a row for each true stage, a column for each called one and a last one for unknown.
    """

    names: tuple[str, ...] = Field(min_length=2)
    least: float = Field(ge=0, le=1)
    confusion: tuple[tuple[int, ...], ...]

    @model_validator(mode="after")
    def _shaped(self) -> Self:
        rows = {len(row) for row in self.confusion}
        if len(self.confusion) != len(self.names) or rows != {len(self.names) + 1}:
            raise ValueError("confusion needs a row a stage, and a column a stage and one for unknown")
        return self


class Manifest(Strict):
    """What is to be known of one network.

    Attributes
    ----------
    name : of the network, as written into every result.
    task : 'detector' or 'classifier'.
    file, sha256 : LiteRT file beside the manifest and its hash; keras_file, keras_sha256 : the same in Keras.
    um_per_px : of the input. classes : meaning of the outputs, in order.
    threshold : least peak of a detection, or least probability of an infected cell, 0 to 1.
    crop : classifier: how its input is cut, `EVENED` of `classifier.crops`.
    calibration : classifier only, at the prevalence of fields.
    precut : the same for pre-cut single cells, at even odds (threshold 0.5).
    stages : classifier only, what its second output predicts; None where it has none.
    middles : classifier only, on what was left out; None where it was not measured.
    measured : classifier only, all left-out sources together first, then each.
    reference_file, reference_sha256 : classifier only, cells of its training sets (`models.reference`) that a
        slide's own last layer is fitted beside. None: no slide gets one.
    """

    name: str
    task: Literal["detector", "classifier"]
    file: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    keras_file: str
    keras_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    um_per_px: float = Field(gt=0)
    classes: tuple[str, ...]
    threshold: float = Field(gt=0, lt=1)
    crop: str | None = None
    calibration: Calibration | None = None
    precut: Calibration | None = None
    stages: StageFigures | None = None
    middles: MiddleLogits | None = None
    measured: tuple[Measured, ...] = ()
    reference_file: str | None = None
    reference_sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    trained_on: tuple[str, ...]
    left_out: tuple[str, ...]
    seed: int
    licence: str


def shipped(task: Literal["detector", "classifier"]) -> Path:
    """Manifest of the network that comes with smearcount."""
    return _FOLDER / f"{task}.toml"


def read_checked(path: Path, kind: type[_Kind], name: str, mend: str) -> _Kind:
    """Read a TOML file and check it against what it should hold.

    Parameters
    ----------
    name : of such a file, as "model manifest". mend : what to do where it is none.

    Raises
    ------
    ModelError
        Where it is missing or malformed; the first wrong entry is named.
    """
    try:
        return kind.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        reason = "not text in UTF-8" if isinstance(error, UnicodeError) else reason
        raise ModelError(f"{path} cannot be read as a {name} ({reason}); {mend}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "whole file"
        raise ModelError(f"{path} is no valid {name}: {place}: {first['msg']}; {mend}") from error


def read_manifest(path: Path, task: Literal["detector", "classifier"]) -> Manifest:
    """Read and check a manifest.

    Raises
    ------
    ModelError
        Where it is missing, malformed, or of another task.
    """
    manifest = read_checked(path, Manifest, "model manifest", "give the .toml that lies beside the network")
    if manifest.task != task:
        raise ModelError(
            f"{path} describes a {manifest.task}, expected a {task}; give the manifest of a {task}"
        )
    return manifest


def verified_file(path: Path, manifest: Manifest, kind: Literal["litert", "keras"] = "litert") -> Path:
    """The network file beside the manifest `path`, its hash checked.

    Raises
    ------
    ModelError
        Where it is missing or its SHA-256 is not the manifest's.
    """
    name, expected = (
        (manifest.file, manifest.sha256) if kind == "litert" else (manifest.keras_file, manifest.keras_sha256)
    )
    file = path.parent / name
    try:
        found = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(
            f"network file {file} cannot be read ({error.strerror}); install smearcount again"
        ) from error
    if found != expected:
        raise ModelError(
            f"network file {file} has SHA-256 {found[:12]}..., its manifest expects {expected[:12]}...;"
            " it was changed or damaged: install smearcount again or train it anew"
        )
    return file
