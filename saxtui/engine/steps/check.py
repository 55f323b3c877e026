"""Every cheap check before anything is made: who we are, project, APIs, permissions, zone, version, quota."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from saxtui.engine.protocol.step import Step, StepContext, patiently
from saxtui.engine.steps.quota import quota, reservation
from saxtui.errors import CallError, Denied, Problem, Refused, SaxtuiError
from saxtui.model.deployment import Deployment, RoleScope
from saxtui.model.plan import StepKind
from saxtui.ports import Cloud

SERVICES = (
    "container.googleapis.com",
    "compute.googleapis.com",
    "storage.googleapis.com",
    "iam.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "serviceusage.googleapis.com",
)
PERMISSIONS = (
    "container.clusters.create",
    "container.clusters.delete",
    "container.clusters.get",
    "container.clusters.list",
    "container.clusters.update",
    "container.operations.get",
    "container.operations.list",
    "iam.serviceAccounts.create",
    "iam.serviceAccounts.delete",
    "iam.serviceAccounts.get",
    "iam.serviceAccounts.list",
    "iam.serviceAccounts.getIamPolicy",
    "iam.serviceAccounts.setIamPolicy",
    "storage.buckets.create",
    "storage.buckets.delete",
    "storage.buckets.get",
    "storage.buckets.list",
    "storage.buckets.getIamPolicy",
    "storage.buckets.setIamPolicy",
    "storage.objects.create",
    "storage.objects.delete",
    "storage.objects.get",
    "storage.objects.list",
    # The sweep after a teardown looks for what the cluster left behind.
    "compute.addresses.list",
    "compute.disks.list",
    "compute.firewalls.list",
    "compute.forwardingRules.list",
    "compute.networkEndpointGroups.list",
    "compute.resourcePolicies.list",
)
PROJECT_ROLE = ("resourcemanager.projects.getIamPolicy", "resourcemanager.projects.setIamPolicy")


@dataclass(slots=True)
class Findings:
    """What the checks found: problems, worst first, and lines worth knowing."""

    problems: list[Problem] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


class Check(Step):
    """Looks; makes nothing."""

    kind = StepKind.CHECK
    owns = False

    @property
    def resource(self) -> str:
        """What is looked at."""
        return f"project {self.deployment.project}, zone {self.deployment.zone}"

    async def wait(self, ctx: StepContext) -> str:
        """All checks once. Raises Refused with the worst problem, the others in its details."""
        found = await patiently(ctx, lambda: inspect(self.deployment, ctx.cloud), attempts=3, hold=False)
        for line in found.lines:
            ctx.report(line)
        if found.problems:
            worst, *others = found.problems
            details = (*worst.details, *(problem.one_line() for problem in others))
            raise Refused(_with_details(worst, details))
        return "; ".join(found.lines)


async def inspect(deployment: Deployment, cloud: Cloud) -> Findings:
    """Run every check. Raises CallError only when nothing can be asked at all (no credentials, no network)."""
    found = Findings()
    if not await project(deployment, cloud, found) or not await _services(deployment, cloud, found):
        return found
    for look in (billing, _permissions, _zone, _version, quota, reservation):
        try:
            await look(deployment, cloud, found)
        except SaxtuiError as error:
            found.problems.append(error.problem)
    return found


async def project(deployment: Deployment, cloud: Cloud, found: Findings) -> bool:
    """Whether the project is there and active. Raises CallError."""
    account = await cloud.projects.account()
    try:
        seen = await cloud.projects.get(deployment.project)
    except Denied as error:
        if error.problem.reason in ("SERVICE_DISABLED", "accessNotConfigured"):
            raise
        seen = None  # Resource Manager answers alike for a project that is not there and for one that is not ours.
    if seen is not None and seen.state == "ACTIVE":
        found.lines.append(f"{account} on {seen.id} ({seen.number})")
        return True
    found.problems.append(no_project(deployment.project, account, seen.state if seen else ""))
    return False


def no_project(project: str, account: str, state: str) -> Problem:
    """That a project cannot be used: it is not there for this account, or it is in `state` (DELETE_REQUESTED)."""
    return Problem(
        tried="find",
        target=f"project {project}",
        said=f"is {state}" if state else f"does not exist, or {account} may not see it",
        next_step="check the project id; the ones you may see: gcloud projects list",
        reason="PROJECT",
        command=f"gcloud projects describe {project}",
    )


async def billing(deployment: Deployment, cloud: Cloud, found: Findings) -> None:
    """Whether the project has a billing account; unknown where that may not be asked."""
    try:
        enabled = await cloud.projects.billing(deployment.project)
    except CallError:
        enabled = None
    if enabled is None:
        found.lines.append("billing account unknown: it cannot be read here")
    elif enabled:
        found.lines.append("the project has a billing account")
    else:
        found.problems.append(
            Problem(
                tried="use",
                target=f"project {deployment.project}",
                said="it has no billing account, so nothing can be made in it",
                next_step="link one in the console's Billing page",
                reason="BILLING_DISABLED",
                command=f"gcloud billing projects link {deployment.project} --billing-account=ACCOUNT_ID",
            )
        )


async def _services(deployment: Deployment, cloud: Cloud, found: Findings) -> bool:
    enabled = await cloud.projects.enabled(deployment.project, SERVICES)
    missing = [name for name in SERVICES if name not in enabled]
    if missing:
        command = f"gcloud services enable {' '.join(missing)} --project={deployment.project}"
        found.problems.append(
            Problem(
                tried="use",
                target=f"project {deployment.project}",
                said=f"these APIs are not enabled: {', '.join(missing)}",
                next_step=f"enable them, then try again: {command}",
                reason="SERVICE_DISABLED",
                command=command,
            )
        )
    return not missing


async def _permissions(deployment: Deployment, cloud: Cloud, found: Findings) -> None:
    project_wide = deployment.identity.role_scope is RoleScope.PROJECT
    wanted = PERMISSIONS + (PROJECT_ROLE if project_wide else ())
    granted = await cloud.projects.granted(deployment.project, wanted)
    missing = [name for name in wanted if name not in granted]
    if missing:
        found.problems.append(
            Problem(
                tried="use",
                target=f"project {deployment.project}",
                said=f"you lack {len(missing)} permissions: {', '.join(missing)}",
                next_step="ask for Kubernetes Engine Admin, Storage Admin and Service Account Admin on the project",
                reason="PERMISSION_DENIED",
            )
        )


async def _zone(deployment: Deployment, cloud: Cloud, found: Findings) -> None:
    shape = deployment.slices.shape
    zones = await cloud.projects.zones(deployment.project, deployment.region)
    offering = await cloud.projects.zones_offering(deployment.project, shape.machine_type)
    if deployment.zone in zones and deployment.zone in offering:
        found.lines.append(f"{deployment.zone} offers {shape.machine_type}")
        return
    said = f"does not offer {shape.machine_type}" if deployment.zone in zones else "is no zone of this project"
    instead = next((zone for zone in deployment.other_zones if zone in offering and zone in zones), "")
    near = [zone for zone in sorted(offering) if zone.startswith(deployment.region + "-")] or sorted(offering)
    found.problems.append(
        Problem(
            tried="use",
            target=f"zone {deployment.zone}",
            said=said,
            next_step=f"set zone to {instead}, the next of your own that offers it"
            if instead
            else f"zones that offer it: {', '.join(near[:8]) or 'none in this project'}",
            reason="ZONE",
            command=f"gcloud compute machine-types list --filter=name={shape.machine_type}",
        )
    )


async def _version(deployment: Deployment, cloud: Cloud, found: Findings) -> None:
    default, valid = await cloud.gke.versions(deployment.region)
    wanted = deployment.cluster.version
    least = deployment.slices.shape.min_gke_version
    if wanted and not any(version == wanted or version.startswith((f"{wanted}.", f"{wanted}-")) for version in valid):
        found.problems.append(
            Problem(
                tried="use",
                target=f"GKE version {wanted}",
                said=f"{deployment.region} does not offer it",
                next_step=f"leave cluster.version empty for {default}, or choose: {', '.join(valid[:6])}",
                reason="VERSION",
                command=f"gcloud container get-server-config --location={deployment.region}",
            )
        )
    elif least and version_key(wanted or default) < version_key(least) and (not wanted or wanted.count(".") == 2):
        found.problems.append(
            Problem(
                tried="use",
                target=f"GKE version {wanted or default}",
                said=f"TPU {deployment.slices.generation} needs at least {least}",
                next_step=f"choose one of: {', '.join(valid[:6])}",
                reason="VERSION",
            )
        )
    else:
        found.lines.append(f"GKE {wanted or default}")


LOOKS = (
    ("APIs", _services),
    ("permissions", _permissions),
    ("zone", _zone),
    ("GKE version", _version),
    ("quota", quota),
    ("reservation", reservation),
)
"""What is asked of a project that is there, with the name each question is shown under."""


def version_key(version: str) -> tuple[int, ...]:
    """GKE's "1.27.2-gke.2100" as numbers that compare."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def _with_details(problem: Problem, details: tuple[str, ...]) -> Problem:
    from dataclasses import replace

    return replace(problem, details=details)
