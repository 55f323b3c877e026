"""The bucket: the cell's state and location, and room for checkpoints."""

from __future__ import annotations

from saxtui.engine.protocol.step import ABSENT, Json, Kept, Observation, Presence, Step, StepContext
from saxtui.errors import Denied, Problem
from saxtui.model.plan import StepKind
from saxtui.model.text import safe

OURS = ("sax-root/", "sax-fs-root/", "saxtui/")
"""What Sax and saxtui write; only this is deleted with the bucket."""
_PAGE = 1000
_API_OFF = ("SERVICE_DISABLED", "accessNotConfigured")


class Bucket(Step):
    """One bucket, in the deployment's region, private, with uniform access."""

    kind = StepKind.BUCKET
    settle = 20.0

    @property
    def resource(self) -> str:
        """gs://NAME."""
        return f"gs://{self.deployment.bucket}"

    @property
    def target(self) -> tuple[str, str]:
        """Cloud Storage's insert."""
        return "POST", f"storage/v1/b?project={self.deployment.project}"

    @property
    def command(self) -> str:
        """With gcloud."""
        wanted = self.deployment
        return (
            f"gcloud storage buckets create {self.resource} --project={wanted.project} --location={wanted.region} "
            "--uniform-bucket-level-access --public-access-prevention"
        )

    def body(self) -> Json:
        """A Cloud Storage Bucket."""
        return {
            "name": self.deployment.bucket,
            "location": self.deployment.region.upper(),
            "labels": self.deployment.labels,
            "iamConfiguration": {
                "uniformBucketLevelAccess": {"enabled": True},
                "publicAccessPrevention": "enforced",
            },
        }

    async def observe(self, ctx: StepContext) -> Observation:
        """Ours by label."""
        try:
            found = await ctx.cloud.buckets.get(self.deployment.bucket)
        except Denied as error:
            if error.problem.reason in _API_OFF:
                raise
            said = f"bucket {self.resource} belongs to somebody else: {error.problem.said}"
            return Observation(Presence.FOREIGN, said)
        if found is None:
            return ABSENT
        if not self.deployment.owns(found.labels):
            if self.deployment.adopt_bucket:
                return Observation(
                    Presence.KEPT, f"{self.resource}: there before, never deleted", found.uid, found.link
                )
            return Observation(Presence.FOREIGN, f"bucket {self.resource} exists and is not ours (no label of ours)")
        said = f"{self.resource} in {found.location.lower()}"
        if found.location and found.location.lower() != self.deployment.region:
            said += f", not in {self.deployment.region}"
        return Observation(Presence.OURS, said, uid=found.uid, link=found.link)

    async def create(self, ctx: StepContext) -> str:
        """Insert it."""
        await ctx.cloud.buckets.create(self.body())
        return ""

    async def delete(self, ctx: StepContext, seen: Observation) -> None:
        """Delete our objects, then the bucket. Raises Kept when it holds others' objects: then it stays."""
        name = self.deployment.bucket
        for prefix in OURS:
            await self._empty(ctx, prefix)
        items = await ctx.cloud.buckets.objects(name, limit=_PAGE)
        left = [safe(item.name, 120) for item in items if not item.name.startswith(OURS)]
        if left:
            count = f"{len(left)}{'+' if len(left) >= _PAGE else ''}"
            raise Kept(
                Problem(
                    tried="delete",
                    target=self.resource,
                    said=f"kept: it holds {count} objects that are not ours, such as {', '.join(left[:3])}",
                    next_step="save what you need, then delete it yourself with the command below",
                    reason="NOT_EMPTY",
                    may_bill=True,
                    command=f"gcloud storage rm --recursive {self.resource}",
                )
            )
        found = await ctx.cloud.buckets.get(name)
        if found is not None and (self.deployment.owns(found.labels) or ctx.takes):
            await ctx.cloud.buckets.delete(name, found.metageneration)

    async def listed(self, ctx: StepContext) -> bool:
        """By the project's bucket list."""
        return any(item.name == self.deployment.bucket for item in await ctx.cloud.buckets.list())

    async def _empty(self, ctx: StepContext, prefix: str) -> None:
        deleted = 0
        while items := await ctx.cloud.buckets.objects(self.deployment.bucket, prefix=prefix, limit=_PAGE):
            for item in items:
                ctx.control.check()
                await ctx.cloud.buckets.delete_object(self.deployment.bucket, item)
                deleted += 1
                ctx.report(f"deleting objects under {prefix}: {deleted}")
