"""Scenario files: what they may say, where they are found, that all are documented, tested and repeatable."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from saxtui.emulator import scenarios
from saxtui.emulator.scenarios import BadScenario, schema
from saxtui.emulator.world import World

ROOT = Path(__file__).parents[3]
NAMES = sorted(scenarios.shipped())


def test_there_are_enough() -> None:
    assert len(NAMES) >= 25


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_scenario_is_whole(name: str) -> None:
    document = scenarios.read(scenarios.find(name))
    assert document["title"] and document["description"].endswith(".")
    assert document["faults"]


def test_every_fault_there_is_occurs_in_a_shipped_scenario() -> None:
    used = {fault["fault"] for file in scenarios.shipped().values() for fault in scenarios.read(file)["faults"]}
    assert used == set(schema.KINDS)


def test_all_are_documented_in_one_line_each() -> None:
    lines = (ROOT / "docs" / "scenarios.md").read_text().splitlines()
    told = {}
    for line in lines:
        found = re.match(r"\| `([a-z0-9-]+)` \| (.*) \|$", line)
        if found:
            told[found[1]] = found[2]
    assert told == {name: scenarios.read(file)["description"] for name, file in scenarios.shipped().items()}


def test_all_are_used_by_a_test() -> None:
    files = [*Path(__file__).parent.glob("test_*_scenarios.py"), *(ROOT / "tests/engine/diagnosis").glob("*.py")]
    text = "".join(file.read_text() for file in files)
    assert [name for name in NAMES if f'"{name}"' not in text] == []


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (5, "Expected `object`"),
        ({"fault": "drop"}, "when is missing"),
        ({"when": {"at": 1}}, "fault is missing"),
        ({"when": {"at": 1}, "fault": "storm"}, "'storm': fault is one of api-disabled, billing-off, binding-removed"),
        ({"when": {"at": 1}, "fault": "drop"}, "when.request is needed"),
        ({"when": {"request": {"service": "iam"}}, "fault": "cluster-upgrade"}, "does not strike requests"),
        ({"when": {"request": {"service": "iam"}, "fault": "x"}, "fault": "drop"}, "unknown key fault in when"),
        ({"when": {"request": {"service": "iam", "verb": "GET"}}, "fault": "drop"}, "unknown key verb in when.request"),
        ({"when": {"request": {"service": "kubernetes"}}, "fault": "late", "seconds": 3}, "not strike requests of kub"),
        ({"when": {"on": "pool.created"}, "fault": "stockout"}, "unknown event 'pool.created'"),
        ({"when": {"on": "model.load"}, "fault": "stockout"}, "when.on must be one of pool.create"),
        ({"when": {"on": "pool.create", "at": 5}, "fault": "stockout"}, "one of at, on and request"),
        ({"when": {"at": -5}, "fault": "cluster-upgrade"}, "in when.at"),
        ({"when": {"at": 5}, "fault": "pod-deleted", "pods": "*"}, "not a regular expression"),
        ({"when": {"at": 5, "for": 9}, "fault": "cluster-upgrade"}, "when.for means nothing for this fault"),
        ({"when": {"at": 5, "times": 9}, "fault": "cluster-upgrade"}, "when.times of an act needs when.every"),
        ({"when": {"on": "pool.create", "every": 9}, "fault": "stockout"}, "when.every means nothing"),
    ],
)
def test_what_a_file_may_not_say_is_named(entry: Any, words: str) -> None:
    good = {"when": {"on": "pool.create"}, "fault": "stockout"}
    with pytest.raises(BadScenario) as caught:
        scenarios.install(World(start=0.0), {"faults": [good, entry]}, "my.yaml")
    assert str(caught.value).startswith("scenario my.yaml: fault 2: ")
    assert words in str(caught.value)


def test_unknown_keys_beside_the_faults_are_refused() -> None:
    with pytest.raises(BadScenario, match=r"my\.yaml: unknown key fautls; known: description, faults, title"):
        scenarios.install(World(start=0.0), {"fautls": []}, "my.yaml")


def test_a_file_comes_before_a_name_and_an_unknown_name_lists_the_known(tmp_path: Path) -> None:
    assert scenarios.find("list-lag").parent.name == "files"
    file = tmp_path / "list-lag"
    file.write_text("faults: []\n")
    assert scenarios.find(file) == file
    with pytest.raises(BadScenario, match=r"no such file or name; names: .*list-lag"):
        scenarios.find("lists-lag")
    with pytest.raises(BadScenario, match=r"no such file$"):
        scenarios.find(tmp_path / "x.yaml")


def test_times_nth_and_windows() -> None:
    def strikes(moments: list[float], **when: Any) -> list[float]:
        world = World(start=100.0)
        when["request"] = {"service": "iam"}
        scenarios.install(world, {"faults": [{"when": when, "fault": "drop"}]})
        out = []
        for moment in moments:
            world.advance(100.0 + moment)
            if scenarios.on_request(world, "iam", "GET", "/x"):
                out.append(moment)
            assert scenarios.on_request(world, "storage", "GET", "/x") is None
        return out

    moments = [0.0, 10.0, 20.0, 30.0, 40.0]
    assert strikes(moments) == [0]
    assert strikes(moments, nth=2) == [10]
    assert strikes(moments, nth=2, times=2) == [10, 20]
    assert strikes(moments, at=15) == [20]
    assert strikes(moments, at=10, **{"for": 20}) == [10, 20]
    assert strikes(moments, nth=2, **{"for": 20}) == [10, 20]
    assert strikes(moments, times=3, **{"for": 1000}) == [0, 10, 20]


def test_chance_is_the_seeds_and_leaves_the_worlds_alone() -> None:
    def struck(seed: int) -> tuple[list[bool], float]:
        world = World(start=0.0, seed=seed)
        when = {"request": {"service": "iam"}, "times": 1000, "probability": 0.5}
        scenarios.install(world, {"faults": [{"when": when, "fault": "drop"}]})
        return [bool(scenarios.on_request(world, "iam", "GET", "/")) for _ in range(64)], world.rng.random()

    assert struck(1) == struck(1)
    assert struck(1)[0] != struck(2)[0]
    assert 10 < sum(struck(1)[0]) < 54
    assert struck(1)[1] == World(start=0.0, seed=1).rng.random()
