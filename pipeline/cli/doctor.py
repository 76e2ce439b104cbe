"""The command that checks whether this computer is ready for a night."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.count import ClassifierOption, DetectorOption
from pipeline.cli.exit_codes import ExitCode
from pipeline.cli.terminal import print_rows

if TYPE_CHECKING:
    from pipeline.doctor.finding import Finding

__all__ = ["doctor"]

_STYLES = {"PASS": "green", "WARN": "bold yellow", "FAIL": "bold red"}


def doctor(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder that the results will go to.")
    ] = Path(),
    detector: DetectorOption = None,
    classifier: ClassifierOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON in place of a table.")] = False,
) -> None:
    """Check networks, readers, disk, memory and clock before a night, and say how to mend what is wrong."""
    from dataclasses import asdict

    from pipeline.doctor.checkup import check_up
    from pipeline.files import to_json
    from pipeline.settings import CountSettings

    findings = list(check_up(out, CountSettings(detector=detector, classifier=classifier)))
    if as_json:
        sys.stdout.write(to_json([asdict(finding) for finding in findings]))
    else:
        print_rows((), [row for finding in findings for row in _rows(finding)], _STYLES)
    if any(finding.state == "FAIL" for finding in findings):
        raise typer.Exit(ExitCode.FAILED)


def _rows(finding: "Finding") -> list[tuple[str, str, str]]:
    """What was found, and below it how to mend it."""
    found = (finding.state, finding.name, finding.found)
    return [found, ("", "", finding.mend)] if finding.mend else [found]
