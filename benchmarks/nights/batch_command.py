"""The command line of a batch, as a process of its own."""

import sys
from pathlib import Path

__all__ = ["CODE", "batch_command"]

CODE = "from pipeline.cli.app import main; main()"
"""What Python runs in place of the installed script: this working copy."""


def batch_command(slides: Path, out: Path, workers: int) -> list[str]:
    """`smearcount batch` over a folder of slides."""
    return [
        sys.executable,
        "-c",
        CODE,
        "batch",
        str(slides),
        "-o",
        str(out),
        "--workers",
        str(workers),
        "--quiet",
    ]
