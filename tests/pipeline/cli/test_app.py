"""The command line: results on stdout, every error in one line on stderr, and the exit codes."""

import json
import os
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from pipeline import batch as batch_module
from pipeline.cli.app import app
from pipeline.errors import InputError
from pipeline.jobs import few
from pipeline.output.outcome import SlideOutcome
from pipeline.records import Notice
from pipeline.settings import BatchSettings, CountSettings, SlideProgress
from tests.pipeline.counting.made_up_counts import (
    HEIGHT,
    WIDTH,
    count_made_up,
    make_cells,
    make_facts,
    make_result,
    write_photo,
)

REPOSITORY = Path(__file__).resolve().parents[3]
COMMANDS = ("count", "classify", "status", "merge", "doctor", "evaluate", "train", "render", "demo", "serve")


@pytest.fixture(autouse=True)
def limits(monkeypatch: pytest.MonkeyPatch) -> list[BatchSettings]:
    """Makes counts up, those of several slides in this process too; the limits that those were given."""
    given: list[BatchSettings] = []

    def count_here(
        sources: list[Path],
        out: Path,
        settings: CountSettings,
        limits: BatchSettings,
        progress: SlideProgress | None = None,
    ) -> Iterator[SlideOutcome]:
        given.append(limits)
        return batch_module.count_slides(sources, out, settings, overwrite=True, progress=progress)

    monkeypatch.setattr(batch_module, "count_slide", count_made_up)
    monkeypatch.setattr(few, "count_within", count_here)
    return given


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def run_alone(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", "from pipeline.cli.app import main; main()", *map(str, words)],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_several_slides_have_a_budget_each_and_a_single_one_where_it_is_given(
    tmp_path: Path, limits: list[BatchSettings]
) -> None:
    one, two = (write_photo(tmp_path / f"{name}.png") for name in ("one", "two"))
    for words in (
        (one,),
        (one, two),
        (one, "--time-limit", "5"),
        (one, two, "--memory-limit", "900", "--time-limit", "7.5"),
    ):
        assert run("count", *words, "-o", tmp_path / "out", "--overwrite").exit_code == 0
    budgets = [(one.memory_limit_mb, one.time_limit_s) for one in limits]
    assert budgets == [(4000, 3600.0), (4000, 5.0), (900, 7.5)]


def _flat(text: str) -> str:
    return " ".join(text.split())


def test_the_count_of_a_slide_is_a_table_on_stdout(tmp_path: Path) -> None:
    source = write_photo(tmp_path / "film.png")
    result = run("count", source, "-o", tmp_path / "out")
    assert result.exit_code == 0
    told = _flat(result.stdout)
    assert "verdict parasites seen" in told
    assert "parasitaemia 33.3%" in told
    assert "95% interval 8.5% to 73.8%; corrected 33.2%" in told
    assert "Species not determined. A thin film cannot exclude malaria." in told
    assert "infected 2 of 6 red cells" in told
    assert "detected 7 = 6 counted + 1 not (1 at border)" in told
    assert f"results {tmp_path / 'out' / 'film'}" in told
    assert (tmp_path / "out" / "film" / "cells.csv").is_file()
    assert result.stderr == f"smearcount: {source} ...\n"


def test_the_json_of_one_slide_is_its_summary_and_nothing_else(tmp_path: Path) -> None:
    source = write_photo(tmp_path / "film.png")
    result = run("count", source, "-o", tmp_path / "out", "--json")
    written = json.loads((tmp_path / "out" / "film" / "summary.json").read_text())
    assert json.loads(result.stdout) == written
    assert written["infected"] == 2


def test_several_slides_are_a_row_each_and_a_failed_one_makes_the_exit_code_1(tmp_path: Path) -> None:
    sources = [write_photo(tmp_path / f"{name}.png") for name in ("one", "broken", "two")]
    result = run("count", *sources, "-o", tmp_path / "out")
    assert result.exit_code == 1
    rows = [line.split() for line in result.stdout.splitlines() if line.strip()]
    assert ["one", "2", "6", "33.3%", "8.5%", "to", "73.8%", "parasites", "seen", "done"] in rows
    assert ["broken", "failed"] in rows
    assert f"smearcount: {sources[1]} is no picture; expected a photo; export it as JPEG\n" in result.stderr
    assert (tmp_path / "out" / "two" / "summary.json").is_file()


def test_the_json_of_several_slides_is_a_list_that_names_the_failed(tmp_path: Path) -> None:
    sources = [write_photo(tmp_path / f"{name}.png") for name in ("one", "broken")]
    result = run("count", *sources, "-o", tmp_path / "out", "--json")
    assert result.exit_code == 1
    one, broken = json.loads(result.stdout)
    assert (one["slide"], one["counted"]) == ("one", 6)
    assert (broken["slide"], broken["status"]) == ("broken", "failed")
    assert broken["error"].startswith(str(sources[1]))


def test_a_count_without_parasites_says_what_cannot_be_ruled_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        batch_module, "count_slide", lambda *_: make_result(make_cells(*["uninfected"] * 100))
    )
    told = _flat(run("count", write_photo(tmp_path / "film.png"), "-o", tmp_path / "out").stdout)
    assert "verdict none distinguishable; up to 7.4% cannot be ruled out" in told
    assert "limit of detection 4.5% at this number of cells" in told


def test_a_partial_count_says_so_and_makes_the_exit_code_1(tmp_path: Path) -> None:
    result = run("count", write_photo(tmp_path / "partial.png"), "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "PARTIAL COUNT" in result.stdout


def test_a_refused_slide_is_told_in_one_line_and_makes_the_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    notice = Notice(code="not_a_smear", severity="refuse", value=0, limit=1, text="No red cell was found.")
    refused = make_result(make_cells(), make_facts(notices=(notice,)))
    monkeypatch.setattr(batch_module, "count_slide", lambda *_: refused)
    source = write_photo(tmp_path / "film.png")
    result = run("count", source, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr == f"smearcount: {source}: No red cell was found.\n"
    assert "not countable" in result.stdout


def test_warnings_stand_below_the_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    notice = Notice(code="few_cells", severity="warn", value=1, limit=500, text="Only 1 red cell.")
    counted = make_result(make_cells("uninfected"), make_facts(notices=(notice,)))
    monkeypatch.setattr(batch_module, "count_slide", lambda *_: counted)
    result = run("count", write_photo(tmp_path / "film.png"), "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "warning: Only 1 red cell."


@pytest.mark.parametrize("words", ["negative", "no malaria"])
def test_the_words_that_would_claim_too_much_are_nowhere(tmp_path: Path, words: str) -> None:
    source = write_photo(tmp_path / "film.png")
    told = run("count", source, "-o", tmp_path / "out").output
    for name in ("summary.json", "cells.csv", "run.json"):
        told += (tmp_path / "out" / "film" / name).read_text()
    assert words not in told.lower()


def _one_line(result: Result) -> str:
    """The one line on stderr of a failed command that gave nothing else."""
    lines = [line for line in result.stderr.splitlines() if not line.endswith(" ...")]
    assert result.stdout == ""
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("smearcount: ")
    assert "Traceback" not in result.stderr
    return lines[0]


def test_what_cannot_be_counted_is_told_in_one_line(tmp_path: Path) -> None:
    result = run("count", write_photo(tmp_path / "broken.png"), "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "is no picture" in _one_line(result)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"slides.csv", ".smearcount-batch"}


def test_a_mistake_in_the_program_is_told_in_one_line(tmp_path: Path) -> None:
    result = run("count", write_photo(tmp_path / "puzzling.png"), "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "unexpected KeyError" in _one_line(result)


def test_an_earlier_result_is_told_in_one_line(tmp_path: Path) -> None:
    source = write_photo(tmp_path / "film.png")
    run("count", source, "-o", tmp_path / "out")
    before = (tmp_path / "out" / "film" / "summary.json").read_bytes()
    result = run("count", source, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "a result is there already; pass --overwrite" in _one_line(result)
    assert (tmp_path / "out" / "film" / "summary.json").read_bytes() == before
    assert run("count", source, "-o", tmp_path / "out", "--overwrite").exit_code == 0


def test_a_file_in_place_of_the_output_folder_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    result = run("count", write_photo(tmp_path / "film.png"), "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "out: cannot be written" in _one_line(result) or "Not a directory" in _one_line(result)


@pytest.mark.parametrize(
    "words",
    [
        ("count",),
        ("count", "film.png"),
        ("count", "film.png", "-o", "out", "--um-per-px", "9"),
        ("count", "film.png", "-o", "out", "--um-per-px", "1.5"),
        ("count", "film.png", "-o", "out", "--um-per-px", "0.01"),
        ("count", "film.png", "-o", "out", "--tile-px", "8192"),
        ("count", "film.png", "-o", "out", "--um-per-px", "nan"),
        ("count", "film.png", "-o", "out", "--um-per-px", "small"),
        ("classify", "cell.png", "--um-per-px", "nan"),
        ("count", "film.png", "-o", "out", "--scheduler", "tcp://host:1", "--time-limit", "5"),
        ("batch", "films", "-o", "out", "--scheduler", "tcp://host:1", "--memory-limit", "900"),
        ("count", "film.png", "-o", "out", "--tile-px", "1001"),
        ("count", "film.png", "-o", "out", "--tile-px", "8"),
        ("count", "film.png", "-o", "out", "--workers", "0"),
        ("count", "film.png", "-o", "out", "--fast"),
        ("cuont", "film.png"),
        ("render", "-o", "x", "--parasitaemia", "5"),
        ("evaluate", "stars", "x"),
        ("serve", "--port", "70000"),
        ("--colour",),
    ],
)
def test_wrong_usage_is_told_in_one_line_with_exit_code_2(words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert "--help" in _one_line(result)


@pytest.mark.parametrize("words", [("--help",), *((name, "--help") for name in COMMANDS)])
def test_every_command_has_help(words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.exit_code == 0
    assert "Usage" in result.stdout


@pytest.mark.parametrize("words", [(), ("evaluate",), ("train",)])
def test_no_command_shows_the_help_on_stdout_and_is_no_error(words: tuple[str, ...]) -> None:
    result = run(*words)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == run(*words, "--help").stdout
    for name in COMMANDS if not words else ():
        assert re.search(rf"\b{name}\b", result.stdout)


@pytest.mark.parametrize("words", [(), *((name,) for name in COMMANDS), ("evaluate", "fields")])
def test_the_help_has_a_short_form_and_shows_no_type_behind_a_flag(words: tuple[str, ...]) -> None:
    told = run(*words, "-h")
    assert told.exit_code == 0
    assert told.stdout == run(*words, "--help").stdout
    assert "<bool>" not in told.stdout


def test_the_version_is_told_as_run_json_tells_it() -> None:
    from pipeline.provenance import versions

    told = run("--version")
    assert (told.exit_code, told.stdout, told.stderr) == (0, f"smearcount {versions()['smearcount']}\n", "")


def test_a_shell_completes_commands_and_options() -> None:
    def completed(line: str) -> list[str]:
        words = line.split(" ")
        asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
        return run_alone(_SMEARCOUNT_COMPLETE="complete_bash", **asked).stdout.split()

    assert completed("smearcount ev") == ["evaluate"]
    assert completed("smearcount count --wor") == ["--workers"]


@pytest.mark.parametrize(
    "words",
    [
        ("count", "film.png", "-o", ""),
        ("count", "film.png", "--out="),
        ("count", "", "-o", "out"),
        ("render", "-o", ""),
        ("demo", "-o", ""),
        ("evaluate", "fields", "set", "--json", ""),
        ("train", "detector", "--data", "set", "-o", ""),
        ("serve", "--data="),
    ],
)
def test_an_empty_path_is_refused_before_it_is_taken_for_the_current_folder(words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert "is empty" in _one_line(result)


def test_a_quiet_count_tells_results_and_errors_and_no_progress(tmp_path: Path) -> None:
    sources = [write_photo(tmp_path / f"{name}.png") for name in ("film", "broken")]
    quiet = run("count", sources[0], "-o", tmp_path / "out", "--quiet")
    assert (quiet.exit_code, quiet.stderr) == (0, "")
    assert "2 of 6 red cells" in quiet.stdout
    failed = run("count", *sources, "-o", tmp_path / "out", "--overwrite", "-q")
    assert failed.exit_code == 1
    assert failed.stderr == f"smearcount: {sources[1]} is no picture; expected a photo; export it as JPEG\n"
    loud = run("count", sources[0], "-o", tmp_path / "out", "--overwrite")
    assert loud.stderr == f"smearcount: {sources[0]} ...\n"


def test_a_crop_is_classified_by_the_chosen_network(monkeypatch: pytest.MonkeyPatch) -> None:
    table = pd.DataFrame(
        {
            "crop": ["a.png", "b.png"],
            "p_infected": [0.98765, 0.02],
            "infected": [True, False],
            "model": "net-1",
            "notice": "",
            "reason": "",
        }
    )
    asked: list[object] = []

    def classify_files(paths: list[Path], settings: object) -> pd.DataFrame:
        asked.extend([paths, settings])
        return table

    _put_module(monkeypatch, "pipeline.classify", classify_files=classify_files, readable=_all_readable)
    told = run("classify", "a.png", "b.png", "--classifier", "other.toml")
    assert told.exit_code == 0
    rows = [line.split() for line in told.stdout.splitlines()]
    assert ["a.png", "0.9877", "infected", "net-1"] in rows
    assert ["b.png", "0.0200", "uninfected", "net-1"] in rows
    assert asked[0] == [Path("a.png"), Path("b.png")]
    assert isinstance(asked[1], CountSettings)
    assert asked[1].classifier == Path("other.toml")
    data = json.loads(run("classify", "a.png", "b.png", "--json").stdout)
    assert data[0] == {
        "crop": "a.png",
        "p_infected": 0.98765,
        "infected": True,
        "model": "net-1",
        "notice": "",
        "reason": "",
    }


def test_measures_are_printed_and_written_as_json(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: dict[str, object] = {}

    def count_fields(
        folder: Path, settings: object, *, slides: object, progress: object, by_slide: bool
    ) -> object:
        asked.update(folder=folder, slides=slides, by_slide=by_slide)
        report = types.SimpleNamespace(to_text=lambda: "F1 0.95\n", to_json=lambda: {"f1": 0.95})
        return types.SimpleNamespace(report=lambda: report)

    monkeypatch.setattr("pipeline.evaluation.fields.count_fields", count_fields)
    result = run("evaluate", "fields", tmp_path, "--slides", "a, b", "--json", tmp_path / "m.json")
    assert (result.exit_code, result.stdout) == (0, "F1 0.95\n")
    assert json.loads((tmp_path / "m.json").read_text()) == {"f1": 0.95}
    assert asked == {"folder": tmp_path, "slides": ["a", "b"], "by_slide": False}


def test_a_folder_that_is_no_labelled_set_is_told_in_one_line(tmp_path: Path) -> None:
    for kind in ("fields", "crops"):
        result = run("evaluate", kind, tmp_path / "nowhere")
        assert result.exit_code == 1
        assert "nowhere" in _one_line(result)


def test_a_smear_is_rendered_with_the_parasitaemia_asked_for(tmp_path: Path) -> None:
    result = run(
        "render", "-o", tmp_path / "set", "--width", 400, "--height", 300, "--parasitaemia", 0, "--seed", 3
    )
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'set'}\n")
    fields = pd.read_csv(tmp_path / "set" / "fields.csv")
    assert fields["n_parasitized"].tolist() == [0]
    again = run("render", "-o", tmp_path / "set")
    assert again.exit_code == 1
    assert "exists already" in _one_line(again)


def test_the_demonstration_prints_the_count_beside_the_truth(tmp_path: Path) -> None:
    result = run("demo", "-o", tmp_path / "demo")
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines()]
    cells = pd.read_csv(tmp_path / "demo" / "smear" / "cells.csv")
    inside = (
        (cells[["xmin", "ymin"]].min(axis=1) >= 1) & (cells.xmax <= WIDTH - 1) & (cells.ymax <= HEIGHT - 1)
    )
    whole = cells[inside]  # the made-up count says its field is of this size
    red = whole[~whole.label.isin(["platelet", "white_blood_cell"])]
    assert ["whole", "red", "cells", str(len(red)), "6"] in rows
    assert ["infected", str(int((red.label != "uninfected").sum())), "2"] in rows


def test_the_demonstration_counts_the_slide_it_is_given(tmp_path: Path) -> None:
    source = write_photo(tmp_path / "film.png")
    for _ in range(2):
        result = run("demo", source, "-o", tmp_path / "demo")
        assert result.exit_code == 0
    assert "2 of 6 red cells" in result.stdout
    assert "truth" not in result.stdout


def test_an_interrupted_command_ends_with_130(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(batch_module, "count_slide", interrupted)
    result = run("count", write_photo(tmp_path / "film.png"), "-o", tmp_path / "out")
    assert result.exit_code == 130
    assert "Traceback" not in result.output
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".smearcount-batch"]


def _all_readable(paths: list[Path]) -> tuple[list[Path], list[str]]:
    return paths, []


def test_an_error_of_the_system_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def classify_files(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "a.png")

    _put_module(monkeypatch, "pipeline.classify", classify_files=classify_files, readable=_all_readable)
    result = run("classify", "a.png")
    assert (result.exit_code, _one_line(result)) == (
        1,
        "smearcount: a.png: Permission denied; change its permissions",
    )


def test_a_message_of_several_lines_is_folded_into_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def classify_files(*_: object) -> None:
        raise InputError("a crop\nis empty")

    _put_module(monkeypatch, "pipeline.classify", classify_files=classify_files, readable=_all_readable)
    assert _one_line(run("classify", "a.png")) == "smearcount: a crop is empty"


def test_an_error_nobody_foresaw_is_told_in_one_line_and_in_full_when_asked(tmp_path: Path) -> None:
    script = (
        "import sys, types; from pipeline.cli.app import main;"
        "sys.modules['pipeline.classify'] = types.SimpleNamespace("
        "readable=lambda paths: (paths, []), classify_files=lambda *_: 1 / 0); main()"
    )
    for debug in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", script, "classify", "a.png"],
            cwd=REPOSITORY,
            env={**os.environ, "SMEARCOUNT_DEBUG": debug},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 1
        assert done.stdout == ""
        lines = done.stderr.splitlines()
        assert lines[-1] == (
            "smearcount: unexpected ZeroDivisionError: division by zero; SMEARCOUNT_DEBUG=1 shows where"
        )
        assert ("Traceback" in done.stderr) == (debug == "1")
        assert len(lines) == 1 or debug == "1"


def test_the_script_tells_a_missing_slide_in_one_line(tmp_path: Path) -> None:
    done = run_alone("count", tmp_path / "gone.jpg", "-o", tmp_path / "out")
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "gone.jpg" in done.stderr


def _put_module(monkeypatch: pytest.MonkeyPatch, name: str, **functions: object) -> None:
    monkeypatch.setitem(sys.modules, name, types.SimpleNamespace(**functions))


def test_a_bad_list_of_suspect_labels_ends_a_training_at_once_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "suspect_labels.csv").write_text("cell,doubt\n1,2\n", encoding="utf-8")
    where = ("--data", tmp_path, "-o", tmp_path / "out", "--leave-out", "iml-3")
    result = run("train", "classifier", *where, "--suspect-labels", tmp_path / "suspect_labels.csv")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith(
        f"smearcount: {tmp_path / 'suspect_labels.csv'} is no list of suspect labels ("
    )
    assert "pass the suspect_labels.csv of train folds" in result.stderr
