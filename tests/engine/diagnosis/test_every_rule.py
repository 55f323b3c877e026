"""Every rule has a scenario (or a recorded picture) that fires it, and docs/why.md tells which."""

from __future__ import annotations

import re
from pathlib import Path

from saxtui.emulator import scenarios
from saxtui.engine.diagnosis import ALL
from tests.engine.diagnosis.roads import ROADS
from tests.engine.diagnosis.test_cloud_rules import FROM_GOOGLE, RECORDED

PAGE = Path(__file__).parents[3] / "docs" / "why.md"


def sources() -> dict[str, str]:
    """Rule id → where its scenario stands in the table."""
    found = {rule: f"`{name}`" for road in ROADS for rule, name in road.fires.items()}
    found |= {rule: f"`{name}`" for rule, (name, _) in FROM_GOOGLE.items()}
    found |= {rule: f"recorded: {why}" for rule, (why, _) in RECORDED.items()}
    return found | {"api-hidden": "`nodes-hidden`"}


def table() -> str:
    """The table of docs/why.md as it should be."""
    known = sources()
    tests = {rule: f"road `{road.name}`" for road in ROADS for rule in road.fires}
    rows = ["| rule | says | scenario | test |", "|---|---|---|---|"]
    for rule in ALL:
        where = tests.get(rule.id, "`test_cloud_rules.py`")
        rows.append(f"| `{rule.id}` | {rule.title} | {known.get(rule.id, 'NONE')} | {where} |")
    return "\n".join(rows)


def test_there_are_enough_and_each_is_named_once() -> None:
    ids = [rule.id for rule in ALL]
    assert len(ids) >= 40
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)+", name) for name in ids)


def test_each_rule_has_what_fires_it() -> None:
    ids = {rule.id for rule in ALL}
    assert ids - set(sources()) == set()
    assert set(sources()) - ids == set()
    shipped = set(scenarios.shipped())
    named = {name for road in ROADS for name in road.fires.values()} | {name for name, _ in FROM_GOOGLE.values()}
    assert named - shipped == set()


def test_a_symptom_names_rules_that_exist() -> None:
    ids = {rule.id for rule in ALL}
    assert {name for rule in ALL for name in rule.symptom_of} - ids == set()


def test_the_page_lists_them_all() -> None:
    assert table() in PAGE.read_text(encoding="utf-8"), f"docs/why.md wants this table:\n{table()}"
