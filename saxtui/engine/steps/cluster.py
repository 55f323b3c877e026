"""The GKE Standard cluster with Workload Identity; its CPU nodes run the JobSet controller, admin and HTTP servers."""

from __future__ import annotations

from collections.abc import Mapping

from saxtui.engine.protocol.marking import Markable
from saxtui.engine.protocol.step import Json, Look, Observation, Presence, StepContext
from saxtui.engine.steps import operations
from saxtui.errors import Problem, StepFailed
from saxtui.model import term
from saxtui.model.deployment import Channel
from saxtui.model.plan import StepKind
from saxtui.ports import ClusterInfo

_STARTING = frozenset({"PROVISIONING", "RECONCILING", ""})
_CHANNEL = {Channel.NONE: "None"}
"""gcloud's word, where it is another."""
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class Cluster(Markable):
    """A regional cluster whose CPU nodes are in the one zone of the slices, so that `cpu_nodes` is their number.

    With `every_zone` no zone is named, and GKE makes as many in each zone it takes.
    """

    kind = StepKind.CLUSTER
    settle = 90.0
    bills = True

    @property
    def resource(self) -> str:
        """The cluster's name with its region."""
        return f"{self.deployment.cluster.name} in {self.deployment.region}"

    @property
    def target(self) -> tuple[str, str]:
        """GKE's create."""
        return "POST", f"v1/projects/{self.deployment.project}/locations/{self.deployment.region}/clusters"

    @property
    def command(self) -> str:
        """With gcloud."""
        wanted, spec = self.deployment, self.deployment.cluster
        flags = [
            f"--project={wanted.project}",
            f"--location={wanted.region}",
            *(() if spec.every_zone else (f"--node-locations={wanted.zone}",)),
            f"--num-nodes={spec.cpu_nodes}",
            f"--machine-type={spec.cpu_machine_type}",
            "--scopes=cloud-platform",
            f"--workload-pool={wanted.workload_pool}",
            f"--labels={_pairs(self.labels)}",
        ]
        flags += [f"--cluster-version={spec.version}"] if spec.version else []
        flags += (
            [f"--release-channel={_CHANNEL.get(spec.release_channel, spec.release_channel)}"]
            if spec.release_channel
            else []
        )
        flags += ["--enable-private-nodes", "--enable-ip-alias"] if spec.private_nodes else []
        flags += [f"--network={spec.network}"] if spec.network else []
        flags += [f"--subnetwork={spec.subnetwork}"] if spec.subnetwork else []
        return f"gcloud container clusters create {spec.name} " + " ".join(flags)

    @property
    def labels(self) -> dict[str, str]:
        """The deployment's, with the end of its time to live."""
        return {**self.deployment.labels, **term.labels(self.until)}

    async def marks(self, ctx: StepContext) -> Mapping[str, str] | None:
        """Its resource labels."""
        found = await ctx.cloud.gke.get_cluster(self.deployment.region, self.deployment.cluster.name)
        return None if found is None else found.labels

    async def mark(self, ctx: StepContext, labels: Mapping[str, str]) -> str:
        """Ask GKE for it."""
        return (await ctx.cloud.gke.label_cluster(self.deployment.region, self.deployment.cluster.name, labels)).name

    def body(self) -> Json:
        """GKE's CreateClusterRequest."""
        wanted, spec = self.deployment, self.deployment.cluster
        pool: Json = {
            "name": "default-pool",
            "initialNodeCount": spec.cpu_nodes,
            "config": {
                "machineType": spec.cpu_machine_type,
                "oauthScopes": [SCOPE],
                "resourceLabels": self.labels,
                "workloadMetadataConfig": {"mode": "GKE_METADATA"},
            },
            "management": {"autoUpgrade": True, "autoRepair": True},
        }
        cluster: Json = {
            "name": spec.name,
            **({} if spec.every_zone else {"locations": [wanted.zone]}),
            "nodePools": [pool],
            "resourceLabels": self.labels,
            "workloadIdentityConfig": {"workloadPool": wanted.workload_pool},
        }
        if spec.version:
            cluster["initialClusterVersion"] = spec.version
        if spec.release_channel:
            name = "UNSPECIFIED" if spec.release_channel is Channel.NONE else spec.release_channel.upper()
            cluster["releaseChannel"] = {"channel": name}
        if spec.private_nodes:
            cluster["networkConfig"] = {"defaultEnablePrivateNodes": True}
            cluster["ipAllocationPolicy"] = {"useIpAliases": True}
        if spec.network:
            cluster["network"] = spec.network
        if spec.subnetwork:
            cluster["subnetwork"] = spec.subnetwork
        return {"cluster": cluster}

    async def observe(self, ctx: StepContext) -> Observation:
        """Ours by label; somebody else's is kept when the deployment says adopt, else foreign."""
        wanted = self.deployment
        found = await ctx.cloud.gke.get_cluster(wanted.region, wanted.cluster.name)
        if found is None:
            operation = await operations.running(ctx, self._path, "CREATE_CLUSTER") if ctx.may_exist else ""
            return Observation(Presence.ABSENT, ready=False, operation=operation)
        said = f"{self.resource}: {found.status}" + (f", version {found.version}" if found.version else "")
        ready = found.status == "RUNNING" and bool(found.endpoint)
        if not wanted.owns(found.labels):
            if not wanted.cluster.adopt:
                return Observation(Presence.FOREIGN, f"cluster {self.resource} exists and is not ours ({found.status})")
            return self._adopted(found, said, ready)
        if found.status == "STOPPING":
            return Observation(Presence.LEAVING, said, ready=False, uid=found.uid, link=found.link)
        operation = ""
        if found.status == "PROVISIONING" and not ctx.now.operation:
            operation = await operations.running(ctx, self._path, "CREATE_CLUSTER")
        return Observation(Presence.OURS, said, found.uid, found.link, ready, operation=operation)

    async def drifts(self, ctx: StepContext) -> list[tuple[str, str, str]]:
        """Release channel, private nodes, network and the operator's labels, where the file says them."""
        wanted, spec = self.deployment, self.deployment.cluster
        found = await ctx.cloud.gke.get_cluster(wanted.region, spec.name)
        if found is None:
            return []
        told = {**wanted.extra_labels, **term.labels(self.until)}
        rows = [(f"label {key}", value, found.labels.get(key, "missing")) for key, value in told.items()]
        if spec.release_channel:
            rows.append(("release channel", spec.release_channel.value, found.channel))
        if found.private_nodes is not None:
            rows.append(("nodes", _addresses(spec.private_nodes), _addresses(found.private_nodes)))
        rows += [
            (name, ours, theirs)
            for name, ours, theirs in (
                ("network", spec.network.rpartition("/")[2], found.network.rpartition("/")[2]),
                ("subnetwork", spec.subnetwork.rpartition("/")[2], found.subnetwork.rpartition("/")[2]),
            )
            if ours and theirs
        ]
        return [row for row in rows if row[1] != row[2]]

    async def create(self, ctx: StepContext) -> str:
        """Ask GKE for it."""
        return (await ctx.cloud.gke.create_cluster(self.deployment.region, self.body())).name

    async def wait(self, ctx: StepContext) -> str:
        """Until its operation ended and it is RUNNING with an address."""
        if ctx.now.operation:
            await operations.finish(ctx, ctx.now.operation, "create cluster", self.resource, self.command)
        wanted = self.deployment
        last: list[ClusterInfo | None] = [None]

        async def look() -> Look:
            found = last[0] = await ctx.cloud.gke.get_cluster(wanted.region, wanted.cluster.name)
            if found is None:
                return Look(True, "absent")
            over = found.status not in _STARTING or (found.status != "PROVISIONING" and bool(found.endpoint))
            return Look(over, f"{found.status} {found.said}".strip())

        await ctx.poll(look, limit=operations.LIMIT, tried="create cluster", target=self.resource)
        found = last[0]
        if found is None:
            return ""
        if not found.endpoint or found.status in ("ERROR", "STOPPING"):
            raise StepFailed(
                Problem(
                    tried="create cluster",
                    target=self.resource,
                    said=f"its status is {found.status}: {found.said or 'no reason given'}",
                    next_step="run down to take it away, then up again",
                    reason=found.status,
                    may_bill=True,
                    command=self.command,
                )
            )
        return f"{self.resource}: {found.status}, version {found.version}, {found.node_count} nodes"

    async def delete(self, ctx: StepContext, seen: Observation) -> None:
        """Ask GKE to delete it, with its node pools."""
        await ctx.cloud.gke.delete_cluster(self.deployment.region, self.deployment.cluster.name)

    async def listed(self, ctx: StepContext) -> bool:
        """By the region's cluster list."""
        name = self.deployment.cluster.name
        return any(item.name == name for item in await ctx.cloud.gke.list_clusters(self.deployment.region))

    @property
    def _path(self) -> str:
        return f"/clusters/{self.deployment.cluster.name}"

    def _adopted(self, found: ClusterInfo, said: str, ready: bool) -> Observation:
        if found.workload_pool != self.deployment.workload_pool:
            said = f"cluster {self.resource} has no Workload Identity pool {self.deployment.workload_pool}"
            return Observation(Presence.FOREIGN, said)
        return Observation(Presence.KEPT, f"{said}; adopted, never deleted", found.uid, found.link, ready)


def _addresses(private: bool) -> str:
    return "without external addresses" if private else "with external addresses"


def _pairs(labels: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items())
