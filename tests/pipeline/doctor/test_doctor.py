"""The doctor finds what is damaged, full, slow or missing, says how to mend it, and passes what is well."""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from typing import Literal

import pytest
from typer.testing import CliRunner, Result

from models.manifest import shipped
from pipeline.cli.app import app
from pipeline.doctor import checkup, computer, folder, installed, networks, readers
from pipeline.doctor.finding import Finding
from pipeline.reader.slide import PHOTO_SUFFIXES
from pipeline.settings import CountSettings

REPOSITORY = Path(__file__).resolve().parents[3]


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def _by_name(result: Result) -> dict[str, dict[str, str]]:
    return {finding["name"]: finding for finding in json.loads(result.stdout)}


def _damaged_copy(task: Literal["detector", "classifier"], folder: Path) -> Path:
    """A manifest whose network file has one other byte."""
    manifest = shipped(task)
    shutil.copy(manifest, folder / manifest.name)
    data = bytearray(manifest.with_suffix(".tflite").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / manifest.with_suffix(".tflite").name).write_bytes(data)
    return folder / manifest.name


def test_a_computer_that_counts_passes_and_nothing_stays_behind(tmp_path):
    result = run("doctor", "--out", tmp_path, "--json")
    findings = _by_name(result)
    assert [name for name, finding in findings.items() if finding["state"] == "FAIL"] == []
    assert result.exit_code == 0
    assert {"python", "packages", "detector", "classifier", "memory", "clock", "ledger"} <= set(findings)
    assert all(finding["state"] == "PASS" or finding["mend"] for finding in findings.values())
    assert list(tmp_path.iterdir()) == []


def test_the_table_says_the_same_with_the_mend_below(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    result = run("doctor", "--out", tmp_path / "file")
    lines = result.stdout.splitlines()
    place = next(number for number, line in enumerate(lines) if line.split()[:2] == ["FAIL", "folder"])
    assert "is a file, expected a folder" in lines[place]
    assert "choose another folder" in lines[place + 1]
    assert result.exit_code == 1


@pytest.mark.parametrize("task", ["detector", "classifier"])
def test_a_damaged_network_file_fails_alone(tmp_path, task):
    manifest = _damaged_copy(task, tmp_path)
    result = run("doctor", "--json", "--out", tmp_path, f"--{task}", manifest)
    findings = _by_name(result)
    assert [name for name, finding in findings.items() if finding["state"] == "FAIL"] == [task]
    assert "SHA-256" in findings[task]["found"]
    assert result.exit_code == 1


def test_a_missing_network_file_fails(tmp_path):
    shutil.copy(shipped("detector"), tmp_path / "detector.toml")
    finding = networks.check_detector(CountSettings(detector=tmp_path / "detector.toml"))
    assert finding.state == "FAIL" and "cannot be read" in finding.found


def test_a_processor_that_gives_no_numbers_fails(monkeypatch):
    class Broken:
        def run(self, batch):
            import numpy as np

            return (np.full((len(batch), 5), np.nan, np.float32),)

    monkeypatch.setattr("pipeline.networks.load_network", lambda *_: Broken())
    assert networks.check_detector(CountSettings()).state == "FAIL"
    assert networks.check_classifier(CountSettings()).state == "FAIL"


@pytest.mark.skipif(os.name == "nt", reason="there is no ulimit on Windows")
def test_a_disk_that_takes_no_more_fails():
    """A limit on the size of files stands for a full disk: the system refuses to write on."""
    code = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000));"
    code += "from pipeline.doctor.folder import check_speed; from pathlib import Path; import sys;"
    code += "print(check_speed(Path(sys.argv[1])))"
    command = [sys.executable, "-c", code, "."]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60)
    assert "state='FAIL'" in done.stdout and "cannot be written: File too large" in done.stdout


@pytest.mark.parametrize("check", [folder.check_folder, folder.check_speed])
def test_a_full_disk_fails(tmp_path, monkeypatch, check):
    def full(path, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(folder, "write_synced", full)
    finding = check(tmp_path)
    assert finding.state == "FAIL" and "No space left on device" in finding.found
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/1").is_dir(), reason="needs a folder in which not even root may write")
@pytest.mark.parametrize("check", [folder.check_folder, folder.check_speed, folder.check_ledger])
def test_a_folder_without_permission_fails(check):
    finding = check(Path("/proc/1"))
    assert finding.state == "FAIL" and "cannot be written" in finding.found and finding.mend


@pytest.mark.parametrize(("free_gb", "state"), [(0.5, "FAIL"), (5, "WARN"), (50, "PASS")])
def test_the_space_that_is_left_is_graded(tmp_path, monkeypatch, free_gb, state):
    usage = namedtuple("usage", "total used free")  # as shutil's own
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(1e12, 0, free_gb * 1e9))
    assert folder.check_space(tmp_path / "not" / "there").state == state


@pytest.mark.parametrize(("free_gb", "state"), [(0.5, "FAIL"), (1.0, "WARN"), (8, "PASS")])
def test_the_memory_that_is_left_is_graded_by_the_container_too(monkeypatch, free_gb, state):
    monkeypatch.setattr(computer, "_system_free", lambda: 64_000_000_000)
    monkeypatch.setattr(computer, "_container_free", lambda: int(free_gb * 1e9))
    assert computer.check_memory().state == state


def test_a_clock_that_was_set_back_is_seen_by_what_is_in_the_folder(tmp_path):
    assert computer.check_clock(tmp_path).state == "PASS"
    (tmp_path / "slides.csv").write_text("slide\n", encoding="utf-8")
    os.utime(tmp_path / "slides.csv", (4e9, 4e9))
    finding = computer.check_clock(tmp_path)
    assert finding.state == "WARN" and "2096" in finding.found


def test_a_ledger_on_a_disk_that_does_not_lock_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "_is_locked", lambda _: False)
    finding = folder.check_ledger(tmp_path)
    assert finding.state == "FAIL" and "does not lock" in finding.found


@pytest.mark.parametrize("form", readers.FORMS, ids=lambda form: form.name)
def test_every_form_is_read_and_wrong_colours_are_seen(form, monkeypatch):
    assert readers.check_form(form).state == "PASS"
    swapped = readers.smooth_picture()[..., ::-1].copy()
    as_written = readers.smooth_picture()
    pictures = iter([swapped])

    def write(path, picture):
        assert (picture == as_written).all()
        form.write(path, next(pictures))

    finding = readers.check_form(readers.Form(name=form.name, suffix=form.suffix, write=write))
    assert finding.state == "FAIL" and "colours are off" in finding.found


def test_a_form_that_cannot_be_opened_fails_with_its_reason():
    def write(path, picture):
        path.write_bytes(b"\x89PNG\r\n\x1a\n")

    finding = readers.check_form(readers.Form(name="broken", suffix=".png", write=write))
    assert finding.state == "FAIL" and "picture.png" in finding.found


def test_every_form_that_the_readers_name_is_looked_at():
    looked_at = {form.suffix for form in readers.FORMS}
    same = {".jfif": ".jpg", ".jpe": ".jpg", ".jpeg": ".jpg", ".tiff": ".tif", ".j2k": ".jp2"}
    assert {same.get(suffix, suffix) for suffix in PHOTO_SUFFIXES - {".heic", ".heif"}} <= looked_at


@pytest.mark.parametrize(
    ("there", "bounds", "kept"),
    [
        ("2.3.0", "==2.*", True),
        ("3.0", "==2.*", False),
        ("0.25.1", ">=0.25,<1", True),
        ("1.0.0", "<1,>=0.25", False),
        ("0.9", ">=0.25,<1", False),
        ("2025.3.30", ">=2025.3", True),
        ("1", "", True),
    ],
)
def test_a_version_is_held_against_its_bounds(there, bounds, kept):
    assert installed.is_within(there, bounds) is kept


def test_a_missing_package_fails_and_another_version_warns(monkeypatch):
    monkeypatch.setattr(installed, "requires", lambda _: ["no-such-package==1.*", 'x; extra == "train"'])
    assert installed.check_packages().found == "missing: no-such-package"
    monkeypatch.setattr(installed, "requires", lambda _: ["numpy<1"])
    finding = installed.check_packages()
    assert finding.state == "WARN" and finding.found.startswith("numpy ")


def test_a_check_that_breaks_down_fails_and_the_others_go_on(tmp_path, monkeypatch):
    def broken() -> Finding:
        raise ImportError("libGL.so.1: cannot open shared object file")

    monkeypatch.setattr(installed, "check_python", broken)
    findings = list(checkup.check_up(tmp_path, CountSettings()))
    assert findings[0].state == "FAIL" and "libGL.so.1" in findings[0].found
    assert findings[-1].name == "ledger" and findings[-1].state == "PASS"
