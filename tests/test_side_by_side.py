"""Jobs done side by side: each once, the first failure told by its job, nothing begun after it."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path

import pytest

from coverage.errors import CoverageError, DataError
from coverage.side_by_side import each


@pytest.fixture(autouse=True)
def plain_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide a page that was tested before: it leaves itself as the main program, which a new process would run."""
    monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))


def touch(shared: Path, job: str) -> None:
    if job == "refused":
        raise DataError(f"{job} by {shared.name}")
    if job == "ended":
        os._exit(1)
    with (shared / job).open("x", encoding="utf-8") as file:
        file.write(str(os.getpid()))


def test_one_worker_works_in_this_process_and_in_order(tmp_path: Path) -> None:
    assert list(each(touch, ["b", "a"], shared=tmp_path, workers=1)) == ["b", "a"]
    assert {path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {str(os.getpid())}
    assert list(each(touch, [], shared=tmp_path, workers=2)) == []


@pytest.mark.parametrize(
    ("jobs", "kind", "said"),
    [
        (["a", "refused", "b"], DataError, "^refused by"),
        (["ended", "a"], CoverageError, r"^(ended|a): the process ended before this was written; it may have lacked"),
    ],
)
def test_several_workers_do_each_job_once_until_one_fails(
    jobs: list[str], kind: type[Exception], said: str, tmp_path: Path
) -> None:
    assert sorted(each(touch, ["d", "e"], shared=tmp_path, workers=2)) == ["d", "e"]
    assert str(os.getpid()) not in {path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    with pytest.raises(kind, match=said):
        list(each(touch, jobs, shared=tmp_path, workers=2))
