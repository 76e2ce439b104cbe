"""Libraries of the extras: pinned in dev.txt, so that only a machine without them skips what needs one."""

import importlib
import os

import pytest

__all__ = ["required"]


def required(module: str) -> None:
    """Skip where a module, or a library of the system that it needs, is not installed; fail where CI=true."""
    try:
        importlib.import_module(module)
    except (ImportError, OSError) as error:
        reason = (
            f"{module} cannot be loaded ({error}); requirements/dev.txt pins it, `make browser` brings pango"
        )
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
