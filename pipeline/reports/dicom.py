"""Cells of a DICOM slide as Microscopy Bulk Simple Annotations (PS3.3, A.87); needs the extra `dicom`."""

import logging
import uuid
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.errors import InputError, reason_of
from pipeline.files import whole_file
from pipeline.reader.source import shown
from pipeline.reader.vendor import dicom_slide, is_dicom
from pipeline.reports.cell_classes import CELL_CLASSES, class_numbers
from pipeline.reports.stored import StoredResult

__all__ = ["write_annotations"]

SLIDE_CLASS = "1.2.840.10008.5.1.4.1.1.77.1.6"
"""SOP class of a slide: VL Whole Slide Microscopy Image Storage."""
SCHEME = "99SMEARCOUNT"
"""For what no dictionary has a code; PS3.16, 8.2: private schemes begin with 99."""
STRUCTURE, ALTERED = ("91723000", "Anatomical Structure"), ("49755003", "Morphologically Abnormal Structure")
TYPES = (
    (ALTERED, (SCHEME, "infected_red_cell")),
    (STRUCTURE, ("SCT", "41898006")),
    (STRUCTURE, (SCHEME, "red_cell_not_counted")),
    (STRUCTURE, ("SCT", "52501007")),
    (STRUCTURE, ("SCT", "16378004")),
    (ALTERED, (SCHEME, "artefact")),
)
"""Category, then scheme and code of the type of each of `CELL_CLASSES`; categories are of CID 7150."""
EMPTY_IF_MISSING = (
    "AccessionNumber",
    "FrameOfReferenceUID",
    "PatientBirthDate",
    "PatientID",
    "PatientName",
    "PatientSex",
    "StudyDate",
    "StudyID",
    "StudyTime",
)
"""highdicom asks the slide's header for these; many a scanner leaves them out."""
_KEPT = ("x_min", "y_min", "x_max", "y_max", "area_um2", "p_infected", "cell")


def write_annotations(path: Path, stored: StoredResult) -> None:
    """Write a group for each class of cells, an ellipse for each cell, in px of the slide's largest level.

    Whom the slide is of is said as in the slide's own header, so that an archive files both together. The
    same result gives the same file.

    Raises
    ------
    InputError
        Where the slide is no DICOM slide or highdicom is not installed.
    SlideError
        Where the slide cannot be opened.
    """
    slide = _slide_file(Path(str(stored.summary["source"])))
    highdicom, pydicom = _load()
    with _silent():
        header = _level_zero(pydicom, slide, stored)
        groups = _groups(highdicom, stored, str(header.SOPInstanceUID))
        try:
            written = _annotations(highdicom, header, groups, stored)
        except ValueError as error:
            raise InputError(
                f"{stored.summary['source']}: its DICOM header cannot be taken over ({reason_of(error)}); "
                "expected one as PS3.3, A.32.8 has it; choose another form, such as geojson"
            ) from error
        with whole_file(path) as handle:
            written.save_as(handle)


def _load() -> tuple[Any, Any]:
    try:
        import highdicom.ann
        import highdicom.coding_schemes
        import pydicom
    except ImportError as error:
        raise InputError(
            "DICOM annotations need highdicom, which is not installed; install it: "
            "pip install 'smearcount[dicom]'"
        ) from error
    return highdicom, pydicom


@contextmanager
def _silent() -> Iterator[None]:
    """Both libraries would print a patient's name that is not in their form."""
    loggers = [logging.getLogger(name) for name in ("highdicom", "pydicom")]
    levels = [one.level for one in loggers]
    try:
        for one in loggers:
            one.setLevel(logging.CRITICAL)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for one, level in zip(loggers, levels, strict=True):
            one.setLevel(level)


def _slide_file(source: Path) -> Path:
    """One of the slide's files."""
    one = dicom_slide(source) if source.is_dir() else source
    if one is None or not is_dicom(one):
        raise InputError(
            f"{shown(source)}: is no DICOM slide, into which alone DICOM annotations can point; "
            "choose another form, such as geojson"
        )
    return one


def _level_zero(pydicom: Any, one: Path, stored: StoredResult) -> Any:
    """Header of the file that holds the pixels that were counted."""
    series = pydicom.dcmread(one, stop_before_pixels=True).get("SeriesInstanceUID")
    field = stored.summary["fields"][0]
    for path in [one, *sorted(path for path in one.parent.iterdir() if path.is_file())]:
        header = _header(pydicom, path)
        if header is not None and _is_level_zero(header, series, field):
            for name in EMPTY_IF_MISSING:
                if name not in header:
                    setattr(header, name, "")
            return header
    raise InputError(
        f"{shown(one)}: none of the files beside it has the {field['width']} x {field['height']} px that "
        "were counted; expected all files of the slide in one folder; put them together"
    )


def _header(pydicom: Any, path: Path) -> Any:
    """All but the pixels; None where the file is no DICOM file."""
    try:
        return pydicom.dcmread(path, stop_before_pixels=True)
    except (OSError, pydicom.errors.InvalidDicomError):
        return None


def _is_level_zero(header: Any, series: object, field: Mapping[str, Any]) -> bool:
    size = header.get("TotalPixelMatrixColumns"), header.get("TotalPixelMatrixRows")
    return (
        header.get("SOPClassUID") == SLIDE_CLASS
        and header.get("SeriesInstanceUID") == series
        and "StudyInstanceUID" in header
        and "VOLUME" in header.get("ImageType", ())
        and size == (field["width"], field["height"])
    )


def _annotations(highdicom: Any, header: Any, groups: Sequence[Any], stored: StoredResult) -> Any:
    seed = _seed(stored, str(header.SOPInstanceUID))
    began = datetime.fromisoformat(stored.run.get("started_utc") or "1970-01-01T00:00:00+00:00")
    written = highdicom.ann.MicroscopyBulkSimpleAnnotations(
        source_images=[header],
        annotation_coordinate_type="2D",
        annotation_groups=groups,
        series_instance_uid=_uid(seed, "series"),
        series_number=1,
        sop_instance_uid=_uid(seed, "annotations"),
        instance_number=1,
        manufacturer="smearcount",
        manufacturer_model_name="smearcount",
        software_versions=_version(stored),
        device_serial_number="none",
        content_label="SMEARCOUNT",
        content_description="For research use only, not a diagnosis",
        series_description="Cells found by smearcount",
        content_date=began.date(),
        content_time=began.time(),
        coding_schemes=[highdicom.coding_schemes.CodingSchemeIdentificationItem(SCHEME)],
    )
    # The library takes the time of now, by which no two exports would be alike.
    written.InstanceCreationDate, written.InstanceCreationTime = written.ContentDate, written.ContentTime
    written.ContributingEquipmentSequence[-1].ContributionDateTime = f"{began:%Y%m%d%H%M%S}"
    written.TimezoneOffsetFromUTC = "+0000"
    return written


def _groups(highdicom: Any, stored: StoredResult, slide: str) -> list[Any]:
    rows: dict[int, list[pd.DataFrame]] = {}
    for part in stored.parts():
        for number, found in part[list(_KEPT)].groupby(class_numbers(part)):
            rows.setdefault(int(str(number)), []).append(found.astype("float32"))
    if not rows:
        raise InputError(f"{stored.folder}: holds no cell, so that there is nothing to annotate")
    return [
        _group(highdicom, place, number, pd.concat(rows[number]), stored, slide)
        for place, number in enumerate(sorted(rows), start=1)
    ]


def _group(
    highdicom: Any, place: int, number: int, cells: pd.DataFrame, stored: StoredResult, slide: str
) -> Any:
    from pydicom.sr.coding import Code

    one, (category, (scheme, code)) = CELL_CLASSES[number], TYPES[number]
    names = stored.summary["detector"], stored.summary["classifier"]
    return highdicom.ann.AnnotationGroup(
        number=place,
        uid=_uid(_seed(stored, slide), one.name),
        label=one.name,
        annotated_property_category=Code(category[0], "SCT", category[1]),
        annotated_property_type=Code(code, scheme, one.name),
        graphic_type="ELLIPSE",
        graphic_data=list(_ellipses(cells)),
        algorithm_type="AUTOMATIC",
        algorithm_identification=highdicom.AlgorithmIdentificationSequence(
            name=" ".join(names),
            family=Code("123110", "DCM", "Artificial Intelligence"),
            version=_version(stored),
            source="smearcount",
        ),
        measurements=_measurements(highdicom, cells),
        display_color=highdicom.color.CIELabColor.from_rgb(*one.colour),
    )


def _ellipses(cells: pd.DataFrame) -> "np.ndarray[Any, np.dtype[np.float32]]":
    """float32 (n, 4, 2), x and y: both ends of the longer axis, then of the shorter, of each cell's box."""
    sides = cells[["x_min", "y_min", "x_max", "y_max"]].to_numpy()
    x0, y0, x1, y1 = sides.T
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    across = np.stack([np.stack([x0, y], 1), np.stack([x1, y], 1)], 1)
    upright = np.stack([np.stack([x, y0], 1), np.stack([x, y1], 1)], 1)
    is_wide = ((x1 - x0) >= (y1 - y0))[:, None, None]
    axes = np.where(is_wide, across, upright), np.where(is_wide, upright, across)
    return np.concatenate(axes, axis=1).astype(np.float32)


def _measurements(highdicom: Any, cells: pd.DataFrame) -> list[Any]:
    from pydicom.sr.coding import Code

    unitless = Code("1", "UCUM", "no units")
    asked = [
        ("area_um2", Code("42798000", "SCT", "Area"), Code("um2", "UCUM", "square micrometer")),
        ("p_infected", Code("p_infected", SCHEME, "Probability of infection"), unitless),
        ("cell", Code("cell", SCHEME, "Number in cells.csv"), unitless),
    ]
    return [
        highdicom.ann.Measurements(name=name, values=cells[column].to_numpy(), unit=unit)
        for column, name, unit in asked
        if cells[column].notna().any()
    ]


def _version(stored: StoredResult) -> str:
    return str(stored.run.get("versions", {}).get("smearcount", "unknown"))


def _seed(stored: StoredResult, slide: str) -> str:
    """What sets one count of one slide apart from every other."""
    return f"smearcount {slide} {stored.run.get('started_utc')} {stored.summary['classifier']}"


def _uid(seed: str, name: str) -> str:
    """A UID made of a UUID (PS3.5, B.2)."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, f'{seed} {name}').int}"
