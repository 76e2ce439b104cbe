"""Model cards: what they state of results, stages and plots."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models.manifest import read_manifest, shipped
from pipeline.cli.app import app
from pipeline.errors import InputError, ModelError
from pipeline.evaluation.results_table import RESULT_COLUMNS, results_csv
from pipeline.training.card_files import write_card
from pipeline.training.cards import classifier_card, results_section


def row(source: str, group: str) -> dict[str, str]:
    values = {
        "source": source, "group": group, "infected": "12", "infected_found": "8", "uninfected": "289",
        "false_positives": "3", "false_positives_per_10000": "103.8", "low": "35.3", "high": "300.6",
        "auc": "0.9900", "annotated_percent": "3.519", "estimated_percent": "2.719", "networks": "net-1",
    }  # fmt: skip
    return {name: values.get(name, "") for name in RESULT_COLUMNS}


def test_the_card_lists_each_patient_of_a_source_of_few() -> None:
    text = results_section([[row("nih", "all"), row("nih", "C1"), row("nih", "C2")]], {})
    assert "| nih | all 2 | 8 of 12 | 3 of 289 | 103.8 (35.3 to 300.6) | 0.9900 | 2.719% (3.519%) |" in text
    assert text.count("| nih |") == 3 and "net-1" in text


def test_of_a_source_of_many_the_card_states_all_together() -> None:
    text = results_section([[row("chula", "all"), *(row("chula", f"c{n}") for n in range(49))]], {})
    assert text.count("| chula |") == 1 and "all 49" in text


def test_the_card_has_the_confusion_of_the_stages_where_they_are_told() -> None:
    entries = read_manifest(shipped("classifier"), "classifier").model_dump()
    stages = {"names": ("ring", "schizont"), "least": 0.6, "confusion": ((9, 1, 2), (0, 4, 3))}
    told = classifier_card({**entries, "stages": stages})
    assert "| ring | 9 | 1 | 2 |" in told and "less probable than 0.60" in told
    assert "Life stages are not told." in classifier_card({**entries, "stages": None})


def test_every_card_states_its_use_and_its_limits() -> None:
    text = classifier_card(read_manifest(shipped("classifier"), "classifier").model_dump())
    assert text.index("## Measured on") < text.index("## Intended use") < text.index("## Limits")
    assert text.index("## Limits") < text.index("## Training data")
    assert "does not diagnose" in text and "negative" not in text.lower()


@pytest.mark.parametrize("task", ["detector", "classifier"])
def test_a_card_is_written_beside_its_manifest_with_links_to_the_plots(tmp_path: Path, task: str) -> None:
    manifest = tmp_path / "models" / f"{task}.toml"
    manifest.parent.mkdir()
    shutil.copy(shipped("detector" if task == "detector" else "classifier"), manifest)
    folder = tmp_path / "docs" / "nih"
    folder.mkdir(parents=True)
    (folder / "results.csv").write_bytes(results_csv([row("nih", "all"), row("nih", "C1")]))
    (folder / "roc.png").write_bytes(b"")
    told = CliRunner().invoke(app, ["evaluate", "card", str(manifest), "--results", str(folder)])
    assert (told.exit_code, told.stdout) == (0, f"{manifest.with_suffix('.md')}\n")
    text = manifest.with_suffix(".md").read_text(encoding="utf-8")
    assert text.startswith(f"# smearcount-{task}")
    assert "[roc](../docs/nih/roc.png)" in text and "confusion.png" not in text
    assert "| nih | C1 |" in text


def test_a_folder_without_results_and_a_file_that_is_no_manifest_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give a folder that"):
        write_card(shipped("classifier"), [tmp_path])
    (tmp_path / "results.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no table of results"):
        write_card(shipped("classifier"), [tmp_path])
    with pytest.raises(ModelError):
        write_card(tmp_path / "none.toml", [])
