"""One TPU slice: a node pool of as many hosts as its topology has, in one zone, all or none.

GKE lets a slice of several hosts go whole and brings it back whole: its pool has all of its hosts, or zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from saxtui.engine.protocol.resizing import Resizable, Size
from saxtui.engine.protocol.step import Json, Look, Observation, Presence, StepContext
from saxtui.engine.steps import operations
from saxtui.engine.steps.cluster import SCOPE
from saxtui.errors import Invalid, Problem, StepFailed
from saxtui.model import term
from saxtui.model.plan import StepKind
from saxtui.ports import NodePoolInfo

PREFIX = "pool/"
_STANDS = ("RUNNING", "RECONCILING")
_RESERVATION = "compute.googleapis.com/reservation-name"


class NodePool(Resizable):
    """One pool; it has its hosts or none, and another slice is another pool."""

    kind = StepKind.NODE_POOL
    settle = 90.0
    bills = True
    within = True

    @property
    def name(self) -> str:
        """The pool's name, from the step's id."""
        return self.id.removeprefix(PREFIX)

    @property
    def resource(self) -> str:
        """The pool's name with its cluster."""
        return f"{self.name} of {self.deployment.cluster.name}"

    @property
    def target(self) -> tuple[str, str]:
        """GKE's create."""
        wanted = self.deployment
        return (
            "POST",
            f"v1/projects/{wanted.project}/locations/{wanted.region}/clusters/{wanted.cluster.name}/nodePools",
        )

    @property
    def command(self) -> str:
        """With gcloud."""
        wanted, shape = self.deployment, self.deployment.slices.shape
        flags = [
            f"--project={wanted.project}",
            f"--cluster={wanted.cluster.name}",
            f"--location={wanted.region}",
            f"--node-locations={wanted.zone}",
            f"--machine-type={shape.machine_type}",
            f"--num-nodes={0 if wanted.slices.flex_start else shape.hosts}",
        ]
        labels = ",".join(f"{key}={value}" for key, value in self.labels.items())
        flags += ["--scopes=cloud-platform", "--workload-metadata=GKE_METADATA", f"--labels={labels}"]
        flags += [f"--tpu-topology={shape.topology}"] if shape.multi_host else []
        flags += [f"--placement-policy={wanted.slices.placement_policy}"] if wanted.slices.placement_policy else []
        flags += ["--enable-private-nodes"] if wanted.cluster.private_nodes else []
        flags += ["--spot"] if wanted.slices.spot else []
        if wanted.slices.flex_start:
            flags += ["--flex-start", "--enable-autoscaling", "--min-nodes=0", f"--max-nodes={shape.hosts}"]
            flags += ["--reservation-affinity=none", "--no-enable-autorepair"]
        if wanted.slices.reservation:
            flags += ["--reservation-affinity=specific", f"--reservation={wanted.slices.reservation}"]
        return f"gcloud container node-pools create {self.name} " + " ".join(flags)

    @property
    def labels(self) -> dict[str, str]:
        """The deployment's, with the end of its time to live."""
        return {**self.deployment.labels, **term.labels(self.until)}

    async def marks(self, ctx: StepContext) -> Mapping[str, str] | None:
        """The labels of its nodes' machines."""
        found = await self._get(ctx)
        return None if found is None else found.labels

    async def mark(self, ctx: StepContext, labels: Mapping[str, str]) -> str:
        """Ask GKE for it."""
        wanted = self.deployment
        return (await ctx.cloud.gke.label_node_pool(wanted.region, wanted.cluster.name, self.name, labels)).name

    @property
    def full(self) -> int:
        """The hosts of the slice; a flex-start pool is made empty, and its hosts come and go with the pods."""
        return 0 if self.deployment.slices.flex_start else self.deployment.slices.shape.hosts

    def size_request(self, hosts: int) -> tuple[str, str, str]:
        """GKE's setSize, and gcloud's resize."""
        wanted = self.deployment
        where = f"--project={wanted.project} --location={wanted.region} --node-pool={self.name}"
        command = f"gcloud container clusters resize {wanted.cluster.name} {where} --num-nodes={hosts} --quiet"
        return "POST", f"{self.target[1]}/{self.name}:setSize", command

    def body(self) -> Json:
        """GKE's CreateNodePoolRequest."""
        wanted, shape = self.deployment, self.deployment.slices.shape
        config: Json = {
            "machineType": shape.machine_type,
            "oauthScopes": [SCOPE],
            "resourceLabels": self.labels,
            "workloadMetadataConfig": {"mode": "GKE_METADATA"},
        }
        if wanted.slices.spot:
            config["spot"] = True
        if wanted.slices.reservation:
            config["reservationAffinity"] = {
                "consumeReservationType": "SPECIFIC_RESERVATION",
                "key": _RESERVATION,
                "values": [wanted.slices.reservation],
            }
        pool: Json = {
            "name": self.name,
            "initialNodeCount": 0 if wanted.slices.flex_start else shape.hosts,
            "locations": [wanted.zone],
            "config": config,
            "management": {"autoUpgrade": True, "autoRepair": True},
        }
        if wanted.cluster.private_nodes:
            pool["networkConfig"] = {"enablePrivateNodes": True}
        if wanted.slices.flex_start:
            # A flex-start pool begins empty: its hosts come all at once when the model servers' pods ask for them.
            config["flexStart"] = True
            config["reservationAffinity"] = {"consumeReservationType": "NO_RESERVATION"}
            pool["autoscaling"] = {"enabled": True, "minNodeCount": 0, "maxNodeCount": shape.hosts}
            pool["management"]["autoRepair"] = False
        if shape.multi_host and wanted.slices.placement_policy:
            pool["placementPolicy"] = {"policyName": wanted.slices.placement_policy, "tpuTopology": shape.topology}
        elif shape.multi_host:
            pool["placementPolicy"] = {"type": "COMPACT", "tpuTopology": shape.topology}
        return {"nodePool": pool}

    async def observe(self, ctx: StepContext) -> Observation:
        """Ours by the resource label of its nodes."""
        found = await self._get(ctx)
        if found is None:
            operation = await operations.running(ctx, self._path, "CREATE_NODE_POOL") if ctx.may_exist else ""
            return Observation(Presence.ABSENT, ready=False, operation=operation)
        said = f"{self.resource}: {found.status}"
        if not self.deployment.owns(found.labels):
            return Observation(Presence.FOREIGN, f"node pool {self.resource} exists and is not ours ({found.status})")
        if found.status == "STOPPING":
            return Observation(Presence.LEAVING, said, found.uid, found.link, ready=False)
        operation = ""
        if found.status == "PROVISIONING" and not ctx.now.operation:
            operation = await operations.running(ctx, self._path, "CREATE_NODE_POOL")
        if self.full and not found.node_count and found.status in _STANDS:
            said = f"{self.resource}: 0 of {self.full} hosts, paused"
            return Observation(Presence.OURS, said, found.uid, found.link, ready=False, differs=said, hosts=0)
        ready = found.status in _STANDS and not self._unlike(found)
        return Observation(Presence.OURS, said, found.uid, found.link, ready, operation=operation)

    async def measure(self, ctx: StepContext) -> Size | None:
        """Its hosts. Operations first: one that ends between the two reads has had its effect by the second."""
        operation = await operations.running(ctx, self._path, "SET_NODE_POOL_SIZE")
        found = await self._get(ctx)
        if found is None:
            return None
        return Size(found.node_count, self.deployment.owns(found.labels), operation)

    async def resize(self, ctx: StepContext, hosts: int) -> str:
        """Ask GKE for it; one that does not let a slice go leaves deleting it."""
        wanted = self.deployment
        try:
            return (await ctx.cloud.gke.set_node_pool_size(wanted.region, wanted.cluster.name, self.name, hosts)).name
        except Invalid as error:
            way_out = f"it stays as it is and bills; what always works: saxtui down -d {wanted.name}, and up later"
            raise StepFailed(replace(error.problem, next_step=way_out, may_bill=True)) from error

    async def followed(self, ctx: StepContext, operation: str) -> None:
        """Wait until GKE has done it."""
        await operations.finish(ctx, operation, "resize node pool", self.resource, self.size_request(self.full)[2])

    async def drifts(self, ctx: StepContext) -> list[tuple[str, str, str]]:
        """Size, machines and topology."""
        found, shape = await self._get(ctx), self.deployment.slices.shape
        if found is None:
            return []
        hosts = ctx.now.hosts if ctx.now.hosts is not None else self.full
        sized = () if self.deployment.slices.flex_start else (("size", f"{hosts} hosts", f"{found.node_count} hosts"),)
        ends = found.labels.get(term.LABEL, "none")
        rows = [
            ("label " + term.LABEL, self.labels.get(term.LABEL, ends), ends),
            *sized,
            ("machine type", shape.machine_type, found.machine_type or shape.machine_type),
        ]
        if shape.multi_host:
            rows.append(("topology", shape.topology, found.topology or shape.topology))
        return [row for row in rows if row[1] != row[2]]

    async def create(self, ctx: StepContext) -> str:
        """Ask GKE for it."""
        wanted = self.deployment
        return (await ctx.cloud.gke.create_node_pool(wanted.region, wanted.cluster.name, self.body())).name

    async def wait(self, ctx: StepContext) -> str:
        """Until its operation ended and all its hosts run."""
        if ctx.now.operation:
            await operations.finish(ctx, ctx.now.operation, "create node pool", self.resource, self.command)
        last: list[NodePoolInfo | None] = [None]

        async def look() -> Look:
            found = last[0] = await self._get(ctx)
            return Look(found is None or found.status not in ("PROVISIONING", ""), found.status if found else "absent")

        await ctx.poll(look, limit=operations.LIMIT, tried="create node pool", target=self.resource)
        found = last[0]
        if found is None:
            return ""
        unlike = self._unlike(found)
        if unlike or found.status not in _STANDS:
            raise StepFailed(
                Problem(
                    tried="create node pool",
                    target=self.resource,
                    said=unlike or f"its status is {found.status}: {found.said or 'no reason given'}",
                    next_step="run down, then up again; or another zone or fewer slices where capacity is missing",
                    reason=found.status,
                    may_bill=True,
                    command=self.command,
                )
            )
        shape = self.deployment.slices.shape
        return f"{self.resource}: {shape.hosts} hosts, {shape.chips} chips, {found.status}"

    async def delete(self, ctx: StepContext, seen: Observation) -> None:
        """Ask GKE to delete it."""
        wanted = self.deployment
        await ctx.cloud.gke.delete_node_pool(wanted.region, wanted.cluster.name, self.name)

    async def listed(self, ctx: StepContext) -> bool:
        """By the cluster's pool list."""
        wanted = self.deployment
        pools = await ctx.cloud.gke.list_node_pools(wanted.region, wanted.cluster.name)
        return any(item.name == self.name for item in pools)

    async def _get(self, ctx: StepContext) -> NodePoolInfo | None:
        wanted = self.deployment
        return await ctx.cloud.gke.get_node_pool(wanted.region, wanted.cluster.name, self.name)

    @property
    def _path(self) -> str:
        return f"/clusters/{self.deployment.cluster.name}/nodePools/{self.name}"

    def _unlike(self, found: NodePoolInfo) -> str:
        """How a pool that is ours differs from what is wanted; a pool cannot be changed, only deleted and made anew."""
        shape = self.deployment.slices.shape
        if found.machine_type and found.machine_type != shape.machine_type:
            return f"it has machines {found.machine_type}, wanted are {shape.machine_type}: a pool cannot be changed"
        if shape.multi_host and found.topology and found.topology != shape.topology:
            return f"its topology is {found.topology}, wanted is {shape.topology}: a pool cannot be changed"
        return ""
