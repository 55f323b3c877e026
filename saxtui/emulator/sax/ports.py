"""Which program answers behind a port of a pod: the HTTP server's own port, or an admin server's status page."""

from __future__ import annotations

from saxtui.emulator.kubernetes.proxy import NoAnswer, ProxyRequest, ProxyResponse
from saxtui.emulator.sax import status_page
from saxtui.emulator.sax.http_server import HttpServers
from saxtui.emulator.sax.processes import Processes
from saxtui.emulator.sax.status_page import StatusPages


class Ports:
    """The backend behind proxies and port-forwards."""

    def __init__(self, processes: Processes, servers: HttpServers, pages: StatusPages) -> None:
        self._processes = processes
        self._servers = servers
        self._pages = pages

    async def backend(
        self, cluster: str, namespace: str, pod: str, port: int, request: ProxyRequest
    ) -> ProxyResponse | NoAnswer:
        """Answer one request to a pod."""
        process = self._processes.of_pod(cluster, namespace, pod)
        if process is not None and process["program"] == "sax-admin-server" and port == status_page.PORT:
            return self._pages.answer(process, request) or NoAnswer.REFUSED
        return await self._servers.backend(cluster, namespace, pod, port, request)
