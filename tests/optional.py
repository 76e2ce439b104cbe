"""Libraries of the extras: pinned in dev.txt, so that only a machine without them skips what needs one."""

import importlib.util
import os

import pytest

__all__ = ["required"]


def required(module: str) -> None:
    """Skip where a module is not installed; fail where CI=true."""
    if importlib.util.find_spec(module) is None:
        reason = f"{module} is not installed; requirements/dev.txt pins it"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
