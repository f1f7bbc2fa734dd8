"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


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
