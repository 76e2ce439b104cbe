"""A slide is a photo, a folder of photos or a scan; what cannot be read is said in one line."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import EmptySlideError, NotAnImageError, SlideError
from pipeline.reader.slide import open_slide
from tests.pipeline.reader.reader_pictures import noise, smooth, whole, write_jpeg, write_photo

REPOSITORY = Path(__file__).resolve().parents[3]


def test_photo_is_a_slide_of_one_field_named_after_the_file(tmp_path: Path):
    slide = open_slide(write_photo(tmp_path / "patient 7.png", noise(90, 70)))
    assert slide.name == "patient 7"
    assert [field.name for field in slide.fields] == ["patient 7"]
    assert slide.broken == ()


def test_folder_is_a_slide_of_fields_in_natural_order(tmp_path: Path):
    folder = tmp_path / "slide 3"
    folder.mkdir()
    for name in ("f10.png", "f2.png", "F1.PNG", "f2b.png"):
        write_photo(folder / name.lower(), noise(90, 70)).rename(folder / name)
    slide = open_slide(folder)
    assert slide.name == "slide 3"
    assert [field.name for field in slide.fields] == ["F1", "f2", "f2b", "f10"]


def test_pictures_of_one_stem_keep_their_endings_as_names(tmp_path: Path):
    write_photo(tmp_path / "a.png", noise(90, 70))
    write_photo(tmp_path / "a.bmp", noise(90, 70))
    write_photo(tmp_path / "b.bmp", noise(90, 70))
    assert [field.name for field in open_slide(tmp_path).fields] == ["a.bmp", "a.png", "b"]


def test_what_is_no_picture_in_a_folder_is_passed_over(tmp_path: Path):
    write_photo(tmp_path / "a.png", noise(90, 70))
    for name in ("notes.txt", "cells.csv", ".hidden.png", "._a.png", "Thumbs.db"):
        (tmp_path / name).write_text("x")
    (tmp_path / "old.jpg").mkdir()
    slide = open_slide(tmp_path)
    assert [field.name for field in slide.fields] == ["a"]
    assert slide.broken == ()


def test_broken_photo_in_a_folder_is_named_and_the_others_are_read(tmp_path: Path):
    picture = noise(90, 70)
    write_photo(tmp_path / "a.png", picture)
    (tmp_path / "b.jpg").write_text("<html>\nlogin\n</html>")
    write_photo(tmp_path / "c.png", noise(10, 10))
    slide = open_slide(tmp_path)
    assert np.array_equal(whole(slide.fields[0], 1), picture)
    assert [broken.name for broken in slide.broken] == ["b", "c"]
    assert "is not a picture" in slide.broken[0].reason
    assert "10 x 10 px; a field needs at least 64 x 64 px" in slide.broken[1].reason
    assert not any("\n" in broken.reason for broken in slide.broken)


def test_folder_whose_pictures_are_all_broken_is_an_error(tmp_path: Path):
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_text("x")
    with pytest.raises(SlideError, match="none of the 2 pictures") as caught:
        open_slide(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_of_one_broken_picture_fails_with_what_that_one_says(tmp_path: Path):
    (tmp_path / "a.jpg").write_bytes(b"")
    with pytest.raises(SlideError) as alone:
        open_slide(tmp_path / "a.jpg")
    with pytest.raises(SlideError) as caught:
        open_slide(tmp_path)
    assert str(caught.value) == str(alone.value)


def test_kind_of_a_picture_is_told_by_its_content_not_its_ending(tmp_path: Path):
    picture = noise(90, 70)
    path = write_photo(tmp_path / "a.png", picture).rename(tmp_path / "a.jpg")
    assert np.array_equal(whole(open_slide(path).fields[0], 1), picture)


def test_empty_folder_is_an_empty_slide(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(EmptySlideError, match=r"no picture in .*expected the photos.*hand in the folder"):
        open_slide(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"patient,count\n1,2\n", r'is not a picture \(it starts with "patient,count 1,"\)'),
        (b"\xb5\xb5\x01PDF", r"is not a picture \(it starts with b5 b5 01 50 44 46\)"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "truncated or damaged"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00", "truncated or damaged"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "truncated or damaged"),
        (b"BM\x00\x00", "truncated or damaged"),
        (b"II*\x00\x08\x00\x00\x00", "truncated or damaged"),
    ],
)
def test_file_that_is_no_whole_picture_is_one_line_that_says_what_to_do(
    tmp_path: Path, content: bytes, words: str
):
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(SlideError, match=words) as caught:
        open_slide(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    assert "expected" in str(caught.value)


def test_one_pixel_is_no_field(tmp_path: Path):
    with pytest.raises(SlideError, match="picture is 1 x 1 px; a field needs at least 64 x 64 px"):
        open_slide(write_photo(tmp_path / "a.png", noise(1, 1)))


def test_missing_file_is_said_so(tmp_path: Path):
    with pytest.raises(SlideError, match=r"no such file or folder.*check the spelling"):
        open_slide(tmp_path / "a.jpg")
    with pytest.raises(SlideError):
        open_slide(write_photo(tmp_path / "b.png", noise(90, 70)) / "c.png")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything"
)
def test_file_without_permission_is_said_so(tmp_path: Path):
    path = write_photo(tmp_path / "a.png", noise(90, 70))
    path.chmod(0)
    with pytest.raises(SlideError, match=r"no permission to read.*change its permissions"):
        open_slide(path)


def test_denied_permission_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write_photo(tmp_path / "a.png", noise(90, 70))
    field = open_slide(path).fields[0]

    def deny(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", deny)
    monkeypatch.setattr(np, "fromfile", deny)
    with pytest.raises(SlideError, match=r"no permission to read.*change its permissions"):
        open_slide(path)
    with pytest.raises(SlideError, match="no permission to read"):
        whole(field, 1)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipe_is_no_picture(tmp_path: Path):
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(NotAnImageError, match="is no file"):
        open_slide(tmp_path / "a.jpg")


def test_line_break_in_a_file_name_stays_out_of_the_message(tmp_path: Path):
    path = tmp_path / "a\nb\x1b[31m.jpg"
    path.write_text("x")
    with pytest.raises(SlideError) as caught:
        open_slide(path)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_photo_is_opened_without_the_libraries_of_whole_slides(tmp_path: Path):
    path = write_jpeg(tmp_path / "a.jpg", smooth(180, 120))
    program = (
        "import sys; from pathlib import Path; from pipeline.reader.slide import open_slide; "
        "open_slide(Path(sys.argv[1])).fields[0].read(0, 0, 64, 64, 2); "
        "print(*{'tifffile', 'openslide', 'imagecodecs', 'tensorflow'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert (done.stdout.strip(), done.stderr) == ("", "")


@pytest.mark.real
def test_every_labelled_field_is_opened_and_read(labelled_data: Path):
    for name in ("iml", "chula", "draaslan", "bccd", "nih_fields"):
        slide = open_slide(labelled_data / name / "images")
        assert slide.broken == ()
        field = slide.fields[0]
        reduced, exact = whole(field, 4), whole(field, 1)
        height, width = field.height // 4, field.width // 4
        means = exact[: height * 4, : width * 4].reshape(height, 4, width, 4, 3).mean(axis=(1, 3))
        assert np.abs(reduced[:height, :width] - means).mean() < 1.5
