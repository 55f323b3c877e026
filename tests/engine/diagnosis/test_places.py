"""A lost pool is told of the slice that was on it: JobSet may put a slice on another pool at each restart."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from saxtui.engine.diagnosis import Case
from saxtui.engine.diagnosis.nodes import gone
from saxtui.model.cluster import ClusterView, JobSetStatus, Pod
from saxtui.model.workloads import Node
from tests.engine.diagnosis.picture import DEPLOYMENT

HOSTS = DEPLOYMENT.slices.shape.hosts
FIRST, SECOND = DEPLOYMENT.slices.pools[:2]


def test_the_slice_that_changed_places_is_named() -> None:
    nodes = [Node(f"{FIRST}-{host}", f"{FIRST}-{host}", pool=FIRST, topology="4x8", chips=4) for host in range(HOSTS)]
    jobset = "sax-model-server-set"
    base = Pod(uid="", name="", namespace="default", jobset=jobset)
    pods = [
        replace(base, uid=f"{index}-{host}", name=f"{index}-{host}", slice=index, host=host, node=f"{pool}-{host}")
        for index, pool in ((0, SECOND), (1, FIRST))
        for host in range(HOSTS)
    ]
    view = ClusterView(
        pods=MappingProxyType({pod.uid: pod for pod in pods}),
        nodes=MappingProxyType({node.uid: node for node in nodes}),
        jobset=JobSetStatus(name=jobset),
    )
    (found,) = gone(Case(1.79e9, DEPLOYMENT, view=view))
    assert found.said.startswith(f"node pool {SECOND} has 0 of its {HOSTS} nodes")
    assert found.slices == {0} and set(found.pods) == {f"0-{host}" for host in range(HOSTS)}
