"""Slices to zero and back over the wire: what exists, what bills, what was sent."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from saxtui.engine.runtime import Runtime, Summary
from saxtui.errors import Refused
from saxtui.model.deployment import Deployment
from tests.stories.robot import EmbeddedCloud, Operator, wait_until

CLUSTER = "v1/projects/demo-project/locations/us-west4/clusters/saxml"
WANTED = Deployment(id="paused1", name="napping", project="demo-project", bucket="demo-project-napping", ttl="8h")
TOKEN = "CLOUDSDK_AUTH_ACCESS_TOKEN"
CPU_NODES, HOSTS = 4, 16


def cluster(cloud: EmbeddedCloud) -> dict[str, Any]:
    """The cluster as the cloud itself tells it."""
    root = cloud.env["CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER"]
    asked = urllib.request.Request(root + CLUSTER, headers={"Authorization": f"Bearer {cloud.env[TOKEN]}"})
    with urllib.request.urlopen(asked) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def sizes(cloud: EmbeddedCloud) -> list[str]:
    """The pools that were asked to have another size, in order."""
    return [request["path"].rpartition("nodePools/")[2].partition("?")[0] for request in cloud.mutations()
            if ":setSize" in request["path"]]  # fmt: skip


@pytest.mark.long
async def test_after_a_pause_no_chip_is_left_and_after_resume_the_model_answers(cloud: EmbeddedCloud) -> None:
    runtime = Runtime.open(cloud.env)
    session = await runtime.session(WANTED)
    try:
        assert (await session.up(await session.plan())).outcome == "done"
        await session.publish()
        await session.wait_loaded(timeout=3600)
        assert cluster(cloud)["currentNodeCount"] == CPU_NODES + HOSTS

        assert (await session.pause_slices()).outcome == "done"
        assert cluster(cloud)["currentNodeCount"] == CPU_NODES, "no machine with chips is left"
        asked = [request["path"] for request in cloud.requests() if "/api/v1/nodes" in request["path"]]
        assert {name for name in ("tpu1", "tpu2") if any(name in path for path in asked)} == {"tpu1", "tpu2"}
        assert sorted(sizes(cloud)) == ["tpu1:setSize", "tpu2:setSize"], "each slice was let go once"
        assert await session.drift() == ()
        with pytest.raises(Refused, match="paused"):
            await session.generate("anybody there?")
        (line,) = [line for line in await kept(runtime) if line.name == WANTED.name]
        assert line.state == "paused" and line.usd_per_hour is not None and line.usd_per_hour < 1

        until = await session.extend(3600)
        told = cluster(cloud)
        marks = [told["resourceLabels"], *(pool["config"]["resourceLabels"] for pool in told["nodePools"][1:])]
        assert [labels["saxtui-until"] for labels in marks] == [str(int(until))] * 3
        assert all(labels["saxtui-deployment"] == WANTED.id for labels in marks), "what was there stays"
        assert await session.drift() == ()

        plan = await session.plan()
        assert plan.consequences[0].startswith("PAUSED: tpu1, tpu2")
        assert (await session.up(plan, kind="resume")).outcome == "done"
        assert len(sizes(cloud)) == 4 and cluster(cloud)["currentNodeCount"] == CPU_NODES + HOSTS
        view = await session.look()
        running = [pod for pod in view.pods.values() if pod.slice >= 0 and pod.phase == "Running"]
        assert len(running) == HOSTS
        await session.wait_loaded(timeout=3600)
        assert (await session.generate("How many days are in a week?")).text.strip()
    finally:
        await runtime.close()


async def kept(runtime: Runtime) -> list[Summary]:
    """Home's lines, once the deployment is saved."""
    runtime.library.save(WANTED)
    return await runtime.summaries()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_pause_killed_and_gone_on_with_asks_first_and_goes_down_clean(
    cloud: EmbeddedCloud, operator: Operator
) -> None:
    before = cloud.resources()
    spmd = operator.deployment()
    operator.saxtui("pause", "-d", spmd, "--yes").refused(1, "nothing of it exists yet")
    operator.saxtui("resume", "-d", spmd, "--yes").refused(1, "no slice of it is paused")
    operator.saxtui("up", "-d", spmd, "--yes", "--json").ok()
    operator.saxtui("pause", "-d", spmd, "--json", stdin="no\n").refused(1, "not typed")
    running = operator.start("pause", "-d", spmd, "--yes", "--json")
    wait_until(lambda: sizes(cloud), "the first request to resize")
    running.kill()
    running.communicate()
    operator.saxtui("pause", "-d", spmd, "--yes", "--json").ok()
    assert cluster(cloud)["currentNodeCount"] == CPU_NODES
    assert sorted(sizes(cloud)) == ["tpu1:setSize", "tpu2:setSize"], "each slice was let go once, the kill included"
    plan = operator.saxtui("plan", "-d", spmd, "--json").ok().of_type("plan")[0]
    assert plan["consequences"][0].startswith("PAUSED")
    operator.saxtui("up", "-d", spmd, "--json", stdin="no\n").refused(1, "not typed")
    assert len(sizes(cloud)) == 2, "nothing comes back without consent"
    operator.saxtui("down", "-d", spmd, "--yes", "--json").ok()
    assert cloud.resources() == before, "down from a pause leaves what was there before"
