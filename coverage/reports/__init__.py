"""Write an assessment down: Parquet, GeoPackage, GeoJSON, Excel, CSV, PDF and JSON.

`write_all` fills an output folder, all or nothing; `render` writes one report, whole or in part; `write_comparison`
what differs between two folders.
"""

from coverage.reports.comparison import write_comparison
from coverage.reports.folder import FILES, write_all
from coverage.reports.outputs import check_folder
from coverage.reports.selection import select
from coverage.reports.single import FORMATS, render, require_format
from coverage.reports.wording import require_language

__all__ = [
    "FILES",
    "FORMATS",
    "check_folder",
    "render",
    "require_format",
    "require_language",
    "select",
    "write_all",
    "write_comparison",
]
