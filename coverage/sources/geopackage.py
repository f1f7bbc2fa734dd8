"""Views in a GeoPackage: layers that are computed when they are read, and may never end."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from coverage.errors import DataError
from coverage.inputs import SourceSpec
from coverage.sources.limits import brief, check_count, limit

STEP: Final = 1_000_000  # instructions of SQLite's machine
MAX_STEPS: Final = 500  # of them, for all views of a file: some seconds, enough to join two national registers


def check_views(path: Path, spec: SourceSpec) -> None:
    """Raise DataError where the layer is a view with more rows than allowed, or any view does not come to an end.

    GDAL runs each view to its first row when it lists the layers, and the one that is read to its last. Here they are
    run no further than the limit.
    """
    most = limit(spec, "max_rows")
    steps, running = 0, ""

    def stop() -> bool:
        nonlocal steps
        steps += 1
        return steps > MAX_STEPS

    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            views = database.execute("SELECT name FROM sqlite_master WHERE type = 'view' ORDER BY name").fetchall()
            database.set_progress_handler(stop, STEP)
            for (running,) in views:
                name = str(running).replace('"', '""')
                rows = most + 1 if spec.layer.lower() in ("", str(running).lower()) else 1
                query = f'SELECT count(*) FROM (SELECT 1 FROM "{name}" LIMIT {rows})'  # noqa: S608 - quoted
                count = database.execute(query).fetchone()[0]
                check_count(count, spec, "max_rows", f"rows in the view {brief(running)!r}")
    except sqlite3.Error as error:
        if steps > MAX_STEPS:
            raise DataError(
                f"{spec.name}: the view {brief(running)!r} does not come to an end; expected a table"
            ) from error
        # A function that only GDAL has, or damage: GDAL says so itself.
