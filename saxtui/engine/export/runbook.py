"""The plan as a runbook in Markdown: what it leads to, each step with its command, checks, and the way back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from saxtui.catalog import prices
from saxtui.engine.export import objects
from saxtui.engine.export.languages import Words, words
from saxtui.engine.runs import manifests
from saxtui.model import cost
from saxtui.model.deployment import Exposure, RoleScope
from saxtui.model.plan import Action, StepKind

if TYPE_CHECKING:
    from saxtui.engine.runs.manifests import Manifest
    from saxtui.model.deployment import Deployment
    from saxtui.model.plan import Plan, PlannedStep


def files(plan: Plan, deployment: Deployment, manifest: Manifest, language: str) -> dict[str, str]:
    """RUNBOOK.md (RUNBOOK.zh-TW.md), and the manifests its commands apply. Raises KeyError: no such language."""
    name = "RUNBOOK.md" if language == "en" else f"RUNBOOK.{language}.md"
    found = {name: text(plan, deployment, language)}
    for file, listed in objects.by_file(deployment, manifest).items():
        found[f"manifests/{file}"] = objects.text(listed)
    return found


def text(plan: Plan, deployment: Deployment, language: str) -> str:
    """The Markdown. Raises KeyError for an unknown language."""
    say = words(language)
    parts = [
        f"# {say.title}: {deployment.name}",
        _facts(plan, deployment, say),
        f"## {say.consequences}\n\n" + "\n".join(f"- {line}" for line in _consequences(deployment, say)),
        f"## {say.before}\n\n{say.before_text}\n\n"
        + _code(f"saxtui doctor -d {deployment.name}", f"gcloud config set project {deployment.project}"),
        f"## {say.steps}\n\n{say.steps_text}\n",
        *(_step(number, step, deployment, say) for number, step in enumerate(_made(plan), 1)),
        _use(deployment, say),
        _trouble(say),
        _back(deployment, say),
    ]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _made(plan: Plan) -> list[PlannedStep]:
    return [step for step in plan.steps if step.action is not Action.CHECK]


def _facts(plan: Plan, deployment: Deployment, say: Words) -> str:
    shape, slices = deployment.slices.shape, deployment.slices
    rows = [
        (say.project, deployment.project),
        (say.place, f"{deployment.region} / {deployment.zone}"),
        (say.model, f"{deployment.model.id} = {deployment.model.path}"),
        (say.slices, f"{slices.count} x {slices.generation} {shape.topology} ({slices.capacity.value})"),
        (say.machines, f"{slices.count} x {shape.hosts} x {shape.machine_type}, {deployment.chips} {say.chips}"),
        (say.takes, f"p50 {plan.seconds[0] / 60:.0f} min, p90 {plan.seconds[1] / 60:.0f} min"),
        (say.plan, plan.digest),
    ]
    head = f"| {say.what} | {say.value} |\n|---|---|\n"
    return head + "\n".join(f"| {name} | {value} |" for name, value in rows)


def _consequences(deployment: Deployment, say: Words) -> list[str]:
    slices = deployment.slices
    price = prices.chip_hour(slices.generation, deployment.zone, slices.spot)
    lines = [
        say.price_unknown.format(chips=deployment.chips, generation=slices.generation)
        if price is None
        else say.price.format(
            chips=deployment.chips, generation=slices.generation, usd=price.usd, total=price.usd * deployment.chips,
            source=price.source, date=price.date,
        )
    ]  # fmt: skip
    unpriced = [name for name in cost.total(cost.lines(deployment)).unknown if "chips" not in name]
    if unpriced:
        lines.append(say.unpriced.format(names=", ".join(unpriced)))
    reach = {Exposure.PRIVATE: say.private, Exposure.INTERNAL: say.internal, Exposure.EXTERNAL: say.external}
    lines.append(reach[deployment.exposure])
    role = say.role_project if deployment.identity.role_scope is RoleScope.PROJECT else say.role_bucket
    lines.append(role.format(account=deployment.service_account_email, bucket=deployment.bucket))
    if deployment.cluster.every_zone:
        lines.append(say.every_zone.format(nodes=deployment.cluster.cpu_nodes, region=deployment.region))
    if deployment.cluster.private_nodes:
        lines.append(say.private_nodes.format(network=deployment.cluster.network or "default"))
    if deployment.ttl:
        lines.append(say.ttl.format(ttl=deployment.ttl))
    return lines


def _step(number: int, step: PlannedStep, deployment: Deployment, say: Words) -> str:
    commands = [line.replace(" -f sax-", " -f manifests/sax-") for line in step.command.split(" && ")]
    if step.kind is StepKind.KUBERNETES_ACCOUNT:
        commands = ["kubectl apply --server-side -f manifests/sax-service-account.yaml"]
    if step.kind is StepKind.CLUSTER:
        commands.append(
            f"gcloud container clusters get-credentials {deployment.cluster.name} --project={deployment.project} "
            f"--location={deployment.region}"
        )
    if step.kind is StepKind.JOBSET_CONTROLLER:
        commands.append(
            "kubectl -n jobset-system wait --for=condition=Available --timeout=15m deployment/jobset-controller-manager"
        )
    if step.kind is StepKind.MODEL_SERVERS:
        hosts = deployment.slices.shape.hosts * deployment.slices.count
        commands.append(f"kubectl -n {deployment.namespace} get pods   # {say.until_running.format(hosts=hosts)}")
    usual = f"{say.usually} {step.usual[0]:.0f} s (p90 {step.usual[1]:.0f} s)"
    done = f"{say.action[step.action.value]}: " if step.action is not Action.CREATE else ""
    return f"### {number}. {say.kind[step.kind.value]}: {step.resource}\n\n{done}{usual}\n\n{_code(*commands)}"


def _use(deployment: Deployment, say: Words) -> str:
    space, port = deployment.namespace, manifests.HTTP_PORT
    query = json.dumps({"model": deployment.model.id, "query": "How many days are in a week?"})
    header = "--header 'Content-type: application/json'"
    publish = json.dumps(objects.publication(deployment))
    primaries = "batch.kubernetes.io/job-completion-index=0"
    commands = _code(
        f"kubectl -n {space} port-forward service/{manifests.SERVICE} {port} &",
        f"curl --fail --request POST {header} http://localhost:{port}/publish --data '{publish}'",
        f"kubectl -n {space} logs -l {primaries} --tail=-1 | grep 'Successfully loaded'",
        f"curl --fail --request POST {header} http://localhost:{port}/generate --data '{query}'",
    )
    return f"## {say.use}\n\n{say.use_text}\n\n{commands}"


def _trouble(say: Words) -> str:
    rows = "\n".join(f"| {symptom} | {cure} |" for symptom, cure in say.troubles)
    return f"## {say.trouble}\n\n| {say.symptom} | {say.cure} |\n|---|---|\n{rows}"


def _back(deployment: Deployment, say: Words) -> str:
    place = f"--project={deployment.project} --location={deployment.region} --quiet"
    pools = [
        f"gcloud container node-pools delete {pool} --cluster={deployment.cluster.name} {place}"
        for pool in deployment.slices.pools
    ]
    project_wide = deployment.identity.role_scope is RoleScope.PROJECT
    commands = [
        f"kubectl -n {deployment.namespace} delete service/{manifests.SERVICE} jobset/{manifests.MODEL_SET}",
        *pools,
        *([] if deployment.cluster.adopt else [f"gcloud container clusters delete {deployment.cluster.name} {place}"]),
        *(
            [
                f"gcloud projects remove-iam-policy-binding {deployment.project} "
                f"--member=serviceAccount:{deployment.service_account_email} --role=roles/storage.admin"
            ]
            if project_wide
            else []
        ),
        f"gcloud iam service-accounts delete {deployment.service_account_email} --project={deployment.project} --quiet",
        *([] if deployment.adopt_bucket else [f"gcloud storage rm --recursive gs://{deployment.bucket}"]),
    ]
    return f"## {say.back}\n\n{say.back_text}\n\n{_code(*commands)}"


def _code(*lines: str) -> str:
    return "```\n" + "\n".join(lines) + "\n```"
