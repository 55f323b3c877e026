"""The Sax admin server."""

from __future__ import annotations

from saxtui.engine.protocol.step import Json, StepContext
from saxtui.engine.runs import manifests
from saxtui.engine.steps.objects import ObjectsStep, available
from saxtui.engine.steps.workload import trouble, wait_available
from saxtui.model.plan import StepKind
from saxtui.ports import Kubernetes


class AdminServer(ObjectsStep):
    """One Deployment of one replica."""

    kind = StepKind.ADMIN_SERVER

    @property
    def resource(self) -> str:
        """The Deployment with its namespace."""
        return f"deployment/{manifests.ADMIN} in {self.deployment.namespace}"

    @property
    def command(self) -> str:
        """With kubectl."""
        return f"kubectl -n {self.deployment.namespace} apply --server-side -f sax-admin-server.yaml"

    def objects(self) -> tuple[Json, ...]:
        """The Deployment."""
        return (manifests.admin_server(self.deployment, self.manifest),)

    async def standing(self, ctx: StepContext, kubernetes: Kubernetes, found: list[Json]) -> tuple[bool, str]:
        """Available."""
        if available(found[0]):
            return True, f"deployment/{manifests.ADMIN} available"
        pods = await kubernetes.list("v1", "Pod", self.deployment.namespace, labels=f"app={manifests.ADMIN}")
        return False, trouble(pods)

    async def wait(self, ctx: StepContext) -> str:
        """Until it is available."""
        return await wait_available(ctx, manifests.ADMIN, self.command)
