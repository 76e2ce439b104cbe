"""Cells of a DICOM slide become annotations that point into it, with their measurements."""

import json
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from pipeline.errors import InputError, SlideError
from pipeline.output.folder import write_result
from pipeline.reports.export import export_result
from tests.optional import required
from tests.pipeline.counting.made_up_counts import HEIGHT, WIDTH, make_cells, make_facts, make_result
from tests.pipeline.reader.dicom_files import write_dicom_slide

KINDS = ("infected", "uninfected", "infected", "white_cell", "uninfected")


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    """A slide of the size that the made-up counts have, in a folder of its own beside a smaller level."""
    folder = tmp_path / "scan"
    folder.mkdir()
    rgb = np.full((HEIGHT, WIDTH, 3), 220, np.uint8)
    write_dicom_slide(folder / "a_small.dcm", rgb[::2, ::2], tile=40)
    return write_dicom_slide(folder / "level.dcm", rgb, tile=80)


def _counted(source: Path, out: Path) -> Path:
    return write_result(make_result(make_cells(*KINDS), make_facts(source=str(source))), out)


@pytest.mark.parametrize("by", ["file", "folder"])
def test_annotations_read_back_as_the_cells_of_the_slide(slide: Path, tmp_path: Path, by: str) -> None:
    required("highdicom")
    import highdicom
    import pydicom

    (path,) = export_result(
        _counted(slide if by == "file" else slide.parent, tmp_path / "out"), ["dicom"], tmp_path / "forms"
    )
    assert path.name == "annotations.dcm"
    read = highdicom.ann.annread(path)
    assert read.ReferencedImageSequence[0].ReferencedSOPInstanceUID == "1.2.3.4.1"
    assert (read.AnnotationCoordinateType, read.PixelOriginInterpretation) == ("2D", "VOLUME")
    assert read.StudyInstanceUID == pydicom.dcmread(slide, stop_before_pixels=True).StudyInstanceUID
    groups = read.get_annotation_groups()
    assert [(group.label, group.NumberOfAnnotations) for group in groups] == [
        ("Infected red cell", 2), ("Uninfected red cell", 2), ("White cell", 1),
    ]  # fmt: skip
    infected = groups[0]
    cells = make_cells(*KINDS)
    for ends, (_, cell) in zip(
        infected.get_graphic_data("2D"), cells[cells["infected"]].iterrows(), strict=True
    ):
        np.testing.assert_allclose(ends.mean(axis=0), (cell["x"], cell["y"]), atol=0.01)
        np.testing.assert_allclose(
            [*ends.min(axis=0), *ends.max(axis=0)], cell[["x_min", "y_min", "x_max", "y_max"]].tolist()
        )
    names, values, units = infected.get_measurements()
    assert [name.meaning for name in names] == ["Area", "Probability of infection", "Number in cells.csv"]
    assert [unit.value for unit in units] == ["um2", "1", "1"]
    np.testing.assert_allclose(values, [(44.18, 0.975, 1), (44.18, 0.975, 3)], rtol=1e-5)


def test_the_longer_axis_of_an_ellipse_comes_first(slide: Path, tmp_path: Path) -> None:
    required("highdicom")
    import highdicom

    cells = make_cells("infected", "infected")
    cells.loc[0, ["y_min", "y_max"]] = (20.0, 60.0)
    folder = write_result(make_result(cells, make_facts(source=str(slide))), tmp_path / "out")
    (path,) = export_result(folder, ["dicom"])
    (group,) = highdicom.ann.annread(path).get_annotation_groups()
    tall, square = group.get_graphic_data("2D")
    assert tall.tolist() == [[30, 20], [30, 60], [20, 40], [40, 40]]
    assert square.tolist() == [[50, 40], [70, 40], [60, 30], [60, 50]]


def test_the_same_result_gives_the_same_file(slide: Path, tmp_path: Path) -> None:
    required("highdicom")
    folder = _counted(slide, tmp_path / "out")
    files = [export_result(folder, ["dicom"], tmp_path / name)[0].read_bytes() for name in "ab"]
    assert files[0] == files[1]


def test_a_patient_is_named_in_the_file_alone(
    slide: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    required("highdicom")
    import pydicom

    header = pydicom.dcmread(slide)
    header.PatientName, header.PatientID = "Jane Roe", "17"  # a name without ^ is warned of
    header.save_as(slide)
    (path,) = export_result(_counted(slide, tmp_path / "out"), ["dicom"])
    assert pydicom.dcmread(path).PatientName == "Jane Roe"
    assert "Roe" not in "".join(capfd.readouterr())


def test_a_slide_that_is_no_dicom_is_told_in_one_line(tmp_path: Path) -> None:
    photo = tmp_path / "film.png"
    photo.write_bytes(b"no dicom")
    with pytest.raises(InputError, match=r"film\.png: is no DICOM slide.*choose another form") as told:
        export_result(_counted(photo, tmp_path / "out"), ["dicom"])
    assert "\n" not in str(told.value)
    photo.unlink()
    with pytest.raises(SlideError, match=r"no such file or folder: .*film\.png"):
        export_result(tmp_path / "out" / "film", ["dicom"])


def test_a_level_of_another_size_is_not_annotated(slide: Path, tmp_path: Path) -> None:
    required("highdicom")
    folder = _counted(slide, tmp_path / "out")
    summary = json.loads((folder / "summary.json").read_text())
    summary["fields"][0]["width"] = 5000
    (folder / "summary.json").write_text(json.dumps(summary))
    with pytest.raises(InputError, match=r"none of the files beside it has the 5000 x 240 px"):
        export_result(folder, ["dicom"])


def test_without_highdicom_it_is_said_what_to_install(slide: Path, tmp_path: Path) -> None:
    with (
        mock.patch.dict("sys.modules", {"highdicom": None}),
        pytest.raises(InputError, match=r"pip install 'smearcount\[dicom\]'"),
    ):
        export_result(_counted(slide, tmp_path / "out"), ["dicom"])
