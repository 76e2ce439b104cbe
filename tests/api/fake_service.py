"""Run the service with fake counts on a free port, and tell the port on stdout."""

import asyncio
import socket

from api.app import create_app
from api.serving.run import serve_app
from api.settings import read_settings
from tests.api.fake_classifier import classify_by_size
from tests.pipeline.cli.fake_counts import count_by_name

if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        app = create_app(count=count_by_name, classify=classify_by_size)
        asyncio.run(serve_app(app, listening, read_settings(), print))
