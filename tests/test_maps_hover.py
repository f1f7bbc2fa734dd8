from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coverage.assessment import Assessment
from maps import hover
from maps.filters import Filter
from maps.store import STORE, Entry
from maps.tiles.pyramid import MIN_ZOOM, SCREEN, degrees, mercator
from tests import toy
from tests.asking import ask
from tests.test_maps_server import ROUTES
from tests.test_maps_tiles_shapes import tile_of

TOY = Entry(toy.assessment())
HOSTILE = "<script>alert(1)</script>\U0001f600" + 200 * "x"


@pytest.fixture(scope="module")
def entry() -> Entry:
    return TOY


def at(assessment: Assessment, row: int, zoom: int) -> dict[str, int]:
    """Return the tile and the pixel of a place."""
    spot = assessment.places.geometry.iloc[[row]].to_crs(4326).iloc[0]
    return dict(zip(("z", "x", "y", "px", "py"), tile_of(spot.x, spot.y, zoom), strict=True))


def test_close_up_the_place_is_named_and_its_class_told(entry: Entry) -> None:
    assert hover.of_places(entry, "gap", "all", **at(entry.assessment, 0, 15)) == [
        "Firm 0 <b>AS</b>",
        "business: below 30 Mbit/s",
    ]
    assert hover.of_places(entry, "gap", "all", **at(entry.assessment, 1, 15)) == ["Road 0 2", "home: served"]
    far = at(entry.assessment, 0, 15)
    assert hover.of_places(entry, "gap", "all", **(far | {"x": far["x"] + 40})) == []


def test_a_disc_tells_how_many_it_stands_for_by_class(entry: Entry) -> None:
    told = hover.of_places(entry, "gap", "all", **at(entry.assessment, 0, 8))
    assert told is not None
    title, *classes = told
    total = float(title.removeprefix("Premises short of service: "))
    assert total > 1
    assert 1 <= len(classes) <= hover.MOST_CLASSES
    assert sum(float(line.rsplit(": ", 1)[1]) for line in classes) == pytest.approx(total)
    # Other themes count all premises.
    service = hover.of_places(entry, "service", "all", **at(entry.assessment, 0, 8))
    assert service is not None
    assert service[0].endswith(" premises")


def test_what_is_told_follows_the_filter_and_unknown_ones_are_not_there(entry: Entry) -> None:
    spot = at(entry.assessment, 1, 15)
    assert hover.of_places(entry, "gap", "business", **spot) == []
    code = entry.register(Filter(municipalities=("5001",), kinds=("household",)))
    assert hover.of_places(entry, "gap", code, **spot) == ["Road 0 2", "home: served"]
    for theme, chosen in (("gap", "0123456789abcdef"), ("no such", "all")):
        assert hover.of_places(entry, theme, chosen, **spot) is None


def test_places_at_one_position_are_counted() -> None:
    given = toy.assessment()
    places = given.places.copy()
    places.loc[[1, 2, 3], "geometry"] = places.geometry.iloc[0]
    told = hover.of_places(Entry(dataclasses.replace(given, places=places)), "gap", "all", **at(given, 0, 16))
    assert told is not None
    assert told[-1] == "and 3 more here"
    assert told[0] == "Firm 0 <b>AS</b>", "the worst class lies on top"


def test_the_route_answers_plain_text_and_nothing_where_nothing_is() -> None:
    given = toy.assessment()
    named = dataclasses.replace(
        given, places=given.places.assign(name=HOSTILE), study=dataclasses.replace(given.study, id="hostile")
    )
    _, ground = STORE.put(named)
    spot = at(given, 0, 15)
    path = "{z}/{x}/{y}/{px}/{py}".format(**spot)
    answer = ask(ROUTES, f"/tiles/{ground}/gap/all/{path}/en.json")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert b"<" not in answer.body
    assert json.loads(answer.body)[0] == HOSTILE
    assert "under 30 Mbit/s" in ask(ROUTES, f"/tiles/{ground}/gap/all/{path}/nb.json").body.decode()
    for wrong in (f"nokey/gap/all/{path}/en", f"{ground}/gap/none/{path}/en", f"{ground}/gap/all/{path}/de",
                  f"{ground}/gap/all/-3/1/1/1/1/en", f"{ground}/gap/all/99/1/1/1/1/en"):  # fmt: skip
        assert ask(ROUTES, f"/tiles/{wrong}.json").status == 404, wrong


@given(st.integers(MIN_ZOOM, 17), st.data())
def test_no_position_is_too_much_to_ask(zoom: int, data: st.DataObject) -> None:
    x, y = (data.draw(st.integers(0, 2**zoom - 1)) for _ in range(2))
    px, py = (data.draw(st.integers(0, 10 * SCREEN)) for _ in range(2))
    told = hover.of_places(TOY, "gap", "all", z=zoom, x=x, y=y, px=px, py=py)
    assert isinstance(told, list)


@given(st.floats(-179.9, 179.9), st.floats(-85, 85))
def test_degrees_undo_mercator(lon: float, lat: float) -> None:
    across, down = mercator(np.array([lon]), np.array([lat]))
    assert degrees(float(across[0]), float(down[0])) == pytest.approx((lat, lon), abs=1e-6)
