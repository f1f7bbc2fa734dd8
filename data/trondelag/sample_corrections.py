"""Made-up corrections of two made-up municipal offices: corrections.csv.

    python data/trondelag/sample_corrections.py [OUT]    from the files of the sample that are there already

Each office says of a few premises in its municipality what is wrong: nobody lives there, a holiday home is lived in, an
address is missing, a firm has closed, the speed is another. Neither office is real, nor is anything that it says.
"""

from __future__ import annotations

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from sample_hearing import lacks_fast  # noqa: E402

SEED = 20220631
OFFICES = {"5022": "Synthetic office, Rennebu", "5052": "Synthetic office, Leka"}
COLUMNS = ("id", "kommunenummer", "adresse", "postnummer", "feil", "type", "ned_mbps", "opp_mbps", "teknologi",
           "antall", "x", "y", "kommentar", "kontor", "dato")  # fmt: skip
# what is wrong, of which kind of premises, whether they lack 100 Mbit/s, what the row says besides
SAID = (
    ("ikke bebodd", "household", True, {"kommentar": "Syntetisk: har stått tomt siden 2019", "dato": "2022-04-04"}),
    ("ikke bebodd", "household", True, {"kommentar": "Syntetisk: brukes som lager", "dato": "2022-05-10"}),
    ("nedlagt", "business", True, {"kommentar": "Syntetisk: virksomheten er nedlagt", "dato": "2022-03-15"}),
    ("feil type", "holiday", True, {"type": "bolig", "kommentar": "Syntetisk: bebodd hele året", "dato": "2022-05-12"}),
    ("feil hastighet", "household", False, {"ned_mbps": "0", "kommentar": "Syntetisk: ingen kan levere her",
                                            "dato": "2022-06-01"}),
    ("mangler adresse", "household", True, {"type": "bolig", "antall": "1", "dato": "2022-06-02",
                                            "kommentar": "Syntetisk: nybygd, ikke i registeret"}),
)  # fmt: skip
BESIDE_M = 60  # that a missing house stands beside one that is there


def make_corrections(premises: gpd.GeoDataFrame, lacking: np.ndarray) -> pd.DataFrame:
    """Return the list, office by office; `lacking` says which premises have less than 100 Mbit/s."""
    rows = []
    for code, office in OFFICES.items():
        rng = np.random.default_rng([SEED, int(code)])
        taken: set[str] = set()
        for number, (wrong, kind, slow, more) in enumerate(SAID):
            mine = (premises["municipality_code"] == code) & (premises["kind"] == kind) & (lacking == slow)
            mine &= premises["weight"] == 1
            here = premises[mine & ~premises["place_id"].isin(taken)].sort_values("place_id")
            place = here.iloc[int(rng.integers(0, len(here)))]
            taken.add(place["place_id"])
            row = {"feil": wrong, "kommunenummer": code, "kontor": office, **more}
            if wrong == "mangler adresse":
                row |= {"adresse": f"Nyvollen {number}", "postnummer": place["postcode"]}
                row |= {"x": f"{place.geometry.x + BESIDE_M:.0f}", "y": f"{place.geometry.y:.0f}"}
            else:
                row |= {"id": place["place_id"], "adresse": place["address"], "postnummer": place["postcode"]}
            rows.append(row)
            if wrong == "feil type":  # a register may say of a holiday home that it is not in use all year
                rows.append({**row, "feil": "i bruk", "type": ""})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def write_corrections(folder: Path, out: Path) -> None:
    """Write corrections.csv into `out` from the other files of `folder`: UTF-8, semicolons."""
    premises = gpd.read_parquet(folder / "premises.parquet")
    table = make_corrections(premises, lacks_fast(premises, folder))
    table.to_csv(out / "corrections.csv", sep=";", index=False, lineterminator="\n")


if __name__ == "__main__":
    write_corrections(HERE, Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
