"""The real adapters for one project behind ports.Cloud. Making it imports no client library."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from saxtui.adapters.google import endpoints
from saxtui.adapters.google.gke import GoogleGke
from saxtui.adapters.google.identity import GoogleIdentity
from saxtui.adapters.google.projects import GoogleProjects
from saxtui.adapters.google.storage import GoogleBuckets
from saxtui.adapters.google.transport import Transport
from saxtui.adapters.kubernetes import kubeconfig
from saxtui.adapters.kubernetes.client import KubernetesClient
from saxtui.adapters.kubernetes.connection import Connection
from saxtui.adapters.sax.client import SaxClient
from saxtui.adapters.web import FileFetch
from saxtui.errors import Invalid, Problem, Unreachable
from saxtui.model.text import safe
from saxtui.ports import Buckets, Clock, ClusterInfo, Fetch, Gke, Identity, Kubernetes, ModelServer, Projects


class GoogleCloud:
    """Fulfils ports.Cloud."""

    def __init__(self, project: str, environ: Mapping[str, str], clock: Clock) -> None:
        found = endpoints.read(environ)
        self._transport = Transport(project, environ)
        self._environ = environ
        self.project = project
        self.clock: Clock = clock
        self.gke: Gke = GoogleGke(self._transport, found.container)
        self.buckets: Buckets = GoogleBuckets(self._transport, found.storage)
        self.identity: Identity = GoogleIdentity(self._transport, found)
        self.projects: Projects = GoogleProjects(self._transport, found)
        self.fetch: Fetch = FileFetch()

    async def kubernetes(self, cluster: ClusterInfo) -> Kubernetes:
        """Connect to that cluster: TLS by its own CA, our own token. Raises CallError."""
        way = await asyncio.to_thread(kubeconfig.route, cluster, self.project, self._environ)
        connection = Connection(way.server, way.ca_pem, self._transport.credentials.token)
        await connection.open()
        return KubernetesClient(connection, self.clock)

    def model_server(
        self, kubernetes: Kubernetes, namespace: str, service: str, port: int, address: str = ""
    ) -> ModelServer:
        """The Sax client, through the API server's service proxy, or straight to `address` when given."""
        if address:
            # The token and the cluster's CA are for the API server; a direct address gets neither.
            return SaxClient(_straight(self._environ, address, port))
        if not isinstance(kubernetes, KubernetesClient):
            said = "its API server is not one this adapter connected to"
            raise Invalid(Problem(tried="reach service", target=safe(service), said=said))
        return SaxClient.through(kubernetes.connection, namespace, service, port)

    async def close(self) -> None:
        """Close the sessions and let the threads go."""
        await self._transport.close()


def _straight(environ: Mapping[str, str], address: str, port: int) -> str:
    """The base of a load balancer's address. One of the embedded cloud is somebody else's in the real world.

    Raises Unreachable where the embedded cloud does not say how its network is reached.
    """
    if "SAXTUI_EMULATED_CLOCK" not in environ:
        host = f"[{address}]" if ":" in address and not address.startswith("[") else address
        return f"http://{host}:{port}"
    network = environ.get("SAXTUI_EMULATED_NETWORK", "")
    if not network:
        said = "the embedded cloud's network is not reached from here"
        raise Unreachable(Problem(tried="reach", target=safe(address), said=said, reason="UNREACHABLE"))
    return f"{network.rstrip('/')}/{address}/{port}"
