"""The plan: a pure function of the Deployment and of what was observed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping

from saxtui.catalog import prices, tpus
from saxtui.engine.protocol.step import Observation, Presence, Step
from saxtui.engine.runs.manifests import Manifest
from saxtui.engine.runs.usual import Times
from saxtui.engine.steps import catalog
from saxtui.engine.steps.bucket import OURS as BUCKET_PREFIXES
from saxtui.engine.steps.node_pool import PREFIX as POOL
from saxtui.model import cost
from saxtui.model.deployment import Capacity, Deployment, Exposure, RoleScope
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
_PUBLISHED = Times()
_ADDRESS = (60.0, 120.0)
_FINISHED = 5.0
RISK = "RISK: "
"""Begins a consequence that is consented to by name."""


def plan(
    deployment: Deployment,
    observed: Mapping[str, Observation],
    manifest: Manifest,
    times: Times = _PUBLISHED,
    left: Collection[str] = (),
) -> Plan:
    """The steps of the deployment with edges, times and prices; what `observed` (step id → look) says is there is kept.

    A step without an observation is planned as if nothing were there. `left` names the resources that are ours and no
    longer in the deployment: `up` destroys nothing, so they are told. Pure: same arguments, same plan and digest.
    """
    edges = catalog.edges(deployment)
    steps = catalog.build(deployment, manifest)
    planned = tuple(
        _planned(deployment, steps[name], needs, observed.get(name), times) for name, needs in edges.items()
    )
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
        consequences=(*_paused(planned, observed), *_left(left), *consequences(deployment)),
        times_from=times.source,
    )


def _paused(planned: tuple[PlannedStep, ...], observed: Mapping[str, Observation]) -> tuple[str, ...]:
    """That the plan ends a pause, where slices are at zero hosts."""
    found = [step.title for step in planned if (seen := observed.get(step.id)) is not None and seen.hosts == 0]
    return (
        (f"PAUSED: {', '.join(found)} at zero hosts; going on brings all hosts back, and they bill",) if found else ()
    )


def _left(left: Collection[str]) -> tuple[str, ...]:
    """That `up` leaves what the file no longer names, and that it goes on billing."""
    return (
        (f"LEFT OVER: {', '.join(left)} is ours and no longer in the file; up destroys nothing, so it stays and bills "
         "until down takes it with the rest",) if left else ()
    )  # fmt: skip


def consequences(deployment: Deployment) -> tuple[str, ...]:
    """What saying yes leads to, in sentences: money, exposure, power, and what could not be undone."""
    return (
        *_money(deployment),
        exposure(deployment),
        power(deployment),
        *cluster(deployment),
        *_capacity(deployment),
        *_unconfirmed(deployment),
        *((f"meant to live for {deployment.ttl}: then saxtui warns, and deletes nothing",) if deployment.ttl else ()),
        "nothing irreversible: down removes what up made, and deletes of the bucket only "
        + ", ".join(f"{prefix}*" for prefix in BUCKET_PREFIXES),
    )


def _planned(
    deployment: Deployment, step: Step, needs: tuple[str, ...], seen: Observation | None, times: Times
) -> PlannedStep:
    action = _action(step, seen)
    rate = cost.of_step(deployment, step.id)
    return PlannedStep(
        id=step.id,
        kind=step.kind,
        title=_title(step),
        resource=step.resource,
        needs=needs,
        action=action,
        usual=_usual(deployment, step, action, seen, times),
        usd_per_hour=rate,
        command=step.command,
        within="cluster" if step.within else "",
        note=seen.said if seen is not None and action is not Action.CREATE else _note(deployment, step),
        foreign=seen.not_ours if seen is not None and seen.presence is Presence.FOREIGN else "",
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


def _usual(
    deployment: Deployment, step: Step, action: Action, seen: Observation | None, times: Times
) -> tuple[float, float]:
    if action in (Action.KEEP, Action.ADOPT) and seen is not None and seen.ready:
        return (_FINISHED / 5, _FINISHED)
    p50, p90 = times.of(step.kind)
    if step.kind is StepKind.HTTP_SERVER and deployment.exposure is not Exposure.PRIVATE:
        return (p50 + _ADDRESS[0], p90 + _ADDRESS[1])
    return (p50, p90)


def _note(deployment: Deployment, step: Step) -> str:
    shape = deployment.slices.shape
    match step.kind:
        case StepKind.NODE_POOL:
            kind = deployment.slices.capacity.value
            return f"{shape.topology}, {shape.chips} chips on {shape.hosts} hosts {shape.machine_type}, {kind}"
        case StepKind.CLUSTER:
            spec = deployment.cluster
            where = f"each zone of {deployment.region}" if spec.every_zone else deployment.zone
            return f"{spec.cpu_nodes} CPU nodes {spec.cpu_machine_type} in {where}"
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
    fee = None if deployment.cluster.adopt else prices.cluster_hour()
    if fee is not None:
        lines.append(f"and ${fee.usd:.2f}/h for the GKE cluster")
    if unknown:
        lines.append(f"and what no price is known for: {', '.join(unknown)}")
    return tuple(lines)


def exposure(deployment: Deployment) -> str:
    """Who can reach the HTTP server, in a sentence."""
    match deployment.exposure:
        case Exposure.EXTERNAL:
            allowed = ", ".join(deployment.source_ranges) or "anybody on the Internet"
            return f"{RISK}PUBLIC: plain HTTP without a password on an external address, open to {allowed}"
        case Exposure.INTERNAL:
            return "the HTTP server gets an address in the project's network: plain HTTP without a password"
    return "nothing public: the HTTP server is reached through the Kubernetes API server"


def power(deployment: Deployment) -> str:
    """What the pods' service account may do, in a sentence: the roles that the plan binds."""
    account = deployment.service_account_email
    if deployment.identity.role_scope is RoleScope.PROJECT:
        return f"{RISK}PROJECT-WIDE: {account} gets roles/storage.admin on every bucket of {deployment.project}"
    return f"{account} may read and write the one bucket gs://{deployment.bucket}"


def _capacity(deployment: Deployment) -> tuple[str, ...]:
    """What the chosen way to have chips means; that nobody knows beforehand whether there are any is always said."""
    slices = deployment.slices
    others = f"; then {', '.join(deployment.other_zones)}" if deployment.other_zones else ""
    stockout = f"whether {deployment.zone} has the chips free cannot be known beforehand{others}"
    match slices.capacity:
        case Capacity.SPOT:
            return ("SPOT: a slice may be taken away at any time; then its model loads again", stockout)
        case Capacity.RESERVATION:
            return (
                f"the slices use reservation {slices.reservation}: it must be for {slices.shape.machine_type} here",
            )
        case Capacity.FLEX_START:
            return (
                "FLEX-START: pools begin empty and their hosts come all at once when the pods ask, for seven days at "
                "most; no repair, and neither spot nor a reservation with it",
                stockout,
            )
    return (stockout,)


def _unconfirmed(deployment: Deployment) -> tuple[str, ...]:
    """What the catalogue does not know of the generation, and what a plan cannot decide without."""
    shape, found = deployment.slices.shape, []
    if shape.min_gke_version is None:
        found.append(f"the least GKE version for {shape.generation} is unknown: GKE may refuse the pools")
    if tpus.devices(shape) is None:
        found.append(f"whether {shape.generation} shows one device a chip to a Sax class is not confirmed")
    if shape.placement == tpus.WORKLOAD_POLICY and shape.multi_host and not deployment.slices.placement_policy:
        found.append("TPU7x slices need a workload policy of their own: set slices.placement_policy to its name")
    return tuple(found)


def cluster(deployment: Deployment) -> tuple[str, ...]:
    """What the cluster's own choices mean: private nodes, CPU nodes in each zone, what is used though not ours."""
    private = (
        "PRIVATE NODES: no node has an external address; images from outside Google, such as the JobSet controller's, "
        f"need Cloud NAT in network {deployment.cluster.network or 'default'}",
    ) if deployment.cluster.private_nodes else ()  # fmt: skip
    bucket = (
        f"bucket gs://{deployment.bucket} is used if it exists and is not ours; then it is never deleted",
    ) if deployment.adopt_bucket else ()  # fmt: skip
    return (*_nodes(deployment), *private, *bucket)


def _nodes(deployment: Deployment) -> tuple[str, ...]:
    if deployment.cluster.every_zone and not deployment.cluster.adopt:
        nodes = deployment.cluster.cpu_nodes
        return (
            f"{RISK}COST: {nodes} CPU nodes in EACH zone GKE takes of {deployment.region}, usually three: {nodes * 3} "
            "in all",
        )
    if deployment.cluster.adopt:
        return (f"cluster {deployment.cluster.name} is used if it exists and is not ours; then it is never deleted",)
    return ()
