"""Write a result in the forms that other programs read: Parquet, GeoJSON, COCO, FHIR, DICOM."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd

from pipeline.errors import InputError, SettingsError
from pipeline.files import output_errors, write_json
from pipeline.names import for_path, one_of_folder
from pipeline.reader.vendor import bounds_origin
from pipeline.reports.coco import write_coco
from pipeline.reports.dicom import write_annotations
from pipeline.reports.fhir import fhir_bundle
from pipeline.reports.geojson import write_geojson
from pipeline.reports.parquet import write_parquet
from pipeline.reports.stored import StoredResult, read_stored

__all__ = ["EXPORT_FORMATS", "export_result"]


def export_result(
    folder: Path, formats: Sequence[str], out: Path | None = None, *, sample: str = ""
) -> list[Path]:
    """Write the result in a folder in other forms; an earlier export is replaced.

    Parameters
    ----------
    folder : of one slide, as a count wrote it.
    formats : names of `EXPORT_FORMATS`.
    out : folder to write into, made where it is missing; None is `<folder>-export` beside it, because a
        result that holds other files is not replaced by the next count.
    sample : number of the sample, for FHIR.

    Returns
    -------
    What was written: a file for each form, of GeoJSON one a field.

    Raises
    ------
    InputError
        Where the folder holds no result, or a library for a form is missing.
    SettingsError
        Where a form is unknown.
    OutputError
        Where it cannot be written.
    """
    unknown = [name for name in formats if name not in EXPORT_FORMATS]
    if unknown or not formats:
        raise SettingsError(
            f"{', '.join(unknown) or 'nothing'} is no form of an export; expected some of "
            f"{', '.join(EXPORT_FORMATS)}, separated by commas"
        )
    stored = read_stored(folder)
    out = out or folder.resolve().with_name(f"{folder.resolve().name}-export")
    with output_errors(out):
        out.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name in dict.fromkeys(formats):
        written += EXPORT_FORMATS[name](stored, out, sample)
    return written


def _parquet(stored: StoredResult, out: Path, sample: str) -> list[Path]:
    write_parquet(out / "cells.parquet", stored.parts())
    return [out / "cells.parquet"]


def _coco(stored: StoredResult, out: Path, sample: str) -> list[Path]:
    write_coco(out / "coco.json", stored.parts(), stored.summary, stored.run)
    return [out / "coco.json"]


def _fhir(stored: StoredResult, out: Path, sample: str) -> list[Path]:
    write_json(out / "fhir.json", fhir_bundle(stored.summary, stored.run, sample))
    return [out / "fhir.json"]


def _dicom(stored: StoredResult, out: Path, sample: str) -> list[Path]:
    write_annotations(out / "annotations.dcm", stored)
    return [out / "annotations.dcm"]


def _geojson(stored: StoredResult, out: Path, sample: str) -> list[Path]:
    return _geojson_files(stored, out, ".geojson")


def _geojson_gz(stored: StoredResult, out: Path, sample: str) -> list[Path]:
    return _geojson_files(stored, out, ".geojson.gz")


EXPORT_FORMATS: dict[str, Callable[[StoredResult, Path, str], list[Path]]] = {
    "parquet": _parquet,
    "geojson": _geojson,
    "geojson.gz": _geojson_gz,
    "coco": _coco,
    "fhir": _fhir,
    "dicom": _dicom,
}
"""What writes each form."""


def _geojson_files(stored: StoredResult, out: Path, suffix: str) -> list[Path]:
    """A file for each field: another program opens one picture at a time."""
    fields = [str(field["name"]) for field in stored.summary["fields"]]
    source = Path(stored.summary["source"])
    origin = bounds_origin(source)
    if len(fields) <= 1:
        path = out / f"cells{suffix}"
        write_geojson(path, stored.parts(), origin)
        return [path]
    written = []
    runs = _runs(stored)
    waiting = next(runs, None)
    for number, field in enumerate(fields, start=1):
        path = out / f"{_file_name(field, number, fields)}{suffix}"
        rows = waiting[1] if waiting is not None and waiting[0] == field else iter(())
        write_geojson(path, rows, origin)
        written.append(path)
        if waiting is not None and waiting[0] == field:
            waiting = next(runs, None)
    if waiting is not None:
        raise InputError(
            f"{stored.folder / 'cells.csv'}: cells of {waiting[0]!r} stand out of order or in no field of "
            "summary.json; expected the fields in its order; count the slide again"
        )
    return written


def _runs(stored: StoredResult) -> Iterator[tuple[str, Iterator[pd.DataFrame]]]:
    """Tables of each field, in the order of the file; each is gone through before the next is asked for."""
    pieces = (
        (str(name), rows)
        for part in stored.parts()
        for name, rows in part.groupby("field", sort=False, observed=True)
    )
    ahead = next(pieces, None)
    while ahead is not None:
        name = ahead[0]

        def same(name: str = name) -> Iterator[pd.DataFrame]:
            nonlocal ahead
            while ahead is not None and ahead[0] == name:
                yield ahead[1]
                ahead = next(pieces, None)

        yield name, same()


def _file_name(field: str, number: int, fields: Sequence[str]) -> str:
    """A field's name as a file name, its number before it where another field has the same."""
    plain = [for_path(name) or "field" for name in fields]
    mine = plain[number - 1]
    shared = sum(one_of_folder(name) == one_of_folder(mine) for name in plain) > 1
    return f"{number:04d}-{mine}" if shared else mine
