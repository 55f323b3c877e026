"""Which program answers behind a pod's port: HTTP server, an admin's status page, a device plugin's metrics."""

from __future__ import annotations

from saxtui.emulator.controllers import device_plugin
from saxtui.emulator.kubernetes.proxy import NoAnswer, ProxyRequest, ProxyResponse
from saxtui.emulator.sax import status_page
from saxtui.emulator.sax.chip_metrics import ChipMetrics
from saxtui.emulator.sax.http_server import HttpServers
from saxtui.emulator.sax.processes import Processes
from saxtui.emulator.sax.status_page import StatusPages


class Ports:
    """The backend behind proxies and port-forwards."""

    def __init__(self, processes: Processes, servers: HttpServers, pages: StatusPages, chips: ChipMetrics) -> None:
        self._processes = processes
        self._chips = chips
        self._servers = servers
        self._pages = pages

    async def backend(
        self, cluster: str, namespace: str, pod: str, port: int, request: ProxyRequest
    ) -> ProxyResponse | NoAnswer:
        """Answer one request to a pod."""
        if namespace == device_plugin.NAMESPACE:
            plugin = self._processes.world.kube[cluster].peek("Pod", namespace, pod)
            if plugin is not None and device_plugin.is_plugin(plugin):
                return self._chips.answer(cluster, plugin, port, request)
        process = self._processes.of_pod(cluster, namespace, pod)
        if process is not None and process["program"] == "sax-admin-server" and port == status_page.PORT:
            return self._pages.answer(process, request) or NoAnswer.REFUSED
        return await self._servers.backend(cluster, namespace, pod, port, request)
