from __future__ import annotations

import threading
from typing import Any

import pytest

from coverage.errors import DataError
from maps import jobs
from maps.jobs import follow
from maps.store import Shelf


class Asked(Exception):  # noqa: N818
    """What Streamlit raises in a run that is to end."""


class Gate:
    """Work that says where it is and goes on when it may."""

    def __init__(self) -> None:
        self.begun, self.may_go_on, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.times = 0

    def build(self, note: jobs.Note) -> str:
        self.times += 1
        try:
            note("areas", 1)
            self.begun.set()
            assert self.may_go_on.wait(20)
            note("routes", 2)
            return "made"
        finally:
            self.ended.set()


def leave(*_reached: Any) -> None:
    raise Asked


def test_one_piece_of_work_serves_all_who_follow_it_and_tells_them_where_it_is() -> None:
    shelf, gate, heard = Shelf(2), Gate(), []

    def tell(*reached: Any) -> None:
        heard.append(reached)
        gate.may_go_on.set()

    found: list[str] = []
    first = threading.Thread(target=lambda: found.append(follow(shelf, "k", gate.build, tell=lambda *_: None)))
    first.start()
    assert gate.begun.wait(20)
    found.append(follow(shelf, "k", gate.build, tell=tell))
    first.join(20)
    assert found == ["made", "made"]
    assert gate.times == 1
    assert heard[0] == ("areas", 1)
    assert shelf.peek("k") == "made"


def test_who_leaves_does_not_harm_who_stays() -> None:
    shelf, gate = Shelf(2), Gate()
    found: list[str] = []
    stays = threading.Thread(target=lambda: found.append(follow(shelf, "k", gate.build, tell=lambda *_: None)))
    stays.start()
    assert gate.begun.wait(20)
    with pytest.raises(Asked):
        follow(shelf, "k", gate.build, tell=leave)
    assert not gate.ended.is_set()
    gate.may_go_on.set()
    stays.join(20)
    assert found == ["made"]
    assert gate.times == 1


def test_the_one_who_began_may_leave_and_the_other_has_the_result() -> None:
    shelf, gate = Shelf(2), Gate()
    found: list[str] = []
    waits = threading.Thread(target=lambda: found.append(follow(shelf, "k", gate.build, tell=lambda *_: None)))

    def leave_once_another_waits(*_reached: Any) -> None:
        if not waits.is_alive():
            waits.start()
        elif jobs._UNDER_WAY[id(shelf), "k"].followers == 2:
            raise Asked

    with pytest.raises(Asked):
        follow(shelf, "k", gate.build, tell=leave_once_another_waits)
    gate.may_go_on.set()
    waits.join(20)
    assert found == ["made"]
    assert gate.times == 1


def test_work_that_everybody_has_left_ends_and_is_begun_anew_when_asked_for() -> None:
    shelf, gate = Shelf(2), Gate()
    with pytest.raises(Asked):
        follow(shelf, "k", gate.build, tell=leave)
    gate.may_go_on.set()
    assert gate.ended.wait(20)
    assert not shelf.has("k"), "it ended at its next word"
    assert follow(shelf, "k", gate.build, tell=lambda *_: None) == "made"
    assert gate.times == 2
    assert jobs._UNDER_WAY == {}


def test_what_goes_wrong_is_told_to_who_follows_and_tried_again() -> None:
    shelf = Shelf(2)

    def fail(_note: jobs.Note) -> None:
        raise DataError("offers.csv, row 3: no")

    for _turn in range(2):
        with pytest.raises(DataError, match="row 3"):
            follow(shelf, "k", fail, tell=lambda *_: None)
    assert follow(shelf, "k", lambda _note: 5, tell=lambda *_: None) == 5
