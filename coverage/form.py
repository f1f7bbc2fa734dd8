"""What the writer and the reader of the address form agree on: reports make it, sources read it back as corrections.

A workbook is a form by its hidden sheet SHEET, which begins with that name and VERSION; a list as CSV by its columns.
"""

from __future__ import annotations

from typing import Final

SHEET: Final = "address-form"
VERSION: Final = "1"
# Our names of what is read back: what a row is about, where a missing address stands, and what an office fills in.
PLACE: Final = ("place_id", "address", "postcode", "municipality", "name")
POSITION: Final = ("x", "y", "lon", "lat")
FILLED: Final = ("correction", "kind", "down_mbps", "up_mbps", "technology", "provider", "comment", "office", "date")
RIGHT: Final = "ok"  # what an office says of an address that it has checked and found right
MISSING: Final = "missing_address"  # the correction that stands in the rows beneath the list
