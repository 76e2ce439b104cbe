"""Fixtures every test may ask for."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine must not fail a property.
settings.register_profile("smearcount", deadline=None)
settings.load_profile("smearcount")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def labelled_data() -> Path:
    """Folder of the labelled smears; skips where it is missing, fails where CI=true."""
    folder = Path(os.environ.get("SMEARCOUNT_DATA", REPOSITORY.parent / "shared" / "data"))
    if folder.is_dir():
        return folder
    reason = f"labelled smears not found at {folder}; set SMEARCOUNT_DATA to their folder"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
