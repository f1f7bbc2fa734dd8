"""Rasters: scale and offset, classes, formats, and sizes that must be refused before anything is allocated."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rasterio.shutil
import rasterio.warp
from rasterio import Affine

from coverage.errors import CrsError, DataError
from coverage.inputs import SourceSpec
from coverage.sources import raster
from coverage.sources.raster import inspect_raster
from coverage.study import Study
from tests import studymaker
from tests.studymaker import CRS, X0, Y0, TinyStudy, tiny_study


def spec(path: Path, **changes: Any) -> SourceSpec:
    return SourceSpec(id="s", role="mobile", kind="raster", path=path, **changes)


def write(path: Path, values: Any, *, crs: str | None = CRS, **changes: Any) -> Path:
    array = np.asarray(values)
    scale, offset, colours = changes.pop("scale", 1.0), changes.pop("offset", 0.0), changes.pop("colours", None)
    profile = {"driver": "GTiff", "height": array.shape[0], "width": array.shape[1], "count": 1, "dtype": array.dtype}
    with rasterio.open(
        path, "w", crs=crs, transform=Affine(4000, 0, X0, 0, -4000, Y0 + 15_000), **profile, **changes
    ) as out:
        out.write(array, 1)
        out.scales, out.offsets = (scale,), (offset,)
        if colours:
            out.write_colormap(1, colours)
    return path


def test_scale_and_offset_are_applied(tmp_path: Path) -> None:
    path = write(tmp_path / "m.tif", np.array([[0, 100], [200, 255]], "uint8"), scale=-0.5, offset=-40, nodata=255)
    facts = inspect_raster(spec(path), crs=CRS)
    assert (facts.low, facts.high, facts.valid, facts.categorical) == (-140, -40, 3, False)


@pytest.fixture
def tiny(tmp_path: Path) -> TinyStudy:
    return tiny_study(tmp_path / "tiny")


def test_classes_by_option_through_a_study(tiny: TinyStudy) -> None:
    values = np.tile(np.array([3, 2, 1, 0, 255], "uint8"), (5, 1))
    write(tiny.folder / "mobile.tif", values, nodata=255, colours={0: (0, 0, 0), 3: (255, 0, 0)})
    with pytest.raises(DataError, match=r"has a colour table, so classes; expected options\.classes"):
        Study.open(tiny.save()).load()
    classes = {"0": "none", "1": "basic", "2": "good", "3": "very_good"}
    tiny.source("mobile")["options"]["classes"] = classes
    inputs = Study.open(tiny.save()).load()
    assert dict(inputs.mobile[0].classes) == {0: "none", 1: "basic", 2: "good", 3: "very_good"}
    report = next(item for item in inputs.reports if item.source == "mobile")
    assert report.notes == ("20 of 25 cells hold a class: none 5, basic 5, good 5, very_good 5; nodata 255",)
    tiny.source("mobile")["options"]["classes"] = {"0": "none", "1": "basic"}
    with pytest.raises(DataError, match=r"holds the value 2, which options\.classes has not; it has 0, 1"):
        Study.open(tiny.save()).load()
    for wrong, words in (({"x": "good"}, "a value of the raster"), ({"1": "fine"}, "'fine'")):
        tiny.source("mobile")["options"]["classes"] = wrong
        with pytest.raises(DataError, match=words):
            Study.open(tiny.save()).load()


@pytest.mark.parametrize("crs", ["EPSG:25832", "EPSG:4326", "EPSG:3857"])
def test_any_crs(tmp_path: Path, crs: str) -> None:
    studymaker.write_raster(tmp_path / "m.tif")
    with rasterio.open(tmp_path / "m.tif") as source:
        left, bottom, right, top = rasterio.warp.transform_bounds(source.crs, crs, *source.bounds)
        transform = Affine((right - left) / 5, 0, left, 0, (bottom - top) / 5, top)
        profile = {**source.profile, "crs": crs, "transform": transform}
    with rasterio.open(tmp_path / "n.tif", "w", **profile) as out:
        out.write(np.full((5, 5), -90, "float32"), 1)
    facts = inspect_raster(spec(tmp_path / "n.tif"), crs=CRS)
    assert facts.crs == crs
    # The box around a turned box is larger, never smaller.
    assert facts.bounds[0] <= X0 + 1
    assert facts.bounds[2] >= X0 + 19_999


def test_ascii_grid_and_cloud_optimised_tiff(tmp_path: Path) -> None:
    (tmp_path / "g.asc").write_text(
        f"ncols 2\nnrows 2\nxllcorner {X0}\nyllcorner {Y0}\ncellsize 4000\nNODATA_value -9999\n-80 -90\n-100 -9999\n"
    )
    with pytest.raises(CrsError, match="states no coordinate system"):
        inspect_raster(spec(tmp_path / "g.asc"), crs=CRS)
    (tmp_path / "g.prj").write_text(rasterio.CRS.from_user_input(CRS).to_wkt(version="WKT1_ESRI"))
    assert inspect_raster(spec(tmp_path / "g.asc"), crs=CRS).valid == 3
    studymaker.write_raster(tmp_path / "m.tif")
    with rasterio.open(tmp_path / "m.tif") as source:
        rasterio.shutil.copy(source, tmp_path / "c.tif", driver="COG")
    assert inspect_raster(spec(tmp_path / "c.tif"), crs=CRS).valid == 24


# Hostile rasters


def test_absurd_sizes_are_refused_before_they_are_read(tmp_path: Path) -> None:
    tiled = {"tiled": True, "blockxsize": 512, "blockysize": 512, "sparse_ok": True, "compress": "deflate"}
    profile = {"driver": "GTiff", "count": 1, "dtype": "uint8", "crs": CRS, "transform": Affine(1, 0, X0, 0, -1, Y0)}
    with rasterio.open(tmp_path / "m.tif", "w", width=200_000, height=200_000, **profile, **tiled):
        pass
    assert (tmp_path / "m.tif").stat().st_size < 5_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(
        DataError, match=r"40,000,000,000 cells; expected no more than 4,000,000,000, or a higher options"
    ):
        inspect_raster(spec(tmp_path / "m.tif"), crs=CRS)
    strip = {"tiled": True, "blockxsize": 10_240, "blockysize": 10_240, "sparse_ok": True, "compress": "deflate"}
    with rasterio.open(tmp_path / "s.tif", "w", width=20_000, height=20_000, **profile, **strip):
        pass
    with pytest.raises(DataError, match="blocks of 104,857,600 cells; expected no more than 64,000,000"):
        inspect_raster(spec(tmp_path / "s.tif"), crs=CRS)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # kilobytes
    small = write(tmp_path / "t.tif", np.zeros((5, 5), "float32"))
    with pytest.raises(DataError, match="25 cells; expected no more than 10"):
        inspect_raster(spec(small, options={"max_pixels": 10}), crs=CRS)


def test_a_list_of_other_files_is_no_raster(tmp_path: Path) -> None:
    studymaker.write_raster(tmp_path / "m.tif")
    vrt = (
        f'<VRTDataset rasterXSize="5" rasterYSize="5"><SRS>{CRS}</SRS><VRTRasterBand dataType="Float32" band="1">'
        f"<SimpleSource><SourceFilename>{{}}</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    for source in (str(tmp_path / "m.tif"), "/vsicurl/http://127.0.0.1:9/m.tif"):
        for name in ("v.tif", "v.vrt", "v.asc"):
            (tmp_path / name).write_text(vrt.format(source))
            with pytest.raises(DataError, match=r"not a readable raster|no known raster format"):
                inspect_raster(spec(tmp_path / name), crs=CRS)


def test_complex_numbers_are_no_signal(tmp_path: Path) -> None:
    path = write(tmp_path / "m.tif", np.ones((2, 2), "complex64"))
    with pytest.raises(DataError, match="values of type complex64; expected real numbers"):
        inspect_raster(spec(path), crs=CRS)


def test_drivers_are_few() -> None:
    assert set(raster.DRIVERS.values()) == {"GTiff", "SRTMHGT", "AAIGrid"}


def test_real_rasters(data_root: Path) -> None:
    hgt = inspect_raster(spec(data_root / "andorra" / "N42E001.hgt.zip"), crs="EPSG:25831")
    assert hgt.cells == 1201 * 1201
    assert hgt.crs == "EPSG:4326"
    assert 0 < hgt.low < hgt.high < 3200  # the Pyrenees
    dtm = inspect_raster(spec(data_root / "norway" / "terrain" / "neanidelv_dtm_1km_25832.tif"), crs=CRS)
    assert (dtm.cells, dtm.low, round(dtm.high)) == (122 * 75, 0, 1598)
    finse = inspect_raster(spec(data_root / "norway" / "terrain" / "ASTER_Finse.tif"), crs=CRS)
    assert finse.nodata is None
    assert finse.cells == 192 * 211
