"""The Sax HTTP server and the Service in front of it."""

from __future__ import annotations

from saxtui.engine.protocol.step import Json, Look, Observation, StepContext
from saxtui.engine.runs import manifests
from saxtui.engine.steps.objects import ObjectsStep, available
from saxtui.engine.steps.workload import trouble, wait_available
from saxtui.errors import StepFailed
from saxtui.model.deployment import Exposure
from saxtui.model.plan import StepKind
from saxtui.ports import Kubernetes, Ref

_ADDRESS_LIMIT = 1200.0


class HttpServer(ObjectsStep):
    """A Deployment and its Service: a ClusterIP reached through the API server, or a load balancer."""

    kind = StepKind.HTTP_SERVER

    @property
    def resource(self) -> str:
        """Deployment and Service with their namespace."""
        return f"deployment/{manifests.HTTP} and service/{manifests.SERVICE} in {self.deployment.namespace}"

    @property
    def command(self) -> str:
        """With kubectl."""
        return f"kubectl -n {self.deployment.namespace} apply --server-side -f sax-http.yaml"

    def objects(self) -> tuple[Json, ...]:
        """Deployment, Service."""
        return manifests.http_server(self.deployment, self.manifest)

    async def standing(self, ctx: StepContext, kubernetes: Kubernetes, found: list[Json]) -> tuple[bool, str]:
        """Available, and with its address where a load balancer is wanted."""
        server, service = found
        if not available(server):
            pods = await kubernetes.list("v1", "Pod", self.deployment.namespace, labels=f"app={manifests.HTTP}")
            return False, trouble(pods)
        address = address_of(service)
        if self.deployment.exposure is not Exposure.PRIVATE and not address:
            return False, "waiting for the load balancer's address"
        return True, self._line(address)

    async def wait(self, ctx: StepContext) -> str:
        """Until it is available and has its address."""
        await wait_available(ctx, manifests.HTTP, self.command)
        if self.deployment.exposure is Exposure.PRIVATE:
            return self._line("")
        kubernetes = await ctx.connect()
        address = ""

        async def look() -> Look:
            nonlocal address
            found = await kubernetes.get(self._service)
            address = address_of(found) if found else ""
            return Look(bool(address), "waiting for the load balancer's address")

        await ctx.poll(look, limit=_ADDRESS_LIMIT, tried="wait for the address of", target=str(self._service))
        return self._line(address)

    async def delete(self, ctx: StepContext, seen: Observation) -> None:
        """The Service first, until its address is released; then the Deployment."""
        kubernetes = await ctx.connect()
        found = await kubernetes.get(self._service)
        address = address_of(found) if found else ""
        await super().delete(ctx, seen)
        if address and self.deployment.exposure is not Exposure.PRIVATE:
            await self._released(ctx, address)

    async def _released(self, ctx: StepContext, address: str) -> None:
        wanted = self.deployment

        async def look() -> Look:
            rules = await ctx.cloud.projects.forwarding_rules(wanted.project, wanted.region)
            held = any(rule.get("IPAddress") == address for rule in rules)
            return Look(not held, f"waiting for the load balancer to release {address}" if held else "")

        try:
            await ctx.poll(look, limit=_ADDRESS_LIMIT, tried="release", target=f"load balancer {address}")
        except StepFailed as error:
            await ctx.note(f"the forwarding rule of {address} is still there: {error.problem.said}")
            raise

    @property
    def _service(self) -> Ref:
        return Ref("v1", "Service", manifests.SERVICE, self.deployment.namespace)

    def _line(self, address: str) -> str:
        if address:
            return f"http://{address}:{manifests.HTTP_PORT} ({self.deployment.exposure.value})"
        return f"service/{manifests.SERVICE} private, through the Kubernetes API server"


def address_of(service: Json) -> str:
    """The load balancer's address of a Service, or ""."""
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or [{}]
    return str(ingress[0].get("ip") or ingress[0].get("hostname") or "")
