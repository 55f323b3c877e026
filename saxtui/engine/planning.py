"""The plan: a pure function of the Deployment and of what was observed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from saxtui.catalog import prices
from saxtui.engine.manifests import Manifest
from saxtui.engine.step import Observation, Presence, Step
from saxtui.engine.steps import catalog
from saxtui.engine.steps.bucket import OURS as BUCKET_PREFIXES
from saxtui.engine.steps.node_pool import PREFIX as POOL
from saxtui.model import cost
from saxtui.model.deployment import Deployment, Exposure, RoleScope
from saxtui.model.plan import Action, Plan, PlannedStep, StepKind

_TITLES = {
    StepKind.CHECK: "checks",
    StepKind.BUCKET: "bucket",
    StepKind.CLUSTER: "cluster",
    StepKind.SERVICE_ACCOUNT: "service account",
    StepKind.KUBERNETES_ACCOUNT: "Kubernetes account",
    StepKind.JOBSET_CONTROLLER: "JobSet controller",
    StepKind.ADMIN_SERVER: "admin server",
    StepKind.MODEL_SERVERS: "model servers",
    StepKind.HTTP_SERVER: "HTTP server",
    StepKind.READINESS: "readiness",
}
# Seconds, (p50, p90). Cluster and pools: GKE operations as reported in public logs, 2026 (a regional cluster 6:17 to
# 6:19, big TPU pools 8:26); the rest is what image pulls, IAM and the servers' own start need, estimated.
_USUAL = {
    StepKind.CHECK: (4.0, 10.0),
    StepKind.BUCKET: (3.0, 6.0),
    StepKind.CLUSTER: (378.0, 450.0),
    StepKind.NODE_POOL: (240.0, 540.0),
    StepKind.SERVICE_ACCOUNT: (3.0, 10.0),
    StepKind.BINDING: (4.0, 60.0),
    StepKind.KUBERNETES_ACCOUNT: (2.0, 5.0),
    StepKind.JOBSET_CONTROLLER: (60.0, 120.0),
    StepKind.ADMIN_SERVER: (45.0, 120.0),
    StepKind.MODEL_SERVERS: (120.0, 300.0),
    StepKind.HTTP_SERVER: (45.0, 90.0),
    StepKind.READINESS: (5.0, 30.0),
}
_ADDRESS = (60.0, 120.0)
_FINISHED = 5.0


def plan(deployment: Deployment, observed: Mapping[str, Observation], manifest: Manifest) -> Plan:
    """The steps of the deployment with edges, times and prices; what `observed` (step id → look) says is there is kept.

    A step without an observation is planned as if nothing were there. Pure: same arguments, same plan and digest.
    """
    edges = catalog.edges(deployment)
    steps = catalog.build(deployment, manifest)
    planned = tuple(_planned(deployment, steps[name], needs, observed.get(name)) for name, needs in edges.items())
    critical, seconds = _critical(planned)
    return Plan(
        deployment=deployment.name,
        project=deployment.project,
        steps=planned,
        digest=_digest(deployment, planned),
        usd_per_hour=cost.total(cost.lines(deployment)).usd,
        critical_path=critical,
        seconds=seconds,
        sequential_seconds=sum(step.usual[0] for step in planned),
        consequences=consequences(deployment),
    )


def consequences(deployment: Deployment) -> tuple[str, ...]:
    """What saying yes leads to, in sentences: money, exposure, power, and what could not be undone."""
    return (
        *_money(deployment),
        exposure(deployment),
        power(deployment),
        *_cluster(deployment),
        "nothing irreversible: down removes what up made, and deletes of the bucket only "
        + ", ".join(f"{prefix}*" for prefix in BUCKET_PREFIXES),
    )


def _planned(deployment: Deployment, step: Step, needs: tuple[str, ...], seen: Observation | None) -> PlannedStep:
    action = _action(step, seen)
    rate = cost.of_step(deployment, step.id)
    return PlannedStep(
        id=step.id,
        kind=step.kind,
        title=_title(step),
        resource=step.resource,
        needs=needs,
        action=action,
        usual=_usual(deployment, step, action, seen),
        usd_per_hour=rate,
        command=step.command,
        within="cluster" if step.within else "",
        note=seen.said if seen is not None and action is not Action.CREATE else _note(deployment, step),
        foreign=seen.said or "exists and is not ours" if seen is not None and seen.presence is Presence.FOREIGN else "",
    )


def _title(step: Step) -> str:
    if step.kind is StepKind.NODE_POOL:
        return step.id.removeprefix(POOL)
    if step.kind is StepKind.BINDING:
        return "Workload Identity" if step.id == catalog.WORKLOAD else "storage role"
    return _TITLES[step.kind]


def _action(step: Step, seen: Observation | None) -> Action:
    if not step.owns:
        return Action.CHECK
    if seen is None or seen.presence in (Presence.ABSENT, Presence.LEAVING, Presence.FOREIGN):
        return Action.CREATE
    if seen.presence is Presence.KEPT:
        return Action.ADOPT
    return Action.CHANGE if seen.differs else Action.KEEP


def _usual(deployment: Deployment, step: Step, action: Action, seen: Observation | None) -> tuple[float, float]:
    if action in (Action.KEEP, Action.ADOPT) and seen is not None and seen.ready:
        return (_FINISHED / 5, _FINISHED)
    p50, p90 = _USUAL[step.kind]
    if step.kind is StepKind.HTTP_SERVER and deployment.exposure is not Exposure.PRIVATE:
        return (p50 + _ADDRESS[0], p90 + _ADDRESS[1])
    return (p50, p90)


def _note(deployment: Deployment, step: Step) -> str:
    shape = deployment.slices.shape
    match step.kind:
        case StepKind.NODE_POOL:
            kind = "spot" if deployment.slices.spot else "on demand"
            return f"{shape.topology}, {shape.chips} chips on {shape.hosts} hosts {shape.machine_type}, {kind}"
        case StepKind.CLUSTER:
            return (
                f"{deployment.cluster.cpu_nodes} CPU nodes {deployment.cluster.cpu_machine_type} in {deployment.zone}"
            )
        case StepKind.MODEL_SERVERS:
            return f"{deployment.slices.count} Jobs of {shape.hosts} pods"
        case StepKind.HTTP_SERVER:
            return deployment.exposure.value
    return ""


def _critical(steps: tuple[PlannedStep, ...]) -> tuple[tuple[str, ...], tuple[float, float]]:
    """The chain of steps that decides the p50 time, and the p50 and p90 of the whole."""
    ends: dict[str, tuple[float, float]] = {}
    before: dict[str, str] = {}
    for step in steps:
        latest = max(step.needs, key=lambda name: ends[name][0], default="")
        before[step.id] = latest
        p90 = max((ends[name][1] for name in step.needs), default=0.0)
        ends[step.id] = ((ends[latest][0] if latest else 0.0) + step.usual[0], p90 + step.usual[1])
    last = max(ends, key=lambda name: ends[name][0])
    path = [last]
    while before[path[-1]]:
        path.append(before[path[-1]])
    return tuple(reversed(path)), (ends[last][0], max(end[1] for end in ends.values()))


def _digest(deployment: Deployment, steps: tuple[PlannedStep, ...]) -> str:
    """SHA-256 of what consent is given to: the deployment and what would be done with each resource, without times."""
    content = {
        "deployment": deployment.model_dump(mode="json"),
        "steps": [[step.id, step.resource, step.action.value, step.usd_per_hour] for step in steps],
        "consequences": consequences(deployment),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _money(deployment: Deployment) -> tuple[str, ...]:
    slices, first = deployment.slices, deployment.slices.pools[0]
    price = prices.chip_hour(slices.generation, deployment.zone, slices.spot)
    unknown = cost.total(cost.lines(deployment)).unknown
    lines = []
    if price is None:
        lines.append(f"{deployment.chips} {slices.generation} chips bill from the moment {first} is up; price unknown")
    else:
        whole = price.usd * deployment.chips
        lines.append(
            f"${whole:,.2f}/h from the moment the slices are up: {deployment.chips} {slices.generation} chips x "
            f"${price.usd:.2f} ({'spot' if slices.spot else 'list'} price, {price.date})"
        )
        unknown = tuple(name for name in unknown if "chips" not in name)
    if unknown:
        lines.append(f"and what no price is known for: {', '.join(unknown)}")
    return tuple(lines)


def exposure(deployment: Deployment) -> str:
    """Who can reach the HTTP server, in a sentence."""
    match deployment.exposure:
        case Exposure.EXTERNAL:
            allowed = ", ".join(deployment.source_ranges) or "anybody on the Internet"
            return f"PUBLIC: plain HTTP without a password on an external address, open to {allowed}"
        case Exposure.INTERNAL:
            return "the HTTP server gets an address in the project's network: plain HTTP without a password"
    return "nothing public: the HTTP server is reached through the Kubernetes API server"


def power(deployment: Deployment) -> str:
    """What the pods' service account may do, in a sentence: the roles that the plan binds."""
    account = deployment.service_account_email
    if deployment.identity.role_scope is RoleScope.PROJECT:
        return f"PROJECT-WIDE: {account} gets roles/storage.admin on every bucket of {deployment.project}"
    return f"{account} may read and write the one bucket gs://{deployment.bucket}"


def _cluster(deployment: Deployment) -> tuple[str, ...]:
    if deployment.cluster.adopt:
        return (f"cluster {deployment.cluster.name} is used if it exists and is not ours; then it is never deleted",)
    return ()
