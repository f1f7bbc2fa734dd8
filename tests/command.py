"""The command line, called as its users call it: in a process of its own, or within this one, which is quicker."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest.mock import patch

from coverage.__main__ import main
from tests.conftest import ROOT


@dataclass(frozen=True)
class Finished:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: object) -> Finished:
    """Run `python -m coverage` with these arguments within this process."""
    out, told = io.StringIO(), io.StringIO()
    code: object = 0
    with redirect_stdout(out), redirect_stderr(told), patch.object(sys, "argv", ["coverage", *map(str, arguments)]):
        try:
            main()
        except SystemExit as end:
            code = end.code
    assert code is None or isinstance(code, int), code
    return Finished(code or 0, out.getvalue(), told.getvalue())


def run_apart(*arguments: object) -> Finished:
    """Run it in a process of its own, where every warning is an error."""
    command = [sys.executable, "-W", "error", "-m", "coverage", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, encoding="utf-8")
    return Finished(done.returncode, done.stdout, done.stderr)
