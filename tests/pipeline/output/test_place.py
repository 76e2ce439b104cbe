"""Where a result would be put is seen to before anything is counted."""

import os
import stat
from pathlib import Path

import pytest

from pipeline.errors import OutputError
from pipeline.output.place import check_destination


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_told_before_the_count(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(OutputError, match="no permission to write here"):
        check_destination(tmp_path, "film", overwrite=False)
    with pytest.raises(OutputError, match=r"cannot be written .Permission denied"):
        check_destination(tmp_path / "out", "film", overwrite=False)


def test_no_permission_to_write_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="no permission to write here; choose another folder"):
        check_destination(tmp_path, "film", overwrite=False)


def test_a_file_where_the_results_should_go_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match=r"out: cannot be written .File exists."):
        check_destination(tmp_path / "out", "film", overwrite=False)
