"""The command that checks whether this computer is ready for a night."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.count import ClassifierOption, DetectorOption
from pipeline.cli.exit_codes import ExitCode
from pipeline.names import for_line

if TYPE_CHECKING:
    from pipeline.doctor.finding import Finding

__all__ = ["doctor"]

_COLOURS = {"PASS": typer.colors.GREEN, "WARN": typer.colors.YELLOW, "FAIL": typer.colors.RED}


def doctor(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder that the results will go to.")
    ] = Path(),
    detector: DetectorOption = None,
    classifier: ClassifierOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON in place of lines.")] = False,
) -> None:
    """Check networks, readers, disk, memory and clock before a night, and say how to mend what is wrong."""
    from dataclasses import asdict

    from pipeline.doctor.checkup import check_up
    from pipeline.files import to_json
    from pipeline.settings import CountSettings

    findings = []
    for finding in check_up(out, CountSettings(detector=detector, classifier=classifier)):
        findings.append(finding)
        if not as_json:
            _show(finding)
    if as_json:
        sys.stdout.write(to_json([asdict(finding) for finding in findings]))
    if any(finding.state == "FAIL" for finding in findings):
        raise typer.Exit(ExitCode.FAILED)


def _show(finding: "Finding") -> None:
    state = typer.style(finding.state, fg=_COLOURS[finding.state], bold=finding.state != "PASS")
    shown = state if sys.stdout.isatty() else finding.state
    sys.stdout.write(f"{shown}  {finding.name:<18}{for_line(finding.found)}\n")
    if finding.mend:
        sys.stdout.write(f"{'':24}{for_line(finding.mend)}\n")
    sys.stdout.flush()
