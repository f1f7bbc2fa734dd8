"""Fixtures that every test may use."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parent.parent

# No test asserts a time; and continuous integration tries the same examples every time.
settings.register_profile("house", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "house")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave what collection made (modules, and four thousand tests) out of every later search for garbage.

    It stays to the end anyway, and looking through it again and again took a twelfth of the suite's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


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
