"""Nodes of node pools."""

from __future__ import annotations

from tests.emulator.tutorial import CLUSTER, Cloud, model_servers


def _node(cloud: Cloud, pool: str) -> dict:
    return next(
        node for node in cloud.store.list("Node") if node["metadata"]["labels"]["cloud.google.com/gke-nodepool"] == pool
    )


def test_tpu_node_has_gkes_labels_taint_and_chips() -> None:
    cloud = Cloud()
    cloud.pool("tpu1", "ct5lp-hightpu-4t", 8, "4x8")
    cloud.advance(30)
    node = _node(cloud, "tpu1")
    labels = node["metadata"]["labels"]
    assert labels["cloud.google.com/gke-tpu-accelerator"] == "tpu-v5-lite-podslice"
    assert labels["cloud.google.com/gke-tpu-topology"] == "4x8"
    assert labels["topology.kubernetes.io/zone"] == "us-west4-a"
    assert labels["topology.kubernetes.io/region"] == "us-west4"
    assert labels["kubernetes.io/hostname"] == node["metadata"]["name"]
    assert node["metadata"]["name"].startswith("gke-saxml-tpu1-")
    assert node["spec"]["taints"] == [{"key": "google.com/tpu", "value": "present", "effect": "NoSchedule"}]
    assert node["status"]["allocatable"]["google.com/tpu"] == "4"
    assert len(cloud.store.list("Node")) == 8


def test_a_cpu_node_has_no_tpu_words() -> None:
    cloud = Cloud()
    cloud.pool("default-pool", "e2-standard-4", 1)
    cloud.advance(30)
    node = _node(cloud, "default-pool")
    assert "google.com/tpu" not in node["status"]["capacity"]
    assert "taints" not in node["spec"]
    assert node["status"]["capacity"]["cpu"] == "4"


def test_nodes_become_ready_after_a_while_and_addresses_differ() -> None:
    cloud = Cloud()
    cloud.pool("tpu1", "ct5lp-hightpu-4t", 8, "4x8", ready_in=40)

    def ready() -> list[str]:
        return [
            c["status"] for n in cloud.store.list("Node") for c in n["status"]["conditions"] if c["type"] == "Ready"
        ]

    cloud.advance(10)
    assert ready() == ["False"] * 8
    cloud.advance(40)
    assert ready() == ["True"] * 8
    addresses = {node["status"]["addresses"][0]["address"] for node in cloud.store.list("Node")}
    assert len(addresses) == 8


def test_a_deleted_pool_takes_its_nodes_and_their_pods_along() -> None:
    cloud = Cloud()
    cloud.serving()
    cloud.until(cloud.all_running)
    cloud.world.tell("pool.deleted", cluster=CLUSTER, pool="tpu2")
    cloud.advance(30)
    pools = [node["metadata"]["labels"]["cloud.google.com/gke-nodepool"] for node in cloud.store.list("Node")]
    assert pools.count("tpu2") == 0 and pools.count("tpu1") == 8
    # The Job makes new pods, which find no room.
    phases = [pod["status"]["phase"] for pod in cloud.hosts()]
    assert phases.count("Running") == 8


def test_a_pool_grows_under_the_same_prefix_and_shrinks_youngest_first() -> None:
    cloud = Cloud()
    cloud.pool("default-pool", "e2-standard-4", 2)
    cloud.advance(60)
    first = [node["metadata"]["name"] for node in cloud.store.list("Node")]
    cloud.pool("default-pool", "e2-standard-4", 2)
    cloud.advance(60)
    names = [node["metadata"]["name"] for node in cloud.store.list("Node")]
    assert len(names) == 4 and len({name.rsplit("-", 1)[0] for name in names}) == 1
    cloud.world.tell("pool.shrunk", cluster=CLUSTER, pool={"name": "default-pool"}, zone="us-west4-a", count=2)
    assert [node["metadata"]["name"] for node in cloud.store.list("Node")] == first


def test_pods_wait_for_nodes_that_come_later() -> None:
    cloud = Cloud()
    cloud.serving(slices=1)
    cloud.until(lambda: cloud.all_running(8))
    cloud.store.delete("JobSet", "default", "sax-model-server-set")
    cloud.until(lambda: not cloud.hosts())
    cloud.store.create(model_servers(2))
    cloud.advance(60)
    assert not cloud.all_running()
    cloud.pool("tpu2", "ct5lp-hightpu-4t", 8, "4x8")
    cloud.until(cloud.all_running, 120)
