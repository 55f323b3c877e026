"""The admin's book of a cell, and the files it is kept in."""

from __future__ import annotations

import pytest

from saxtui.emulator.sax import cell, wire
from saxtui.emulator.sax.cell import SaxError


def book() -> dict:
    row = cell.new_cell()
    cell.publish(row, "/sax/test/spmd", "a.b.C", "None", 2, "u1")
    return row


@pytest.mark.parametrize(
    "name", ["spmd", "/sax/test", "/sax/test/Spmd", "/sax/test/9", "/sax/test/a/b", "/cell/test/a"]
)
def test_bad_model_names_are_refused(name: str) -> None:
    with pytest.raises(SaxError, match=r"\[INVALID_ARGUMENT\]$"):
        cell.publish(cell.new_cell(), name, "a.b.C", "None", 1, "u")


@pytest.mark.parametrize(
    ("path", "checkpoint", "replicas"), [("1a", "None", 1), ("a", "", 1), ("a", "a b", 1), ("a", "None", -1)]
)
def test_bad_paths_checkpoints_and_replicas_are_refused(path: str, checkpoint: str, replicas: int) -> None:
    with pytest.raises(SaxError) as raised:
        cell.publish(cell.new_cell(), "/sax/test/m", path, checkpoint, replicas, "u")
    assert raised.value.code == "InvalidArgument"


def test_publishing_twice_and_finding_nothing() -> None:
    row = book()
    with pytest.raises(SaxError, match="already exists"):
        cell.publish(row, "/sax/test/spmd", "a.b.C", "None", 2, "u2")
    with pytest.raises(SaxError, match="/sax/test/other not found"):
        cell.find(row, "/sax/test/other")


def test_a_name_is_taken_until_the_tick_after_unpublishing() -> None:
    row = book()
    cell.unpublish(row, "/sax/test/spmd")
    with pytest.raises(SaxError, match="being unpublished, please retry later"):
        cell.publish(row, "/sax/test/spmd", "a.b.C", "None", 2, "u2")
    row["leaving"] = []
    cell.publish(row, "/sax/test/spmd", "a.b.C", "None", 2, "u2")


def test_update_cannot_change_the_path() -> None:
    row = book()
    cell.update(row, "/sax/test/spmd", "a.b.C", "gs://b/c", 1)
    assert row["models"]["/sax/test/spmd"]["replicas"] == 1
    with pytest.raises(SaxError, match="model path can't be changed"):
        cell.update(row, "/sax/test/spmd", "a.b.D", "None", 1)


def test_state_survives_as_a_file() -> None:
    row = book()
    row["models"]["/sax/test/spmd"]["servers"].append("10.0.0.1:10001")
    loaded = cell.load(cell.dump(row))
    assert loaded["models"]["/sax/test/spmd"] == {
        "path": "a.b.C",
        "checkpoint": "None",
        "replicas": 2,
        "uuid": "u1",
        "servers": [],
    }


def test_wire_round_trip_and_damage() -> None:
    data = wire.encode([(1, "text"), (2, 300), (3, b"\x00\xff"), (4, 0)])
    fields = wire.decode(data)
    assert wire.text(fields, 1) == "text" and wire.number(fields, 2) == 300 and wire.number(fields, 4) == 0
    with pytest.raises(ValueError):
        wire.decode(data[:-1])
