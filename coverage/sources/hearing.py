"""What operators say in a public hearing: planned builds and objections, to schemas.OFFERS."""

from __future__ import annotations

import pandas as pd

from coverage.inputs import OfferLayer, SourceSpec
from coverage.sources.area import StudyArea
from coverage.sources.batch import Batch
from coverage.sources.offers import read_offers


def read_hearing(spec: SourceSpec, *, area: StudyArea, places: pd.DataFrame) -> tuple[Batch, OfferLayer]:
    """Read one hearing file as a layer in the study's CRS (schemas.OFFERS)."""
    return read_offers(spec, area=area, places=places)
