"""What is handed to the library, checked where it comes in: paths, names, settings."""

import os
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field, InstanceOf, TypeAdapter, ValidationError

from pipeline.errors import InputError, expected_value
from pipeline.names import for_line, for_path
from pipeline.settings import (
    RBC_PER_UL_MAX,
    RBC_PER_UL_MIN,
    TILE_PX_MAX,
    TILE_PX_MIN,
    UM_PER_PX_MAX,
    UM_PER_PX_MIN,
    CountSettings,
    ReportSettings,
)

__all__ = ["folder_name", "path_of", "settings_of"]

_SHOWN = 60  # letters of a value in a message
_FILES = ("detector", "classifier", "site")
"""Settings that are files."""
_Count = Annotated[int, Field(ge=1)]
_Side = Annotated[int, Field(ge=0)]
_EXPECTED = {
    "protocol": "the name of a protocol, such as who",
    "region": "x, y, width and height, four whole numbers of px",
    "report": "pipeline.settings.ReportSettings",
    "scheduler": "an address, such as tcp://host:8786",
}


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


_KINDS: dict[str, Any] = {
    "um_per_px": Annotated[float, Field(ge=UM_PER_PX_MIN, le=UM_PER_PX_MAX, allow_inf_nan=False)] | None,
    "tile_px": Annotated[int, Field(ge=TILE_PX_MIN, le=TILE_PX_MAX)],
    "workers": _Count,
    "region": Annotated[tuple[_Side, _Side, _Count, _Count] | None, BeforeValidator(_as_tuple)],
    "protocol": str | None,
    "max_cells": _Count | None,
    "fields": _Count | None,
    "red_cells_per_ul": Annotated[float, Field(ge=RBC_PER_UL_MIN, le=RBC_PER_UL_MAX)] | None,
    "whole_film": bool,
    "scheduler": str | None,
    "report": InstanceOf[ReportSettings],
}
"""Types and ranges of the other settings, whose defaults are those of `CountSettings`."""


def settings_of(given: dict[str, Any]) -> CountSettings:
    """Settings by their names, also as numbers of NumPy; InputError names one that cannot be used."""
    known = CountSettings.__slots__
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InputError(f"no setting is called {', '.join(unknown)}; expected some of {', '.join(known)}")
    values = {name: _checked(name, value) for name, value in given.items() if name not in _FILES}
    values |= {name: path_of(given[name], name) for name in _FILES if given.get(name) is not None}
    return CountSettings(**values)


def _checked(name: str, value: Any) -> Any:
    """The value of a setting; nothing is taken for what it is not."""
    try:
        return TypeAdapter(_KINDS[name]).validate_python(_plain(value), strict=True)
    except ValidationError as error:
        expected = _EXPECTED.get(name) or expected_value(error.errors()[0])
        raise InputError(f"{name} is {_shown(value)}; expected {expected}") from error


def path_of(given: Any, name: str) -> Path:
    """A path that was given as text or as a path; InputError where it is none, empty, or holds a null."""
    if isinstance(given, str | os.PathLike):
        text = os.fspath(given)
        if isinstance(text, str) and text and "\0" not in text:
            return Path(text)
    raise InputError(f"{name} is {_shown(given)}; expected a path, as text or as pathlib.Path")


def folder_name(given: Any) -> str | None:
    """The name of a slide, which its folder gets; InputError where it is no name of one on any disk."""
    if given is None or given == "":
        return None
    if not isinstance(given, str) or for_path(given) != given:
        way = f", such as {for_path(given)!r}" if isinstance(given, str) else ""
        raise InputError(
            f"name is {_shown(given)}; expected text that can be the name of a folder on any disk{way}"
        )
    return given


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _shown(value: Any) -> str:
    text = for_line(repr(value))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({type(value).__name__})"
