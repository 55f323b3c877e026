"""Kubernetes objects by server-side apply: what most steps inside the cluster have in common."""

from __future__ import annotations

from collections.abc import Iterable

from saxtui.engine.protocol.step import ABSENT, Json, Observation, Presence, Step, StepContext
from saxtui.engine.runs.manifests import comparable, differences
from saxtui.errors import Conflict, NotFound, Problem, StepFailed
from saxtui.model.deployment import Deployment
from saxtui.ports import Kubernetes, Ref


class ObjectsStep(Step):
    """A step whose resource is one or more Kubernetes objects; the first is the one it is known by."""

    within = True
    settle = 8.0

    def objects(self) -> tuple[Json, ...]:
        """The wanted objects, in the order they are applied."""
        raise NotImplementedError

    @property
    def resource(self) -> str:
        """kind/name of the object it is known by, with its namespace."""
        return f"{ref_of(self.objects()[0])} in {self.deployment.namespace}"

    @property
    def target(self) -> tuple[str, str]:
        """A server-side apply."""
        return "PATCH", ", ".join(str(ref_of(item)) for item in self.objects())

    def body(self) -> Json:
        """The objects as a List."""
        return {"apiVersion": "v1", "kind": "List", "items": list(self.objects())}

    async def observe(self, ctx: StepContext) -> Observation:
        """Ours by label; compared with what is wanted, field by field."""
        try:
            kubernetes = await ctx.connect()
        except NotFound:
            return ABSENT
        wanted = self.objects()
        found = [await kubernetes.get(ref_of(item)) for item in wanted]
        present = [item for item in found if item is not None]
        if not present:
            return ABSENT
        for item in present:
            if not is_ours(item, self.deployment):
                return Observation(Presence.FOREIGN, f"{ref_of(item)} exists in {_space(item)} and is not ours")
            if item["metadata"].get("deletionTimestamp"):
                return Observation(Presence.LEAVING, f"{ref_of(item)} is being deleted", ready=False)
        differs = [_difference(want, have) for want, have in zip(wanted, found, strict=True)]
        uid = str((found[0] or present[0])["metadata"].get("uid", ""))
        said = next((text for text in differs if text), "")
        if said:
            return Observation(Presence.OURS, said, uid, ready=False, differs=said)
        ready, said = await self.standing(ctx, kubernetes, present)
        return Observation(Presence.OURS, said or self.resource, uid, ready=ready)

    async def standing(self, ctx: StepContext, kubernetes: Kubernetes, found: list[Json]) -> tuple[bool, str]:
        """Whether the goal holds for objects that are as wanted, and one line. By default it does."""
        return True, ""

    async def drifts(self, ctx: StepContext) -> list[tuple[str, str, str]]:
        """The first field of each object that is not as we applied it."""
        kubernetes = await ctx.connect()
        rows = []
        for wanted in self.objects():
            found = await kubernetes.get(ref_of(wanted))
            said = differences(comparable(wanted), found) if found is not None else ""
            path, _, values = said.partition(": ")
            theirs, _, ours = values.partition(" instead of ")
            rows += [(f"{ref_of(wanted)} {path}", ours or "as applied", theirs)] if said else []
            rows += [(str(ref_of(wanted)), "there", "absent")] if found is None else []
        return rows

    async def create(self, ctx: StepContext) -> str:
        """Apply each; another field manager's fields are never taken over."""
        kubernetes = await ctx.connect()
        for item in self.objects():
            try:
                await kubernetes.apply(item)
            except Conflict as error:
                raise StepFailed(
                    Problem(
                        tried="apply",
                        target=str(ref_of(item)),
                        said=error.problem.said,
                        next_step="somebody else's tool holds these fields: give them up there, then run up again",
                        code=error.problem.code,
                        reason=error.problem.reason,
                        command=self.command,
                        details=error.problem.details,
                    )
                ) from error
        return ""

    async def delete(self, ctx: StepContext, seen: Observation) -> None:
        """Delete each that is ours, the last applied first, with its uid as precondition."""
        kubernetes = await ctx.connect()
        for item in reversed(self.objects()):
            ref = ref_of(item)
            found = await kubernetes.get(ref)
            if found is not None and (is_ours(found, self.deployment) or ctx.takes):
                await kubernetes.delete(ref, uid=str(found["metadata"].get("uid", "")))

    async def left(self, ctx: StepContext) -> str:
        """The first that still stands."""
        kubernetes = await ctx.connect()
        return await standing_of(kubernetes, map(ref_of, self.objects()), self.deployment)

    async def listed(self, ctx: StepContext) -> bool:
        """By the lists of its kinds in its namespace."""
        try:
            kubernetes = await ctx.connect()
        except NotFound:
            return False
        return await any_listed(kubernetes, map(ref_of, self.objects()))


def ref_of(item: Json) -> Ref:
    """What names the object."""
    metadata = item["metadata"]
    return Ref(item["apiVersion"], item["kind"], metadata["name"], metadata.get("namespace", ""))


def is_ours(item: Json, deployment: Deployment) -> bool:
    """Whether the object carries the deployment's label."""
    return deployment.owns(item["metadata"].get("labels"))


async def standing_of(kubernetes: Kubernetes, refs: Iterable[Ref], deployment: Deployment) -> str:
    """The first of these that a GET finds and that is ours, in words; "" for none."""
    for ref in refs:
        found = await kubernetes.get(ref)
        if found is not None and is_ours(found, deployment):
            return f"{ref} still there"
    return ""


async def any_listed(kubernetes: Kubernetes, refs: Iterable[Ref]) -> bool:
    """Whether a LIST of its kind in its namespace shows one of these, whoever's it is."""
    for ref in refs:
        everything = await kubernetes.list(ref.api_version, ref.kind, ref.namespace)
        if any(item["metadata"].get("name") == ref.name for item in everything):
            return True
    return False


def available(deployment: Json) -> bool:
    """Whether a Deployment's newest generation has at least one available replica."""
    status = deployment.get("status") or {}
    current = int(status.get("observedGeneration", 0)) >= int(deployment["metadata"].get("generation", 0))
    return current and int(status.get("availableReplicas", 0)) >= 1


def _difference(wanted: Json, found: Json | None) -> str:
    if found is None:
        return f"{ref_of(wanted)} is missing"
    said = differences(comparable(wanted), found)
    return f"{ref_of(wanted)} differs at {said}" if said else ""


def _space(item: Json) -> str:
    return str(item["metadata"].get("namespace") or "the cluster")
