"""What the command line shows on a terminal: progress on stderr, tables wide enough to read, JSON alone on stdout."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


def print_json(values: Mapping[str, Any]) -> None:
    """Print plain values as JSON on stdout."""
    typer.echo(json.dumps(values, ensure_ascii=False, indent=2))


def wide_console() -> Console:
    """Return a console for stdout; wide where no terminal says how wide it is, so that tables stay readable."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=140)


@contextmanager
def progress(total: int) -> Iterator[Callable[[str], None]]:
    """Show a bar on a terminal, one line a step elsewhere; always on stderr, so that stdout stays clean."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda step: typer.echo(f"… {step}", err=True)
        return
    columns = (TextColumn("[bold]{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("reading", total=total)
        started = False

        def step(message: str) -> None:
            nonlocal started
            bar.update(task, description=message, advance=1 if started else 0)
            started = True

        yield step
        bar.update(task, description="done", completed=total)
