"""The one connection of a session to its cluster, shared by watching, logs and serving."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from saxtui.errors import NotFound, Problem
from saxtui.ports import Cloud, Kubernetes

if TYPE_CHECKING:
    from saxtui.model.deployment import Deployment


class Connection:
    """Finds the cluster through the GKE API and connects to its API server, once, until told to forget."""

    def __init__(self, deployment: Deployment, cloud: Cloud) -> None:
        self.deployment = deployment
        self._cloud = cloud
        self._lock = asyncio.Lock()
        self._kubernetes: Kubernetes | None = None

    async def kubernetes(self) -> Kubernetes:
        """The cluster's API server. Raises NotFound while there is no cluster with an address; CallError."""
        async with self._lock:
            if self._kubernetes is None:
                self._kubernetes = await self._connect()
            return self._kubernetes

    async def forget(self) -> None:
        """Drop the connection: the next call looks the cluster up again (it may have a new address or CA)."""
        async with self._lock:
            old, self._kubernetes = self._kubernetes, None
        if old is not None:
            await old.close()

    async def close(self) -> None:
        """Close the connection for good."""
        await self.forget()

    async def _connect(self) -> Kubernetes:
        wanted = self.deployment
        location = wanted.attached or wanted.region
        cluster = await self._cloud.gke.get_cluster(location, wanted.cluster.name)
        if cluster is None or not cluster.endpoint:
            said = f"is {cluster.status} and has no address yet" if cluster else "does not exist"
            raise NotFound(
                Problem(
                    tried="connect to",
                    target=f"cluster {wanted.cluster.name} in {location}",
                    said=said,
                    next_step=f"run: saxtui up -d {wanted.name}"
                    if not wanted.attached
                    else "who made it took it down, or you may no longer see it",
                    code="404",
                )
            )
        return await self._cloud.kubernetes(cluster)
