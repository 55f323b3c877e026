"""What a TPU node's device plugin serves at :2112/metrics, in Prometheus' text format.

Names, HELP texts and labels are those of GKE's tpu-device-plugin (its metrics/prom_metrics.go; the same lines are seen
in captures from v5p, v6e and 7x nodes). Gauges of the runtime (duty_cycle, memory_*) are there only for a container
whose libtpu answers; those of the host (tensorcore_utilization, memory_bandwidth_utilization) whenever it runs. What
the values are is made up: HBM as the loaded models' weights fill it, work while a slice generates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

from saxtui.catalog import sax_models
from saxtui.emulator import scenarios
from saxtui.emulator.controllers.base import labels, meta, spec
from saxtui.emulator.controllers.device_plugin import PORT
from saxtui.emulator.controllers.nodes import ACCELERATOR_LABEL, TOPOLOGY_LABEL
from saxtui.emulator.kubernetes.proxy import NoAnswer, ProxyRequest, ProxyResponse
from saxtui.emulator.sax import catalogue
from saxtui.emulator.sax.loading import LOADED, UNLOADING
from saxtui.emulator.sax.processes import Processes
from saxtui.emulator.sax.slices import Slices

Json = dict[str, Any]
_HEADERS = {"content-type": "text/plain; version=0.0.4; charset=utf-8"}
_HELP = {
    "duty_cycle": "Percent of time when the TPU was actively processing",
    "memory_total": "Total memory available on the TPU in bytes",
    "memory_used": "Allocated TPU memory in bytes",
    "tensorcore_utilization": "Tensorcore percent utilization of the TPU device",
    "memory_bandwidth_utilization": "Memory bandwidth utilization of the TPU device",
}
_PER_NODE = {"tensorcore_utilization", "memory_bandwidth_utilization"}
_LOOKS_BACK = 60.0
"""Seconds over which a duty cycle is told: a chip that has just become idle was busy in part of them."""
_RUNTIME_BYTES = 2.0e8
"""What libtpu and XLA hold of a chip's HBM without any model."""


class ChipMetrics:
    """Answers for the device plugins of a world."""

    def __init__(self, processes: Processes, slices: Slices) -> None:
        self._world = processes.world
        self._processes = processes
        self._slices = slices

    def answer(self, cluster: str, plugin: Json, port: int, request: ProxyRequest) -> ProxyResponse | NoAnswer:
        """One request to the plugin of a node."""
        missing = next((fault["missing"] for fault in scenarios.states(self._world, "chip-metrics")), "")
        if port != PORT or missing == "all":
            return NoAnswer.REFUSED
        if request.path.rstrip("/") != "/metrics":
            return ProxyResponse(404, {"content-type": "text/plain; charset=utf-8"}, b"404 page not found\n")
        node = self._world.kube[cluster].peek("Node", "", str(spec(plugin).get("nodeName"))) or {}
        lines = list(self._lines(cluster, node, runtime=missing != "runtime"))
        lines += ["# HELP go_goroutines Number of goroutines that currently exist.", "# TYPE go_goroutines gauge"]
        return ProxyResponse(200, _HEADERS, "\n".join([*lines, "go_goroutines 34", ""]).encode())

    def _lines(self, cluster: str, node: Json, *, runtime: bool) -> Iterator[str]:
        name = str(meta(node).get("name", ""))
        hardware = {
            "make": "cloud-tpu",
            "model": labels(node).get(ACCELERATOR_LABEL, ""),
            "tpu_topology": labels(node).get(TOPOLOGY_LABEL, ""),
        }
        machine = Random(name).randrange(10**18, 10**19)
        found: dict[str, list[str]] = {}
        for process in self._on(cluster, name):
            row = self._slices.find(process["slice"])
            if row is None:
                continue
            whole = row["members"].get(str(process["index"])) == process["run"] and not row["broken"]
            holder = {"container": process["container"], "namespace": process["namespace"], "pod": process["pod"]}
            for chip in range(row["host_chips"]):
                carried = {"accelerator_id": f"{machine}-{chip}", **hardware}
                for metric, value in self._values(row, name, chip, whole=whole, runtime=runtime and whole):
                    found.setdefault(metric, []).append(_line(metric, {**carried, **holder}, value))
                    found.setdefault(f"{metric}_node", []).append(_line(f"{metric}_node", carried, value))
        for metric in sorted(found):
            about = _HELP[metric.removesuffix("_node")]
            per_node = " per node" if metric.removesuffix("_node") in _PER_NODE and metric.endswith("_node") else ""
            yield from (f"# HELP {metric} {about}{per_node}", f"# TYPE {metric} gauge", *found[metric])

    def _on(self, cluster: str, node: str) -> Iterable[Json]:
        servers = self._processes.all("sax-model-server")
        return [row for row in servers if (row["cluster"], row["node"]) == (cluster, node) and "slice" in row]

    def _values(self, row: Json, node: str, chip: int, *, whole: bool, runtime: bool) -> Iterator[tuple[str, float]]:
        now = self._world.now
        # A source of its own, one draw a chip and moment: reading must not disturb the rest of the world.
        chance = Random(f"{self._world.seed}/{node}/{chip}/{int(now // 10)}")
        idle = min(_LOOKS_BACK, max(0.0, now - row["free_at"])) if row["free_at"] else _LOOKS_BACK
        busy = (1 - idle / _LOOKS_BACK) * chance.uniform(0.82, 0.94) if whole else 0.0
        if runtime:
            yield "duty_cycle", round(100 * busy)
            total = int(row["hbm_gb"] * catalogue.USABLE_HBM * 2**30)
            yield "memory_total", total
            yield "memory_used", min(total, _RUNTIME_BYTES + _held(row))
        at_work = busy if now < row["free_at"] else 0.0
        yield "tensorcore_utilization", round(100 * at_work * 0.41, 2)
        yield "memory_bandwidth_utilization", round(100 * at_work * 0.73, 2)


def _held(row: Json) -> float:
    """Bytes of one chip that the models loaded on the slice take."""
    loaded = [sax_models.find(each["path"]) for each in row["models"].values() if each["state"] in (LOADED, UNLOADING)]
    weights = sum(catalogue.weights_gb(model) for model in loaded if model is not None)
    return weights * 1e9 / int(row["chips"])


def _line(metric: str, carried: dict[str, str], value: float) -> str:
    pairs = ",".join(f'{name}="{text}"' for name, text in sorted(carried.items()))
    return f"{metric}{{{pairs}}} {value:g}" if value < 1e6 else f"{metric}{{{pairs}}} {value:.11e}"
