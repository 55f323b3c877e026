"""TPU metrics from GKE's own exporter: the device plugin on each TPU node, asked through the API server's pod proxy.

Sourced: pods labelled k8s-app=tpu-device-plugin in kube-system serve Prometheus text at :2112/metrics (Ray and llm-d
scrape them so), with the names and labels of the plugin's own metrics code and of captures from v5p, v6e and 7x nodes.
duty_cycle and memory_* come from the container's libtpu, and are missing where that does not answer; whether the libtpu
in the Sax images of 2024 does is not known. Asking needs `pods/proxy`, and that the control plane reaches the port.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

import msgspec

from saxtui.adapters.kubernetes.connection import Connection
from saxtui.adapters.kubernetes.exposition import chip_samples
from saxtui.adapters.kubernetes.kinds import KNOWN
from saxtui.errors import Ambiguous, CallError, Denied, NotFound, Problem
from saxtui.model.chips import ChipSample, NodeChips
from saxtui.model.text import safe
from saxtui.ports import Clock

_NAMESPACE, _LABELS, _PORT = "kube-system", "k8s-app=tpu-device-plugin", 2112
_PAGE = "500"
_AT_ONCE = 8
_TIMEOUT = 5.0
"""Real seconds for one exporter's answer."""
_LARGEST = 2_097_152
_ON_THE_LOOP = 65_536
"""Bytes up to which an answer is read on the event loop; a larger one would hold it up for milliseconds."""
_AGAIN = 60.0
"""Real seconds before the plugins are listed again for a node that has none."""
NO_PLUGIN = "the cluster offers no TPU metrics: no tpu-device-plugin pod on the node"


class _Meta(msgspec.Struct):
    name: str


class _ListMeta(msgspec.Struct):
    continue_: str = msgspec.field(name="continue", default="")


class _Spec(msgspec.Struct):
    node: str = msgspec.field(name="nodeName", default="")


class _Plugin(msgspec.Struct):
    metadata: _Meta
    spec: _Spec = msgspec.field(default_factory=_Spec)


class _Plugins(msgspec.Struct):
    metadata: _ListMeta = msgspec.field(default_factory=_ListMeta)
    items: list[_Plugin] = msgspec.field(default_factory=list)


_page = msgspec.json.Decoder(_Plugins)


class ChipReader:
    """Reads the exporters of one cluster, a few at a time."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._plugins: dict[str, str] = {}
        self._listed = float("-inf")
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def read(self, nodes: Collection[str]) -> dict[str, NodeChips]:
        """By node: what its exporter tells, or why nothing is told."""
        if any(node not in self._plugins for node in nodes) and _now() - self._listed >= _AGAIN:
            try:
                await self._find()
            except CallError as error:
                return dict.fromkeys(nodes, NodeChips(self._clock.now(), said=_words(error, "")))
        found = await asyncio.gather(*(self._read(node) for node in nodes))
        return dict(zip(nodes, found, strict=True))

    async def _find(self) -> None:
        """List the plugins' pods anew. Raises CallError."""
        found: dict[str, str] = {}
        query = {"labelSelector": _LABELS, "limit": _PAGE}
        path, what = KNOWN["v1", "Pod"].path(_NAMESPACE), "the TPU device plugins"
        while True:
            body = await self._connection.call("GET", path, "list", what, query=query, timeout=_TIMEOUT)
            try:
                page = _page.decode(body)
            except msgspec.MsgspecError as error:
                raise Ambiguous(Problem(tried="list", target=what, said="the answer is no list of pods")) from error
            found |= {item.spec.node: item.metadata.name for item in page.items if item.spec.node}
            query["continue"] = page.metadata.continue_
            if not query["continue"]:
                break
        self._plugins, self._listed = found, _now()

    async def _read(self, node: str) -> NodeChips:
        plugin = self._plugins.get(node)
        if plugin is None:
            return NodeChips(self._clock.now(), said=NO_PLUGIN)
        path = f"{KNOWN['v1', 'Pod'].path(_NAMESPACE, plugin)}:{_PORT}/proxy/metrics"
        async with self._turns:
            try:
                body = await self._connection.call(
                    "GET", path, "read TPU metrics of", node, timeout=_TIMEOUT, limit=_LARGEST
                )
            except CallError as error:
                if isinstance(error, NotFound):
                    self._plugins.pop(node, None)
                    self._listed = float("-inf")
                return NodeChips(self._clock.now(), said=_words(error, plugin))
        at = self._clock.now()
        samples = _samples(body) if len(body) <= _ON_THE_LOOP else await asyncio.to_thread(_samples, body)
        return NodeChips(at, tuple(samples))


def _now() -> float:
    """Real seconds."""
    return asyncio.get_running_loop().time()


def _samples(body: bytes) -> Sequence[ChipSample]:
    """What was cut off at the end is no whole line, and so is not taken."""
    text = body.decode("utf-8", "replace")
    return list(chip_samples(text[: text.rfind("\n") + 1]))


def _words(error: CallError, plugin: str) -> str:
    """Why nothing was told; the same words for every node with the same trouble, so without the pod's own name."""
    if isinstance(error, NotFound):
        return "the exporter's pod is gone, or serves no /metrics"
    said: str = safe(error.problem.said, 200)
    if "connection refused" in said:
        return "the node's device plugin serves none (connection refused)"
    if plugin:
        said = said.replace(plugin, "tpu-device-plugin")
    return f"not allowed: {said}" if isinstance(error, Denied) else f"the exporter does not answer: {said}"
