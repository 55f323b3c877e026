"""The Google service account the pods act as."""

from __future__ import annotations

from saxtui.engine.protocol.step import ABSENT, Json, Observation, Presence, Step, StepContext
from saxtui.model.plan import StepKind


class ServiceAccount(Step):
    """One service account; IAM has no labels for it, so its description says whose it is."""

    kind = StepKind.SERVICE_ACCOUNT
    settle = 20.0

    @property
    def resource(self) -> str:
        """Its e-mail address."""
        return self.deployment.service_account_email

    @property
    def target(self) -> tuple[str, str]:
        """IAM's create."""
        return "POST", f"v1/projects/{self.deployment.project}/serviceAccounts"

    @property
    def command(self) -> str:
        """With gcloud."""
        wanted = self.deployment
        return (
            f"gcloud iam service-accounts create {wanted.identity.service_account} --project={wanted.project} "
            f"--description={self.deployment.mark}"
        )

    def body(self) -> Json:
        """IAM's CreateServiceAccountRequest."""
        account = {"displayName": f"Saxml {self.deployment.name}", "description": self.deployment.mark}
        return {"accountId": self.deployment.identity.service_account, "serviceAccount": account}

    async def observe(self, ctx: StepContext) -> Observation:
        """Ours by description."""
        found = await ctx.cloud.identity.get_account(self.resource)
        if found is None:
            return ABSENT
        if found.description != self.deployment.mark:
            return Observation(Presence.FOREIGN, f"service account {self.resource} exists and is not ours")
        return Observation(Presence.OURS, self.resource, uid=found.uid)

    async def create(self, ctx: StepContext) -> str:
        """Ask IAM for it."""
        account = self.body()["serviceAccount"]
        await ctx.cloud.identity.create_account(
            self.deployment.identity.service_account, account["displayName"], account["description"]
        )
        return ""

    async def delete(self, ctx: StepContext, seen: Observation) -> None:
        """Ask IAM to delete it; the policy that hangs on it goes along."""
        await ctx.cloud.identity.delete_account(self.resource)

    async def listed(self, ctx: StepContext) -> bool:
        """By the project's list."""
        return any(item.email == self.resource for item in await ctx.cloud.identity.list_accounts())
