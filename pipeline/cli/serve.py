"""The command that starts the service."""

import importlib
import os
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.exit_codes import ExitCode
from pipeline.cli.terminal import say
from pipeline.errors import PortTakenError, SettingsError

__all__ = ["serve"]

SERVICE = "api.serving.run"  # by name only: this package stands below the service


def serve(
    host: Annotated[
        str, typer.Option(envvar="SMEARCOUNT_HOST", help="Address to listen on; 127.0.0.1 is this computer.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, envvar="SMEARCOUNT_PORT", help="TCP port; 0 takes a free one.")
    ] = 8000,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", envvar="SMEARCOUNT_DATA_DIR", help="Folder of uploads, results and jobs."
        ),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", envvar="SMEARCOUNT_KEY_FILE", help="Keys that let in, one a line."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A further name the service goes by; may be repeated."),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Listen to other computers without asking for a key.")
    ] = False,
) -> None:
    """Start the web service and its page."""
    # The service reads its settings from the environment.
    os.environ["SMEARCOUNT_HOST"], os.environ["SMEARCOUNT_PORT"] = host, str(port)
    if data is not None:
        os.environ["SMEARCOUNT_DATA_DIR"] = str(data.absolute())
    if key_file is not None:
        os.environ["SMEARCOUNT_KEY_FILE"] = str(key_file.absolute())
    if allow_host:
        os.environ["SMEARCOUNT_ALLOWED_HOSTS"] = ",".join(allow_host)
    if insecure:
        os.environ["SMEARCOUNT_INSECURE"] = "true"
    try:
        importlib.import_module(SERVICE).run_service(say)
    except SettingsError as error:
        say(str(error))
        raise typer.Exit(ExitCode.WRONG_USAGE) from error
    except PortTakenError as error:
        say(str(error))
        raise typer.Exit(ExitCode.TRY_AGAIN) from error
