"""kill -9 in the middle, then the same command again."""

from __future__ import annotations

from collections import Counter

from tests.stories.robot import EmbeddedCloud, Operator, wait_until


def _creates(cloud: EmbeddedCloud) -> Counter[str]:
    """How often each create was answered well."""
    return Counter(
        request["path"].split("?")[0]
        for request in cloud.mutations()
        if request["method"] == "POST" and request["status"] < 300 and request["service"] in {"container", "storage"}
    )


def test_kill_during_cluster_creation_then_up(cloud: EmbeddedCloud, operator: Operator) -> None:
    before = cloud.resources()
    spmd = operator.deployment()
    victim = operator.start("up", "-d", spmd, "--yes", "--json")
    wait_until(lambda: any(path.endswith("/clusters") for path in _creates(cloud)), "the cluster's create request")
    victim.kill()
    victim.communicate()

    operator.saxtui("up", "-d", spmd, "--yes", "--json").ok()
    creates = _creates(cloud)
    clusters = [count for path, count in creates.items() if path.endswith("/clusters")]
    pools = [count for path, count in creates.items() if path.endswith("/nodePools")]
    assert clusters == [1]
    assert pools == [2], "two pools, each created once"
    operator.saxtui("down", "-d", spmd, "--yes", "--json").ok()
    assert cloud.resources() == before


def test_kill_during_teardown_then_down(cloud: EmbeddedCloud, operator: Operator) -> None:
    before = cloud.resources()
    spmd = operator.deployment()
    operator.saxtui("up", "-d", spmd, "--yes", "--json").ok()
    victim = operator.start("down", "-d", spmd, "--yes", "--json")
    wait_until(
        lambda: any(request["method"] == "DELETE" and "nodePools" in request["path"] for request in cloud.requests()),
        "the first node pool's delete request",
    )
    victim.kill()
    victim.communicate()
    operator.saxtui("down", "-d", spmd, "--yes", "--json").ok()
    assert cloud.resources() == before
