"""The Kubernetes service account with its Workload Identity annotation, in its namespace."""

from __future__ import annotations

from saxtui.engine.protocol.step import Json, Observation, Presence, StepContext
from saxtui.engine.runs import manifests
from saxtui.engine.steps.objects import ObjectsStep, is_ours
from saxtui.errors import NotFound
from saxtui.model.plan import StepKind
from saxtui.ports import Kubernetes, Ref


class KubernetesAccount(ObjectsStep):
    """The account every Sax pod runs as. A namespace that is not there is made, and goes with the account."""

    kind = StepKind.KUBERNETES_ACCOUNT

    @property
    def resource(self) -> str:
        """The account with its namespace."""
        return f"serviceaccount/{self.deployment.identity.kubernetes_account} in {self.deployment.namespace}"

    @property
    def command(self) -> str:
        """With kubectl."""
        wanted = self.deployment
        name, space = wanted.identity.kubernetes_account, wanted.namespace
        return (
            f"kubectl -n {space} create serviceaccount {name} && kubectl -n {space} annotate serviceaccount {name} "
            f"iam.gke.io/gcp-service-account={wanted.service_account_email}"
        )

    def objects(self) -> tuple[Json, ...]:
        """The account."""
        return (manifests.service_account(self.deployment, self.manifest),)

    async def create(self, ctx: StepContext) -> str:
        """The namespace where it is missing, then the account."""
        kubernetes = await ctx.connect()
        if await kubernetes.get(self._namespace) is None:
            await kubernetes.apply(
                {
                    "apiVersion": "v1",
                    "kind": "Namespace",
                    "metadata": {"name": self.deployment.namespace, "labels": self.deployment.labels},
                }
            )
        return await super().create(ctx)

    async def observe(self, ctx: StepContext) -> Observation:
        """The account; a namespace of ours without it is ours too."""
        seen = await super().observe(ctx)
        if seen.presence is not Presence.ABSENT:
            return seen
        try:
            kubernetes = await ctx.connect()
        except NotFound:
            return seen
        space = await kubernetes.get(self._namespace)
        if space is None or not is_ours(space, self.deployment):
            return seen
        if space["metadata"].get("deletionTimestamp"):
            return Observation(Presence.LEAVING, f"{self._namespace} is being deleted", ready=False)
        said = f"only {self._namespace} is there"
        return Observation(Presence.OURS, said, str(space["metadata"].get("uid", "")), ready=False, differs=said)

    async def left(self, ctx: StepContext) -> str:
        """The account, then the namespace if that is ours."""
        said = await super().left(ctx)
        if said:
            return said
        kubernetes = await ctx.connect()
        return await self._drop_namespace(kubernetes)

    @property
    def _namespace(self) -> Ref:
        return Ref("v1", "Namespace", self.deployment.namespace)

    async def _drop_namespace(self, kubernetes: Kubernetes) -> str:
        found = await kubernetes.get(self._namespace)
        if found is None or not is_ours(found, self.deployment):
            return ""
        if not found["metadata"].get("deletionTimestamp"):
            await kubernetes.delete(self._namespace, uid=str(found["metadata"].get("uid", "")))
        return f"namespace {self.deployment.namespace} still there"
