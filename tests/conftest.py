"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parent.parent

# No test asserts a time; and continuous integration tries the same examples every time.
settings.register_profile("house", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "house")


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Return the folder of real data, or skip where it is not on this machine."""
    path = Path(os.environ.get("COVERAGE_DATA_ROOT", ROOT.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"no real data at {path}: set COVERAGE_DATA_ROOT to run this test")
    return path


@pytest.fixture(scope="session")
def sample_study() -> Path:
    """Return the folder of the sample study."""
    return ROOT / "data" / "trondelag"
