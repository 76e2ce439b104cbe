"""A wheel counts from an environment of its own, outside the checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.synthetic.field import RenderSettings, render_field

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("api", "classifier", "models", "pipeline", "segmentation", "smearcount")
COUNT = """
import json, sys
from pathlib import Path
import smearcount
for package in sys.argv[2:]:
    assert Path(__import__(package).__file__).is_relative_to(sys.argv[1]), package
print(json.dumps(smearcount.count("film.png", "out").summary["counted"]))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's files, unpacked as an installer does."""
    folder = tmp_path_factory.mktemp("wheel")
    # Of a copy: setuptools leaves its build folder where it builds.
    source = folder / "source"
    source.mkdir()
    for name in PACKAGES:
        shutil.copytree(REPOSITORY / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, source / name)
    options = ["-q", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder)]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, str(source)], check=True, capture_output=True
    )
    (wheel,) = folder.glob("smearcount-*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "installed")
    return folder / "installed"


def test_the_wheel_counts_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    settings = RenderSettings(width=700, height=600, um_per_px=0.12, parasitaemia=0.1, seed=3)
    image = render_field(settings, np.random.default_rng([3, 1])).image
    cv2.imwrite(str(tmp_path / "film.png"), image[..., ::-1])
    # A folder on PYTHONPATH reads no .pth file, so that the checkout itself is not on the way.
    paths = (str(installed), sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
    answer = subprocess.run(
        [sys.executable, "-S", "-c", COUNT, str(installed), *PACKAGES],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    assert int(answer.stdout) > 30
    assert (tmp_path / "out" / "film" / "report.html").is_file()
    assert (tmp_path / "out" / "film" / "overlay.jpg").is_file()
