"""TPU device plugins of an emulated cluster: a pod on every TPU node, and what it tells of chips that work and rest."""

from __future__ import annotations

import re
from typing import Any

from saxtui.emulator.kubernetes.proxy import NoAnswer, ProxyRequest, ProxyResponse, forward
from tests.emulator.scenarios.rehearsal import Rehearsal
from tests.emulator.tutorial import CLUSTER, Cloud

Json = dict[str, Any]
PLUGIN = {"k8s-app": "tpu-device-plugin"}
LINE = re.compile(r'^(\w+)\{accelerator_id="(\d+-\d)",(.*)\} (\S+)$', re.MULTILINE)


def plugins(cloud: Cloud) -> list[Json]:
    return cloud.store.list("Pod", "kube-system", PLUGIN)


def at(cloud: Cloud, host: Json) -> Json:
    return next(each for each in plugins(cloud) if each["spec"]["nodeName"] == host["spec"]["nodeName"])


async def served(cloud: Cloud, host: Json, port: int = 2112) -> ProxyResponse | NoAnswer:
    plugin = at(cloud, host)["metadata"]["name"]
    return await forward(cloud.world, CLUSTER, "kube-system", plugin, port, ProxyRequest("GET", "/metrics"))


async def values(cloud: Cloud, host: Json, metric: str) -> list[float]:
    answer = await served(cloud, host)
    assert isinstance(answer, ProxyResponse) and answer.status == 200
    return [float(found[3]) for found in LINE.findall(answer.body.decode()) if found[0] == metric]


def test_every_tpu_node_has_one_and_no_other_node() -> None:
    cloud = Cloud()
    cloud.pools()
    nodes = {pod["spec"]["nodeName"] for pod in plugins(cloud)}
    assert len(plugins(cloud)) == 16 and len(nodes) == 16
    assert all(cloud.store.get("Node", "", name)["status"]["allocatable"]["google.com/tpu"] == "4" for name in nodes)  # type: ignore[index]
    assert {pod["status"]["phase"] for pod in plugins(cloud)} == {"Running"}


def test_a_deleted_one_comes_back_and_those_of_a_deleted_pool_do_not() -> None:
    cloud = Cloud()
    cloud.pools()
    gone = plugins(cloud)[0]
    cloud.store.delete("Pod", "kube-system", gone["metadata"]["name"])
    cloud.advance(10)
    assert len(plugins(cloud)) == 16 and gone["metadata"]["uid"] not in {p["metadata"]["uid"] for p in plugins(cloud)}
    cloud.world.tell("pool.deleted", cluster=CLUSTER, pool="tpu2")
    cloud.advance(10)
    assert len(plugins(cloud)) == 8


async def test_hbm_fills_with_the_load_and_work_shows_while_a_slice_answers() -> None:
    cloud = Rehearsal()
    cloud.serving()
    cloud.until(cloud.joined, 900)
    host = cloud.host(0, 3)
    assert await values(cloud, host, "duty_cycle") == [0.0] * 4
    empty = await values(cloud, host, "memory_used")
    assert await values(cloud, host, "memory_total") == [int(15.75 * 2**30)] * 4
    await cloud.publish()
    cloud.until(cloud.loaded, 1500)
    full = await values(cloud, host, "memory_used")
    assert len(full) == 4 and all(after - before > 5e9 for before, after in zip(empty, full, strict=True))
    asked = cloud.prompt()
    await cloud.settle()
    served_by = [slice_ for slice_ in (0, 1) if max(await values(cloud, cloud.host(slice_, 3), "duty_cycle"))]
    assert len(served_by) == 1 and min(await values(cloud, cloud.host(served_by[0], 0), "tensorcore_utilization")) > 10
    await cloud.until_done(asked)
    cloud.advance(61)
    assert await values(cloud, cloud.host(served_by[0], 3), "duty_cycle") == [0.0] * 4


async def test_lines_carry_the_labels_of_the_real_plugin() -> None:
    cloud = Rehearsal()
    cloud.serving()
    cloud.until(cloud.joined, 900)
    host = cloud.host(1, 0)
    answer = await served(cloud, host)
    assert isinstance(answer, ProxyResponse)
    text = answer.body.decode()
    assert "# HELP duty_cycle Percent of time when the TPU was actively processing\n# TYPE duty_cycle gauge\n" in text
    name = host["metadata"]["name"]
    pattern = (
        r'duty_cycle\{accelerator_id="\d{19}-2",container="sax-model-server",make="cloud-tpu",'
        rf'model="tpu-v5-lite-podslice",namespace="default",pod="{name}",tpu_topology="4x8"\}} 0\n'
    )
    assert re.search(pattern, text) and re.search(r'\nduty_cycle_node\{accelerator_id="\d{19}-2",make=', text)
    assert re.search(r"\nmemory_total\{[^}]*\} 1\.69114337280e\+10\n", text)
    assert await served(cloud, host, port=9) is NoAnswer.REFUSED


async def test_the_runtime_of_a_host_that_waits_for_its_mesh_tells_nothing() -> None:
    cloud = Rehearsal("mesh-blocked")
    cloud.serving()
    cloud.until(cloud.all_running, 900)
    assert await values(cloud, cloud.host(1, 3), "duty_cycle") == []
    assert await values(cloud, cloud.host(1, 3), "tensorcore_utilization") == [0.0] * 4
