"""Wrong words on the command line are told in our words, with the help to read, and end with 2."""

import pytest
from typer.testing import CliRunner

from pipeline.cli.app import app


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("count a -o o --um-per-px ,1",
         "'--um-per-px' is ',1'; expected a number, with a point and no comma (see smearcount count --help)"),
        ("count a.png -o o --workers 0",
         "'--workers' is '0'; expected at least 1 (see smearcount count --help)"),
        ("count a.png -o o --max-cells many",
         "'--max-cells' is 'many'; expected a whole number (see smearcount count --help)"),
        ("serve --port 70000",
         "'--port' is '70000'; expected at most 65,535 (see smearcount serve --help)"),
        ("render -o o --parasitaemia 2",
         "'--parasitaemia' is '2'; expected at most 1 (see smearcount render --help)"),
        ("batch a -o o --memory-limit 1",
         "'--memory-limit' is '1'; expected at least 500 (see smearcount batch --help)"),
        ("train detector --data a", "Missing option '--out' / '-o'. (see smearcount train detector --help)"),
        ("evaluate crop", "No such command 'crop'. Did you mean 'crops'? (see smearcount evaluate --help)"),
        ("count a.png", "Missing option '--out' / '-o'. (see smearcount count --help)"),
    ],
)  # fmt: skip
def test_a_wrong_word_is_told_in_our_words(words: str, told: str) -> None:
    result = CliRunner().invoke(app, words.split())
    assert (result.exit_code, result.stderr) == (2, f"smearcount: {told}\n")


@pytest.mark.parametrize(
    "words", ["--protocol lancet", "--protocol who --max-cells 9", "--max-cells 9 --fields 2"]
)
def test_a_goal_that_cannot_be_is_wrong_usage(tmp_path, words: str) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"")
    for command in ("count", "batch"):
        result = CliRunner().invoke(app, [command, str(picture), "-o", str(tmp_path / "out"), *words.split()])
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


def test_an_export_of_an_unknown_form_is_wrong_usage(tmp_path) -> None:
    assert CliRunner().invoke(app, ["export", str(tmp_path), "--to", "xlsx"]).exit_code == 2
