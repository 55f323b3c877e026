"""The model servers: one Job a slice, one pod a host, each slice's primary joined to the admin server."""

from __future__ import annotations

import re

from saxtui.engine.protocol.step import Json, Look, StepContext
from saxtui.engine.runs import manifests
from saxtui.engine.steps.objects import ObjectsStep, ref_of
from saxtui.engine.steps.workload import hopeless, trouble
from saxtui.errors import CallError, Invalid, NotFound, Problem, StepFailed
from saxtui.model.plan import StepKind
from saxtui.model.progress import StepState
from saxtui.ports import Kubernetes, LogRequest

LIMIT = 2400.0
_LOG_TAIL = 4000
SELECTOR = f"jobset.sigs.k8s.io/jobset-name={manifests.MODEL_SET}"
_JOB_INDEX = "jobset.sigs.k8s.io/job-index"
_HOST_INDEX = "batch.kubernetes.io/job-completion-index"
# The primary's own words for having joined (saxml/admin at v1.1.0), and words it only says once it has.
_JOINED = re.compile(r"\] Joined \S+|Loading model for key:|Successfully loaded model for key:")


class ModelServers(ObjectsStep):
    """One JobSet. Its replicated jobs cannot be changed in place."""

    kind = StepKind.MODEL_SERVERS

    @property
    def resource(self) -> str:
        """The JobSet with its namespace."""
        return f"jobset/{manifests.MODEL_SET} in {self.deployment.namespace}"

    @property
    def command(self) -> str:
        """With kubectl."""
        return f"kubectl -n {self.deployment.namespace} apply --server-side -f sax-model-server-set.yaml"

    def objects(self) -> tuple[Json, ...]:
        """The JobSet."""
        return (manifests.model_servers(self.deployment, self.manifest),)

    async def create(self, ctx: StepContext) -> str:
        """Apply it; a change of an existing one is refused by the webhook, with a way out."""
        try:
            return await super().create(ctx)
        except Invalid as error:
            raise StepFailed(
                Problem(
                    tried="apply",
                    target=f"jobset/{manifests.MODEL_SET}",
                    said=error.problem.said,
                    next_step=(
                        "a JobSet cannot be changed in place: "
                        f"kubectl -n {self.deployment.namespace} delete jobset {manifests.MODEL_SET}, then run up again"
                    ),
                    reason=error.problem.reason,
                    may_bill=True,
                    command=self.command,
                )
            ) from error

    async def standing(self, ctx: StepContext, kubernetes: Kubernetes, found: list[Json]) -> tuple[bool, str]:
        """Every host runs and every primary joined (or had, when an earlier run saw it for this very JobSet)."""
        try:
            look = await self._look(kubernetes, found[0])
        except StepFailed as error:
            # To look is no failure: a set that has failed for good must still be seen, to be taken away.
            return False, error.problem.said
        before = ctx.before
        proved = before.state is StepState.DONE and before.uid == found[0]["metadata"].get("uid")
        if look.done or not proved:
            return look.done, look.said
        running = len(_running(await self._pods(kubernetes)))
        return running == self._hosts, look.said

    async def wait(self, ctx: StepContext) -> str:
        """Until every host of every slice runs and every primary joined."""
        kubernetes = await ctx.connect()
        ref = ref_of(self.objects()[0])

        async def look() -> Look:
            found = await kubernetes.get(ref)
            if found is None:
                raise NotFound(Problem(tried="wait for", target=str(ref), said="it was deleted meanwhile"))
            return await self._look(kubernetes, found)

        return (await ctx.poll(look, limit=LIMIT, tried="wait for", target=str(ref))).said

    async def left(self, ctx: StepContext) -> str:
        """The JobSet, then its pods."""
        said = await super().left(ctx)
        if said:
            return said
        pods = await self._pods(await ctx.connect())
        return f"{len(pods)} pods still there" if pods else ""

    @property
    def _hosts(self) -> int:
        return self.deployment.slices.shape.hosts * self.deployment.slices.count

    async def _pods(self, kubernetes: Kubernetes) -> list[Json]:
        return await kubernetes.list("v1", "Pod", self.deployment.namespace, labels=SELECTOR)

    async def _look(self, kubernetes: Kubernetes, jobset: Json) -> Look:
        status = jobset.get("status") or {}
        if any(
            item.get("type") == "Failed" and item.get("status") == "True" for item in status.get("conditions") or []
        ):
            raise self._failed("the JobSet has failed and starts nothing any more", await self._pods(kubernetes))
        pods = await self._pods(kubernetes)
        running = _running(pods)
        if len(running) < self._hosts:
            if hopeless(pods):
                raise self._failed("a host cannot start", pods)
            said = trouble([pod for pod in pods if pod not in running])
            restarts = int(status.get("restarts") or 0)
            parts = [f"{len(running)} of {self._hosts} hosts run", f"restart {restarts}" if restarts else "", said]
            return Look(False, "; ".join(part for part in parts if part), 0.8 * len(running) / self._hosts)
        joined = await joined_slices(kubernetes, running)
        slices = self.deployment.slices.count
        said = f"{len(running)} hosts run, {len(joined)} of {slices} primaries joined"
        return Look(len(joined) >= slices, said, 0.8 + 0.2 * len(joined) / slices)

    def _failed(self, said: str, pods: list[Json]) -> StepFailed:
        space = self.deployment.namespace
        return StepFailed(
            Problem(
                tried="wait for",
                target=f"jobset/{manifests.MODEL_SET}",
                said=f"{said}: {trouble(pods)}".rstrip(": "),
                next_step=f"read the logs; kubectl -n {space} delete jobset {manifests.MODEL_SET}; then run up again",
                reason="FAILED",
                may_bill=True,
                command=f"kubectl -n {space} describe jobset {manifests.MODEL_SET}",
            )
        )


def slice_of(pod: Json) -> int:
    """The slice (job index) a model-server pod belongs to, or -1."""
    return _number(pod, _JOB_INDEX)


def host_of(pod: Json) -> int:
    """The host (completion index) a model-server pod is, or -1."""
    return _number(pod, _HOST_INDEX)


def _number(pod: Json, key: str) -> int:
    # Kubernetes before 1.28 writes the completion index as an annotation only.
    metadata = pod["metadata"]
    text = (metadata.get("labels") or {}).get(key) or (metadata.get("annotations") or {}).get(key) or ""
    return int(text) if str(text).isdigit() else -1


def _running(pods: list[Json]) -> list[Json]:
    return [
        pod
        for pod in pods
        if (pod.get("status") or {}).get("phase") == "Running" and not pod["metadata"].get("deletionTimestamp")
    ]


async def joined_slices(kubernetes: Kubernetes, running: list[Json]) -> set[int]:
    """The slices whose primary's log says that it joined the admin server."""
    joined = set()
    for pod in running:
        if host_of(pod) != 0:
            continue
        metadata = pod["metadata"]
        try:
            lines = await kubernetes.read_log(LogRequest(metadata["namespace"], metadata["name"], tail=_LOG_TAIL))
        except CallError:
            continue
        if any(_JOINED.search(line.text) for line in lines):
            joined.add(slice_of(pod))
    return joined
