"""Reads labelled sets of fields or of single cells, and splits them by slide or patient.

The form: a field set is a folder with fields.csv, cells.csv and its pictures; a crop set is a folder with
crops.csv and crops.zip (or the same files unpacked).
"""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import InputError, LabelledDataError, reason_of

__all__ = [
    "BOX_COLUMNS",
    "CELL_LABELS",
    "INFECTED_LABELS",
    "RED_CELL_LABELS",
    "CropSet",
    "FieldSet",
    "read_crop_set",
    "read_crops",
    "read_field_set",
    "require_known",
]

INFECTED_LABELS: Final = ("parasitized", "ring", "trophozoite", "schizont", "gametocyte")
RED_CELL_LABELS: Final = ("uninfected", *INFECTED_LABELS, "difficult")
CELL_LABELS: Final = (*RED_CELL_LABELS, "white_blood_cell", "platelet")
BOX_COLUMNS: Final = ("xmin", "ymin", "xmax", "ymax")

_CROP_LABELS = ("parasitized", "uninfected")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FieldSet:
    """Labelled fields of one or more slides.

    Attributes
    ----------
    fields : one row a field: field, slide, image (str), complete (bool: every red cell is annotated),
        n_rbc, n_parasitized (float, NaN where not stated).
    cells : one row a labelled cell: field, label (str), x, y (centre) and xmin, ymin, xmax, ymax (float,
        px of the picture; the four of a box are NaN together where the source has a point only).
    """

    name: str
    folder: Path
    fields: pd.DataFrame
    cells: pd.DataFrame

    def cells_of(self, field: str) -> pd.DataFrame:
        """Labelled cells of one field, in the order of the file, rows numbered from 0."""
        self._row(field)
        return self.cells[self.cells["field"] == field].reset_index(drop=True)

    def image_path(self, field: str) -> Path:
        """Picture of one field."""
        return self.folder / str(self._row(field)["image"])

    def _row(self, field: str) -> pd.Series:
        rows = self.fields[self.fields["field"] == field]
        if len(rows) != 1:
            raise LabelledDataError(f"no field {field!r} in {self.folder}; take one that fields.csv lists")
        return rows.iloc[0]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CropSet:
    """Labelled pictures of single red cells.

    Attributes
    ----------
    crops : one row a crop: crop (its path in the set), patient, label ('parasitized' or 'uninfected'),
        patient_in_nih_fields (bool), shrunk_by (original px = crop px x shrunk_by).
    """

    name: str
    folder: Path
    crops: pd.DataFrame


def read_field_set(folder: Path) -> FieldSet:
    """Read and check a field set.

    Raises
    ------
    LabelledDataError
        Where the folder is not in the documented form; the message names the file and the row.
    """
    path = folder / "fields.csv"
    fields = _read_table(path, ("field", "slide", "image", "complete"))
    if fields.empty:
        raise LabelledDataError(f"{path} lists no field; expected one row a field")
    for column in ("field", "slide", "image"):
        _require(fields[column] != "", path, f"a name in column {column!r}", fields[column])
    _require(~fields["field"].duplicated(), path, "every field only once", fields["field"])
    _require(fields["complete"].isin(["0", "1"]), path, "complete = 0 or 1", fields["complete"])
    fields["complete"] = fields["complete"] == "1"
    for column in ("n_rbc", "n_parasitized"):
        fields[column] = _numbers(fields, column, path, empty_allowed=True)
    inside = fields["image"].map(_stays_inside)
    _require(inside, path, "a path inside the set", fields["image"])
    present = fields["image"].map(lambda image: (folder / image).is_file())
    _require(present, path, "a picture that is there", fields["image"])
    cells = _read_cells(folder / "cells.csv", fields["field"])
    names = ["field", "slide", "image", "complete", "n_rbc", "n_parasitized"]
    return FieldSet(name=folder.resolve().name, folder=folder, fields=fields[names], cells=cells)


def read_crop_set(folder: Path) -> CropSet:
    """Read and check the table of a crop set; without a patient column each crop is a patient of its own.

    Raises
    ------
    LabelledDataError
        Where the folder is not in the documented form; the message names the file and the row.
    """
    path = folder / "crops.csv"
    crops = _read_table(path, ("crop", "label"))
    if crops.empty:
        raise LabelledDataError(f"{path} lists no crop; expected one row a crop")
    _require(crops["crop"].map(_stays_inside), path, "a path inside the set", crops["crop"])
    _require(~crops["crop"].duplicated(), path, "every crop only once", crops["crop"])
    _require(crops["label"].isin(_CROP_LABELS), path, "label = parasitized or uninfected", crops["label"])
    if "patient" not in crops:
        crops["patient"] = crops["crop"]
    _require(crops["patient"] != "", path, "a name in column 'patient'", crops["patient"])
    if "patient_in_nih_fields" not in crops:
        crops["patient_in_nih_fields"] = "0"
    known = crops["patient_in_nih_fields"]
    _require(known.isin(["0", "1"]), path, "patient_in_nih_fields = 0 or 1", known)
    crops["patient_in_nih_fields"] = known == "1"
    if "shrunk_by" not in crops:
        crops["shrunk_by"] = "1"
    crops["shrunk_by"] = _numbers(crops, "shrunk_by", path)
    _require(crops["shrunk_by"] > 0, path, "shrunk_by above 0", crops["shrunk_by"])
    names = ["crop", "patient", "label", "patient_in_nih_fields", "shrunk_by"]
    return CropSet(name=folder.resolve().name, folder=folder, crops=crops[names])


def read_crops(crop_set: CropSet, names: Sequence[str]) -> Iterator[NDArray[np.uint8]]:
    """Yield the pictures of the named crops, in that order, as RGB uint8 (height, width, 3).

    Raises
    ------
    LabelledDataError
        Where a crop is missing or cannot be decoded.
    """
    packed = crop_set.folder / "crops.zip"
    place = packed if packed.is_file() else crop_set.folder
    try:
        if place == packed:
            with zipfile.ZipFile(packed) as archive:
                for name in names:
                    yield _decoded(archive.read(name), packed / name)
        else:
            for name in names:
                yield _decoded((place / name).read_bytes(), place / name)
    except (OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise LabelledDataError(f"cannot read {place} ({error}); expected every crop there") from error


def _read_cells(path: Path, fields: pd.Series) -> pd.DataFrame:
    cells = _read_table(path, ("field", "label", "x", "y"))
    _require(cells["field"].isin(fields), path, "a field that fields.csv lists", cells["field"])
    _require(cells["label"].isin(CELL_LABELS), path, f"one of {', '.join(CELL_LABELS)}", cells["label"])
    for column in ("x", "y"):
        cells[column] = _numbers(cells, column, path)
    for column in BOX_COLUMNS:
        cells[column] = _numbers(cells, column, path, empty_allowed=True)
    box = cells[list(BOX_COLUMNS)]
    missing = box.isna().sum(axis=1)
    _require(missing.isin([0, 4]), path, "all four of a box or none", missing.map(lambda n: f"{4 - n} of 4"))
    without_area = (cells["xmax"] <= cells["xmin"]) | (cells["ymax"] <= cells["ymin"])
    cells[list(BOX_COLUMNS)] = box.mask(without_area)  # a box without area says no more than a point
    return cells[["field", "label", "x", "y", *BOX_COLUMNS]]


def _read_table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Every value as the text that stands in the file; a missing one as the empty text."""
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, index_col=False, encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise LabelledDataError(f"no {path.name} in {path.parent}; expected a labelled set there") from error
    except (OSError, ValueError) as error:  # pandas' parser errors are ValueErrors
        raise LabelledDataError(
            f"cannot read {path} as a table ({reason_of(error)}); expected CSV in UTF-8"
        ) from error
    for column in columns:
        if column not in table:
            raise LabelledDataError(f"{path} has no column {column!r}; expected {', '.join(columns)}")
    return table


def _numbers(table: pd.DataFrame, column: str, path: Path, *, empty_allowed: bool = False) -> pd.Series:
    texts = table.get(column, pd.Series("", index=table.index, dtype=str))
    numbers = pd.to_numeric(texts, errors="coerce").astype(np.float64)
    good = np.isfinite(numbers) | ((texts == "") & empty_allowed)
    _require(good, path, f"a number in column {column!r}", texts)
    return numbers


def _require(good: pd.Series, path: Path, expected: str, values: pd.Series) -> None:
    if not good.all():
        row = int(np.flatnonzero(~good.to_numpy(dtype=bool))[0])
        found = repr(str(values.iloc[row]))
        raise LabelledDataError(f"{path} line {row + 2}: found {found}, expected {expected}")


def _stays_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return name != "" and not path.is_absolute() and ".." not in path.parts


def _decoded(encoded: bytes, path: Path) -> NDArray[np.uint8]:
    buffer = np.frombuffer(encoded, dtype=np.uint8)
    picture = cv2.imdecode(buffer, cv2.IMREAD_COLOR_RGB) if buffer.size else None
    if picture is None:
        raise LabelledDataError(f"cannot decode {path}; expected a JPEG or PNG of one cell")
    return np.asarray(picture, dtype=np.uint8)


def require_known(kind: str, asked: Sequence[str], known: set[str]) -> None:
    """Raise InputError where a slide or patient is asked for that is not known, or none."""
    unknown = sorted(set(asked) - known)
    if unknown or not asked:
        some = ", ".join(sorted(known)[:10])
        raise InputError(f"no {kind} {', '.join(unknown) or 'given'} in the set; take some of: {some}")
