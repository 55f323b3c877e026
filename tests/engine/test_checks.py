"""All checks at once: rows in order, problems with a way out, unknown where it cannot be known."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from saxtui.engine.runs import checks
from saxtui.errors import Denied, Problem
from saxtui.model.checks import Answer, CheckRow
from tests.engine.fake_world import FakeCloud, World
from tests.engine.harness import tutorial

ORDER = [
    "account", "project", "billing", "APIs", "permissions", "zone", "GKE version", "quota", "reservation", "bucket",
    "existing",
    "names", "capacity",
]  # fmt: skip


WHY = (
    "TPUS-PER-TPU-FAMILY-per-project-region cannot be read; "
    "gcloud services enable cloudquotas.googleapis.com lets it be"
)


def by_name(rows: tuple[CheckRow, ...]) -> dict[str, CheckRow]:
    return {row.name: row for row in rows}


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud(World())


async def test_every_check_has_a_row_and_stockout_is_said_to_be_unknowable(cloud: FakeCloud) -> None:
    rows = await checks.survey(tutorial(), cloud)
    assert [row.name for row in rows] == ORDER
    assert checks.problems(rows) == ()
    known = by_name(rows)
    assert known["quota"].said == "quota TPU_LITE_PODSLICE_V5: needed 64 · limit 128 · used 0 · short 0"
    assert known["bucket"].said == "gs://demo-project-sax-abc234 is free"
    assert known["capacity"].answer is Answer.UNKNOWN and "cannot be known beforehand" in known["capacity"].said


async def test_quota_says_how_much_is_short(cloud: FakeCloud) -> None:
    cloud.projects.limit = 40.0
    row = by_name(await checks.survey(tutorial(), cloud))["quota"]
    assert row.answer is Answer.PROBLEM
    assert row.problems[0].said == "needed 64 chips, limit 40, used 0, short 24"


async def test_quota_of_other_generations_is_unknown(cloud: FakeCloud) -> None:
    wanted = tutorial(slices={"generation": "v6e", "topology": "4x8"})
    row = by_name(await checks.survey(wanted, cloud))["quota"]
    assert (row.answer, row.said) == (Answer.UNKNOWN, "quota: needed 64 chips · limit unknown: " + WHY)


@pytest.mark.parametrize(
    ("call", "answer", "row", "state", "said"),
    [
        ("granted", frozenset(), "permissions", Answer.PROBLEM, "container.clusters.create"),
        ("enabled", frozenset({"compute.googleapis.com"}), "APIs", Answer.PROBLEM, "container.googleapis.com"),
        ("zones_offering", frozenset({"us-west4-b"}), "zone", Answer.PROBLEM, "does not offer ct5lp-hightpu-4t"),
        ("billing", None, "billing", Answer.UNKNOWN, "cannot be read"),
        ("billing", False, "billing", Answer.PROBLEM, "no billing account"),
        ("get", None, "project", Answer.PROBLEM, "does not exist"),
    ],
)
async def test_each_check_that_fails(
    cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, call: str, answer: Any, row: str, state: Answer, said: str
) -> None:
    async def told(*_: object) -> Any:
        return answer

    monkeypatch.setattr(cloud.projects, call, told)
    found = by_name(await checks.survey(tutorial(), cloud))[row]
    assert found.answer is state
    assert said in found.said
    assert all(problem.next_step for problem in found.problems)


@pytest.mark.parametrize(("call", "name"), [("get", "project"), ("account", "account")])
async def test_what_follows_from_one_failure_is_not_told_as_more_of_them(
    cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch, call: str, name: str
) -> None:
    async def refused(*_: object) -> None:
        raise Denied(Problem("ask", "something", f"refused {next(number)}"))

    number = itertools.count()
    for each in {call, "granted", "enabled", "zones_offering"}:
        monkeypatch.setattr(cloud.projects, each, refused)
    monkeypatch.setattr(cloud.gke, "list_clusters", refused)
    rows = await checks.survey(tutorial(), cloud)
    assert [row.name for row in rows if row.answer is Answer.PROBLEM] == [name]
    assert by_name(rows)["permissions"] == CheckRow("permissions", Answer.UNKNOWN, f"cannot be told: see {name}")


async def test_the_next_of_ones_own_zones_is_named(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    async def told(*_: object) -> frozenset[str]:
        return frozenset({"us-west4-b"})

    monkeypatch.setattr(cloud.projects, "zones_offering", told)
    row = by_name(await checks.survey(tutorial(other_zones=["us-west4-c", "us-west4-b"]), cloud))["zone"]
    assert row.problems[0].next_step == "set zone to us-west4-b, the next of your own that offers it"


async def test_a_bucket_of_somebody_else_is_told(cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    async def denied(*_: object) -> None:
        raise Denied(Problem("get", "bucket", "403"))

    monkeypatch.setattr(cloud.buckets, "get", denied)
    row = by_name(await checks.survey(tutorial(), cloud))["bucket"]
    assert row.answer is Answer.PROBLEM and "taken by somebody else" in row.said


async def test_what_is_refused_for_an_api_that_is_off_is_unknown_not_another_problem(
    cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def off(*_: object) -> None:
        raise Denied(Problem("list", "clusters", "403", reason="SERVICE_DISABLED"))

    monkeypatch.setattr(cloud.gke, "list_clusters", off)
    assert by_name(await checks.survey(tutorial(), cloud))["existing"].answer is Answer.UNKNOWN


async def test_one_that_does_not_answer_is_unknown_and_holds_up_no_other(
    cloud: FakeCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(cloud.projects, "granted", silent)
    monkeypatch.setattr(cloud.buckets, "get", silent)
    known = by_name(await checks.survey(tutorial(), cloud, limit=0.05))
    assert known["permissions"] == CheckRow("permissions", Answer.UNKNOWN, "no answer within 0.05 s")
    assert known["bucket"].answer is Answer.UNKNOWN
    assert known["zone"].answer is Answer.OK
