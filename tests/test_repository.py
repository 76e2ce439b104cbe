"""What the repository may and may not hold, and what its files promise one another."""

import hashlib
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.evaluation.figures import PLOTS

REPOSITORY = Path(__file__).resolve().parent.parent
REQUIREMENTS = REPOSITORY / "requirements"
PICTURE_SUFFIXES = {
    ".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".svs", ".ndpi", ".mrxs", ".zip",
}  # fmt: skip
DRAWN_PICTURES = "docs/pictures/"
"""Pictures may stand here alone: plots that `evaluate` and `benchmarks.coverage` draw."""
LITERT_BYTES = 1_000_000
REGISTRY_HOSTS = [
    ".".join(words)
    for words in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("anaconda", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
    )
]
MACHINE_PATH = re.compile(rb"(?<![\w.~/:-])/(?:work|root|home|tmp|mnt|Users)/[\w.-]+")
MAY_NAME_PATHS = {"tests/test_repository.py"}


@cache
def _files() -> tuple[str, ...]:
    """Files that git tracks or would track; paths from the root of the repository."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"not a git checkout: {done.stderr.strip()}")
    return tuple(name for name in done.stdout.splitlines() if (REPOSITORY / name).is_file())


def _pins(name: str) -> dict[str, str]:
    lines = (REQUIREMENTS / name).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    pins = [re.match(r"([\w.-]+)==([\w.]+)", line) for line in lines if line]
    assert None not in pins, f"{name} holds a line that is no pin"
    return {pin[1]: pin[2] for pin in pins if pin}


def _asked(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~;\[ ]", line, maxsplit=1)[0] for line in requirements}


def _project() -> dict[str, object]:
    project: dict[str, object] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    return project


def test_no_picture_but_drawn_ones_is_in_the_repository() -> None:
    pictures = [name for name in _files() if Path(name).suffix.lower() in PICTURE_SUFFIXES]
    assert [name for name in pictures if not name.startswith(DRAWN_PICTURES)] == []


def test_the_drawn_pictures_are_plots_of_numbers_and_show_no_cell() -> None:
    """A plot is flat: 16 colours cover 95% of it and more; of an overlay or a gallery of cells 47 to 69%."""
    plots = [name for name in _files() if name.startswith(DRAWN_PICTURES) and name.endswith(".png")]
    assert len(plots) > 10
    for name in plots:
        assert Path(name).name in (*PLOTS, "coverage.png"), name
        picture = cv2.imread(str(REPOSITORY / name))
        assert picture is not None, name
        colours = picture.astype(np.uint32) @ np.asarray([1, 256, 65_536], np.uint32)
        _, pixels = np.unique(colours, return_counts=True)
        assert np.sort(pixels)[-16:].sum() > 0.9 * pixels.sum(), name


@pytest.mark.real
def test_no_labelled_smear_is_in_the_repository_under_another_name(labelled_data: Path) -> None:
    sizes: dict[int, list[Path]] = {}
    for path in labelled_data.rglob("*"):
        if path.is_file() and path.suffix not in {".csv", ".md"}:
            sizes.setdefault(path.stat().st_size, []).append(path)
    for name in _files():
        content = (REPOSITORY / name).read_bytes()
        same_size = sizes.get(len(content), []) if content else []
        assert hashlib.sha256(content).digest() not in {
            hashlib.sha256(p.read_bytes()).digest() for p in same_size
        }, name


def test_no_file_names_a_package_registry() -> None:
    hosts = re.compile("|".join(re.escape(host) for host in REGISTRY_HOSTS).encode())
    assert [name for name in _files() if hosts.search((REPOSITORY / name).read_bytes())] == []


def test_no_file_names_a_path_of_the_machine_it_was_made_on() -> None:
    found = {
        name: sorted({hit.decode() for hit in MACHINE_PATH.findall((REPOSITORY / name).read_bytes())})
        for name in set(_files()) - MAY_NAME_PATHS
    }
    assert {name: paths for name, paths in found.items() if paths} == {}


def test_a_path_of_a_machine_is_told_from_a_web_address() -> None:
    assert MACHINE_PATH.search(b'open("/home/ann/slides")')
    assert MACHINE_PATH.search(b"data: /tmp/x1")
    assert not MACHINE_PATH.search(b"see https://example.org/home/page")
    assert not MACHINE_PATH.search(b"build/tmp/x1, ../work/notes")


@pytest.mark.parametrize("name", ["core.txt", "cluster.txt", "train.txt", "dev.txt"])
def test_every_requirement_is_pinned_with_hashes_and_no_address(name: str) -> None:
    text = (REQUIREMENTS / name).read_text(encoding="utf-8")
    pin = re.compile(r"[\w.-]+==[\w.]+( ; [^\\]+)?( +--hash=sha256:[0-9a-f]{64})+")
    lines = [line for line in re.sub(r" *\\\n *", " ", text).splitlines() if line]
    assert len(lines) > 20
    assert [line[:80] for line in lines if not pin.fullmatch(line)] == []


def test_the_requirement_files_hold_each_other_and_all_that_is_asked_for() -> None:
    project = _project()
    extras = project["optional-dependencies"]
    assert isinstance(extras, dict)
    assert isinstance(project["dependencies"], list)
    core, cluster, train, dev = (_pins(f"{name}.txt") for name in ("core", "cluster", "train", "dev"))
    assert core.items() <= train.items() <= dev.items()
    assert core.items() <= cluster.items() <= dev.items()
    assert _asked(extras["cluster"]) <= cluster.keys()
    assert _asked(project["dependencies"]) <= core.keys()
    assert _asked(extras["train"]) <= train.keys()
    assert all(_asked(extras[name]) <= dev.keys() for name in ("dev", "dicom", "parquet", "pdf"))


def test_the_core_brings_no_tensorflow() -> None:
    assert not _pins("core.txt").keys() & {"tensorflow", "tensorflow-cpu", "keras"}


def test_the_litert_networks_together_stay_under_one_megabyte() -> None:
    networks = [name for name in _files() if name.startswith("models/") and name.endswith(".tflite")]
    assert networks, "no LiteRT network is shipped in models/"
    assert sum((REPOSITORY / name).stat().st_size for name in networks) < LITERT_BYTES


def test_the_check_of_every_change_runs_the_test_command_of_the_readme_then_lint() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    section = readme.partition("\n## Test")[2].partition("\n## ")[0]
    command = re.search(r"```(?:sh)?\n(.+)\n", section)
    assert command is not None, "README.md has no section `Test` that begins with a command"
    steps = (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert command[1] == "make test"
    assert steps.index(command[1]) < steps.index("make lint")
    assert os.access(REPOSITORY / ".ci" / "run", os.X_OK)


def test_the_readme_names_every_target_a_stranger_may_call() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):.*##", makefile, re.M))
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert {"demo", "test", "lint", "fmt", "bench", "train", "serve"} <= targets
    assert [target for target in sorted(targets) if f"make {target}" not in readme] == []


def test_the_changelog_knows_this_version() -> None:
    assert f"## {_project()['version']}" in (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")


def test_asking_for_help_works() -> None:
    command = [sys.executable, "-c", "from pipeline.cli.app import main; main()", "--help"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    for name in ("count", "classify", "evaluate", "render", "train", "serve"):
        assert re.search(rf"\b{name}\b", done.stdout), f"--help does not name the command {name}"


def test_asking_a_command_for_help_imports_no_tensorflow() -> None:
    code = (
        "import sys; from pipeline.cli.app import main\n"
        "try: main()\n"
        "finally: print('loaded:', *{name.partition('.')[0] for name in sys.modules})"
    )
    command = [sys.executable, "-c", code, "count", "--help"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60)
    loaded = set(done.stdout.partition("loaded:")[2].split())
    assert "pipeline" in loaded, done.stderr
    assert not loaded & {"tensorflow", "keras"}
