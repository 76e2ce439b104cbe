"""What decides a result: the pixels of a slide, the settings and the networks, each as one short hash."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from pipeline.errors import SlideError
from pipeline.provenance import describe_input, source_state
from pipeline.settings import CountSettings

__all__ = ["ResultKey", "key_of", "key_of_run", "models_of", "pixels_of", "seen_state", "settings_of"]

_DECIDE_NOTHING = frozenset({"workers", "scheduler", "tile_px", "detector", "classifier", "site", "report"})
"""Settings without influence on a result, and those whose networks stand in the key with their hashes."""
_DEFAULTS = {field.name: field.default for field in fields(CountSettings)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultKey:
    """Two results of one key are the same.

    Attributes
    ----------
    pixels : SHA-256 over the content of the slide's files, whatever they are called.
    settings, models : of what else decides the result.
    """

    pixels: str
    settings: str
    models: str


def key_of(source: Path, settings: CountSettings, models: str) -> ResultKey:
    """The key of the result that a count would give; SlideError where the slide's files cannot be read."""
    return ResultKey(pixels=pixels_of(describe_input(source)), settings=settings_of(settings), models=models)


def key_of_run(run: Mapping[str, Any]) -> ResultKey | None:
    """The key of a written result by its run.json; None where that does not hold it."""
    try:
        return ResultKey(
            pixels=pixels_of(run["input"]),
            settings=_settings_of(run["settings"]),
            models=_digest({role: facts["sha256"] for role, facts in run["models"].items()}),
        )
    except (KeyError, TypeError, AttributeError):
        return None


def models_of(settings: CountSettings) -> str:
    """The networks of a count; ModelError where one cannot be trusted."""
    from pipeline.networks import describe_all, load_classifier, load_detector

    described = describe_all(load_detector(settings), load_classifier(settings), settings)
    return _digest({role: facts["sha256"] for role, facts in described.items()})


def pixels_of(described: Mapping[str, Any]) -> str:
    """Hash over the files of a slide as `pipeline.provenance.describe_input` describes them."""
    files = [str(file.get("sha256") or (file["bytes"], file["modified_utc"])) for file in described["files"]]
    return _digest([sorted(files), described.get("files_in_folder", 1)])


def seen_state(source: Path) -> str | None:
    """Sizes and times of a slide's files: as long as they stay, so do its pixels. None where unreadable."""
    try:
        return _digest(source_state(source).facts())
    except SlideError:
        return None


def settings_of(settings: CountSettings) -> str:
    """Hash over those settings that decide a result."""
    return _settings_of(asdict(settings))


def _settings_of(settings: Mapping[str, Any]) -> str:
    decides = {
        name: value
        for name, value in settings.items()
        if name not in _DECIDE_NOTHING and value != _DEFAULTS.get(name)
    }
    return _digest(decides)


def _digest(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()
