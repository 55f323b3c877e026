"""IAM bindings: our members added to roles of policies that are not ours, by read, change, write back with the etag."""

from __future__ import annotations

import copy

from saxtui.engine.protocol.step import ABSENT, Json, Observation, Presence, Step, StepContext, backoff
from saxtui.errors import Conflict, Denied, Invalid, NotFound
from saxtui.model.plan import StepKind
from saxtui.model.progress import Ownership
from saxtui.ports import PolicyTarget

_ATTEMPTS = 10
_SPREAD = 420.0
"""Seconds in which a service account just made may not be known to every policy yet."""
_NEVER_OURS = frozenset({Ownership.NONE, Ownership.FOREIGN, Ownership.GONE})
_NOT_SPREAD = ("does not exist", "identity pool", "not found")


class Binding(Step):
    """One member in one or more roles of one policy. Only what this step added is ever removed."""

    kind = StepKind.BINDING
    settle = 8.0

    @property
    def where(self) -> PolicyTarget:
        """The policy."""
        raise NotImplementedError

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles."""
        raise NotImplementedError

    @property
    def member(self) -> str:
        """The member."""
        raise NotImplementedError

    @property
    def resource(self) -> str:
        """Roles, policy and member in one line."""
        return f"{' + '.join(self.roles)} on {self.where.kind} {self.where.name}"

    @property
    def target(self) -> tuple[str, str]:
        """The policy's setIamPolicy."""
        return "POST", f"{self.where.kind}/{self.where.name}:setIamPolicy"

    def body(self) -> Json:
        """What is added to the policy."""
        return {"bindings": [{"role": role, "members": [self.member]} for role in self.roles]}

    async def observe(self, ctx: StepContext) -> Observation:
        """Present: ours when the journal says we added it (or began to), else somebody else's, which is kept."""
        try:
            policy = await ctx.cloud.identity.get_policy(self.where)
        except NotFound:
            return ABSENT
        except Denied:
            if ctx.now.ownership in _NEVER_OURS and await self._is_elsewhere(ctx):
                return ABSENT
            raise
        missing = [role for role in self.roles if not _has(policy, role, self.member)]
        if len(missing) == len(self.roles):
            return ABSENT
        if missing:
            return Observation(Presence.OURS, differs=f"{', '.join(missing)} missing")
        if not await self._is_ours(ctx):
            return Observation(Presence.KEPT, f"{self.resource}: was there before us, so it stays")
        return Observation(Presence.OURS, self.resource)

    async def drifts(self, ctx: StepContext) -> list[tuple[str, str, str]]:
        """Roles of ours that are not bound any more."""
        policy = await ctx.cloud.identity.get_policy(self.where)
        return [(role, "bound", "not bound") for role in self.roles if not _has(policy, role, self.member)]

    async def create(self, ctx: StepContext) -> str:
        """Add our member; another writer's change in between is read again and kept."""
        started = ctx.clock.now()
        attempt = 0
        while True:
            attempt += 1
            policy = await ctx.cloud.identity.get_policy(self.where)
            try:
                await ctx.cloud.identity.set_policy(self.where, added(policy, self.roles, self.member))
                return ""
            except Conflict as error:
                if attempt >= _ATTEMPTS:
                    raise
                ctx.report(f"the policy changed meanwhile: {error.problem.said}")
            except Invalid as error:
                unknown = any(text in error.problem.said.lower() for text in _NOT_SPREAD)
                if not unknown or ctx.clock.now() - started > _SPREAD:
                    raise
                ctx.report(f"waiting for IAM to spread: {error.problem.said}")
            await ctx.sleep(backoff(attempt))

    async def delete(self, ctx: StepContext, seen: Observation) -> None:
        """Remove exactly our member from exactly our roles."""
        for attempt in range(1, _ATTEMPTS + 1):
            policy = await ctx.cloud.identity.get_policy(self.where)
            try:
                await ctx.cloud.identity.set_policy(self.where, removed(policy, self.roles, self.member))
                return
            except Conflict:
                if attempt == _ATTEMPTS:
                    raise
                await ctx.sleep(backoff(attempt))

    async def listed(self, ctx: StepContext) -> bool:
        """A policy is its own list: read it again."""
        return (await self.observe(ctx)).presence is not Presence.ABSENT

    async def left(self, ctx: StepContext) -> str:
        """Whether any of our roles still has the member."""
        try:
            policy = await ctx.cloud.identity.get_policy(self.where)
        except NotFound:
            return ""
        return "still bound" if any(_has(policy, role, self.member) for role in self.roles) else ""

    async def _is_elsewhere(self, ctx: StepContext) -> bool:
        """Whether the policy is of something that is not ours at all: nothing of ours is in it."""
        return False

    async def _is_ours(self, ctx: StepContext) -> bool:
        known = ctx.now.ownership
        if known is Ownership.FOREIGN:
            return False
        if known not in (Ownership.NONE, Ownership.GONE):
            return True
        # No word in the journal. A binding for an account that is ours from an earlier, lost journal is ours too; one
        # that is there although this journal made the account a moment ago was written by somebody else.
        account = ctx.run.step("service-account")
        if account.created:
            return False
        found = await ctx.cloud.identity.get_account(self.deployment.service_account_email)
        return found is not None and found.description == self.deployment.mark


class StorageBinding(Binding):
    """The pods' account may read and write the one bucket, or (as the tutorial does) all storage of the project."""

    @property
    def _project_wide(self) -> bool:
        # By the step's id, not the file: an earlier run may have bound what the file no longer says.
        return self.id == "binding/project"

    @property
    def where(self) -> PolicyTarget:
        """The bucket's policy, or the project's."""
        wanted = self.deployment
        if self._project_wide:
            return PolicyTarget("project", wanted.project)
        return PolicyTarget("bucket", wanted.bucket)

    @property
    def roles(self) -> tuple[str, ...]:
        """Objects and the bucket's metadata; on the project the tutorial's storage.admin."""
        if self._project_wide:
            return ("roles/storage.admin",)
        return ("roles/storage.objectAdmin", "roles/storage.legacyBucketReader")

    @property
    def member(self) -> str:
        """The Google service account."""
        return f"serviceAccount:{self.deployment.service_account_email}"

    async def _is_elsewhere(self, ctx: StepContext) -> bool:
        """Whether the bucket of that name is somebody else's, who does not let us read its policy."""
        if self._project_wide:
            return False
        try:
            found = await ctx.cloud.buckets.get(self.deployment.bucket)
        except Denied:
            return True
        return found is not None and not self.deployment.owns(found.labels)

    @property
    def command(self) -> str:
        """With gcloud, a line a role."""
        wanted = self.deployment
        head = (
            f"gcloud projects add-iam-policy-binding {wanted.project}"
            if self._project_wide
            else f"gcloud storage buckets add-iam-policy-binding gs://{wanted.bucket}"
        )
        return " && ".join(f"{head} --member={self.member} --role={role}" for role in self.roles)


class WorkloadBinding(Binding):
    """The Kubernetes account may act as the Google service account."""

    @property
    def where(self) -> PolicyTarget:
        """The service account's own policy."""
        return PolicyTarget("service-account", self.deployment.service_account_email)

    @property
    def roles(self) -> tuple[str, ...]:
        """Workload Identity User."""
        return ("roles/iam.workloadIdentityUser",)

    @property
    def member(self) -> str:
        """The Kubernetes account in the project's workload pool."""
        wanted = self.deployment
        return f"serviceAccount:{wanted.workload_pool}[{wanted.namespace}/{wanted.identity.kubernetes_account}]"

    @property
    def command(self) -> str:
        """With gcloud."""
        return (
            f"gcloud iam service-accounts add-iam-policy-binding {self.deployment.service_account_email} "
            f"--project={self.deployment.project} --role={self.roles[0]} --member='{self.member}'"
        )


def added(policy: Json, roles: tuple[str, ...], member: str) -> Json:
    """A copy of the policy with the member in each role; everything else, etag and conditions too, as it was."""
    changed = copy.deepcopy(policy)
    bindings = changed.setdefault("bindings", [])
    for role in roles:
        if _has(changed, role, member):
            continue
        plain = next((item for item in bindings if item.get("role") == role and not item.get("condition")), None)
        if plain is None:
            bindings.append({"role": role, "members": [member]})
        else:
            plain.setdefault("members", []).append(member)
    return changed


def removed(policy: Json, roles: tuple[str, ...], member: str) -> Json:
    """A copy of the policy without the member in the unconditional bindings of the roles; empty bindings go."""
    changed = copy.deepcopy(policy)
    kept = []
    for item in changed.get("bindings", []):
        if item.get("role") in roles and not item.get("condition") and member in item.get("members", ()):
            item["members"] = [other for other in item["members"] if other != member]
            if not item["members"]:
                continue
        kept.append(item)
    changed["bindings"] = kept
    return changed


def _has(policy: Json, role: str, member: str) -> bool:
    return any(
        item.get("role") == role and not item.get("condition") and member in item.get("members", ())
        for item in policy.get("bindings", [])
    )
