"""The command that starts the service."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["serve"]


SERVICE = "api.app:create_app"  # by name only: this package stands below the service


GRACE_S = 10  # for the answers under way once the service is asked to stop


def serve(
    host: Annotated[
        str, typer.Option(envvar="SMEARCOUNT_HOST", help="Address to listen on; 127.0.0.1 is this computer.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, envvar="SMEARCOUNT_PORT", help="TCP port.")] = 8000,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", envvar="SMEARCOUNT_DATA_DIR", help="Folder of uploads, results and jobs."
        ),
    ] = None,
) -> None:
    """Start the web service and its page."""
    import uvicorn

    # The service reads its settings from the environment, also in the processes it starts.
    os.environ["SMEARCOUNT_HOST"], os.environ["SMEARCOUNT_PORT"] = host, str(port)
    if data is not None:
        os.environ["SMEARCOUNT_DATA_DIR"] = str(data.resolve())
    sys.stderr.write(f"smearcount: serving on http://{host}:{port} (Ctrl-C ends it)\n")
    uvicorn.run(
        SERVICE,
        factory=True,
        host=host,
        port=port,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_S,
        server_header=False,
    )
