"""`attach`: watch and ask a cluster that others made, and say what is risky there. Changes nothing in the cloud."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from saxtui.cli.front import Front
from saxtui.cli.options import json_option
from saxtui.errors import ExitCode
from saxtui.model.audit import Finding, Level
from saxtui.present.words import AUDIT

if TYPE_CHECKING:
    from saxtui.engine.attaching.standing import Place
    from saxtui.engine.runtime import Runtime
    from saxtui.model.deployment import Deployment


@click.command("attach")
@click.argument("cluster", default="")
@click.option("--location", default="", metavar="REGION|ZONE", help="Where the cluster is; with CLUSTER.")
@click.option("--project", default="", help="Default: the context's, or CLOUDSDK_CORE_PROJECT.")
@click.option("--context", default="", help="A kubeconfig context gke_PROJECT_LOCATION_NAME instead of CLUSTER.")
@click.option("--namespace", default="", help="Default: the one its JobSet is in.")
@click.option("--name", default="", help="Save it under this name; default: the cluster's.")
@click.option("--forget", default="", metavar="NAME", help="Forget an attached deployment; the cluster stays.")
@json_option
@click.pass_obj
def attach(
    front: Front, cluster: str, location: str, project: str, context: str, namespace: str, name: str, forget: str
) -> int:
    """Attach to a cluster on which the tutorial was done by hand: pods, logs, models and chat, and an audit.

    Without CLUSTER it takes the current context of kubectl. Nothing of an attached cluster is ever made, changed or
    deleted by saxtui: `down` refuses.
    """
    if forget and (cluster or context):
        raise click.UsageError("--forget names a saved deployment; pass no cluster with it")
    if cluster and (context or not location):
        raise click.UsageError("CLUSTER needs --location, and --context names a cluster by itself")
    runtime = front.runtime()

    async def whole() -> int:
        try:
            if forget:
                await runtime.forget(forget)
                front.out.record("forgotten", deployment=forget)
                front.out.line(f"forgot {forget}; its cluster stays as it is")
                return int(ExitCode.DONE)
            place = place_of(runtime, cluster, location, project, context)
            found, findings = await runtime.attach(place, namespace=namespace, name=name)
            _show(front, found)
            audit(front, findings)
            front.out.line(("next: ", "dim"), f"saxtui pods -d {found.name}   saxtui models -d {found.name}")
            return int(ExitCode.DONE)
        finally:
            await runtime.close()

    return front.drive(whole())


def place_of(runtime: Runtime, cluster: str, location: str, project: str, context: str) -> Place:
    """The cluster that the arguments, or kubectl's current context, name. Raises UsageError."""
    from saxtui.engine.attaching.attach import place_of as named_by
    from saxtui.engine.attaching.standing import Place

    if cluster:
        project = project or runtime.surroundings.default_project
        if not project:
            raise click.UsageError("no project: pass --project, or set CLOUDSDK_CORE_PROJECT")
        return Place(project, location, cluster)
    there = runtime.context(context)
    if not there:
        said = f"kubeconfig has no context {context}" if context else "kubeconfig has no current context"
        raise click.UsageError(f"{said}: name the cluster instead: saxtui attach CLUSTER --location REGION")
    found = named_by(there)
    if found is None:
        raise click.UsageError(
            f"context {there} does not say which GKE cluster it is: saxtui attach CLUSTER --location REGION"
        )
    return found


def _show(front: Front, found: Deployment) -> None:
    slices = found.slices
    what = f"{slices.count} x {slices.generation} {slices.topology}, {slices.shape.hosts} hosts each"
    front.out.line(("attached ", "ok"), (found.name, "head"), f"  {found.cluster.name} in {found.attached}: {what}")
    front.out.record(
        "attached", deployment=found.name, id=found.id, project=found.project, location=found.attached,
        cluster=found.cluster.name, namespace=found.namespace, generation=slices.generation, topology=slices.topology,
        slices=slices.count, bucket=found.bucket, model_image=found.images.model, http_image=found.images.http,
    )  # fmt: skip


def audit(front: Front, findings: Sequence[Finding]) -> None:
    """A line a finding with what mends it; then how many are risks."""
    front.out.table(
        ("", "audit", "found"), [(front.out.style.sign(AUDIT[row.level]), row.name, row.said) for row in findings]
    )
    for row in findings:
        if row.mend:
            front.out.line(f"mend {row.name}: ", (row.mend, "dim"))
        front.out.record("audit", **dataclasses.asdict(row))
    risks = sum(1 for row in findings if row.level is Level.RISK)
    front.out.line((f"{risks} risks", "bad" if risks else "ok"), " in what others made; saxtui changes nothing of it")
