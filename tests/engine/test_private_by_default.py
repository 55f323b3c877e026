"""Whatever else a Deployment says: nothing public and no role on the whole project unless that is asked for.

Looked for in everything that would be sent (the bodies of all steps, the rendered manifests), in the commands shown,
and in the exports. The gate takes some random Deployments, `long` 10,000.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from saxtui.engine import export
from saxtui.engine.runs import planning
from saxtui.engine.steps import catalog
from saxtui.engine.steps.binding import Binding
from saxtui.model.deployment import Deployment
from tests.engine.harness import manifest, tutorial
from tests.model.random_deployments import deployments

_PUBLIC_KINDS = frozenset({"Ingress", "Gateway", "HTTPRoute", "NodePort", "MultiClusterIngress"})
_EVERYBODY = ("allUsers", "allAuthenticatedUsers")
_PROJECT_COMMAND = "gcloud projects add-iam-policy-binding"


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in a body, the whole first."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(inner)


def open_in(body: Any) -> set[str]:
    """What in a body would let strangers in. A host's own network is not that: GKE lets nobody outside the VPC in."""
    found = {word for word in _EVERYBODY if word in json.dumps(body)}
    for item in objects(body):
        kind = item.get("kind")
        if kind in _PUBLIC_KINDS:
            found.add(str(kind))
        if kind == "Service" and item.get("spec", {}).get("type", "ClusterIP") != "ClusterIP":
            found.add(str(item["spec"]["type"]))
        found |= {name for name in ("externalIPs", "hostPort") if item.get(name)}
    return found


def exposed(deployment: Deployment) -> set[str]:
    """Public endpoints and project-wide roles that this deployment would make."""
    found: set[str] = set()
    for name, step in catalog.build(deployment, manifest).items():
        if not step.owns or name == "jobset-controller":
            continue
        body = step.body()
        found |= open_in(body)
        if isinstance(step, Binding) and step.where.kind == "project":
            found.add("a role on the project")
        if isinstance(step, Binding) and any(role in ("roles/owner", "roles/editor") for role in step.roles):
            found.add("a basic role")
        if name == "bucket" and body["iamConfiguration"]["publicAccessPrevention"] != "enforced":
            found.add("a bucket that can be made public")
        if _PROJECT_COMMAND in step.command:
            found.add("a command that binds on the project")
    return found


def exported(deployment: Deployment) -> set[str]:
    """The same in what would be exported."""
    plan = planning.plan(deployment, {}, manifest)
    found: set[str] = set()
    for kind in ("bash", "terraform"):
        text = "\n".join(export.files(kind, plan, deployment, manifest, "en").values())
        words = (*_EVERYBODY, _PROJECT_COMMAND, "google_project_iam", "type: LoadBalancer", '"LoadBalancer"')
        found |= {f"{word} in {kind}" for word in words if word in text}
    return found


def held(seed: int, count: int) -> None:
    for number, deployment in enumerate(deployments(seed, count)):
        where = f"number {number} of seed {seed}: {deployment.model_dump_json()}"
        assert not exposed(deployment), (exposed(deployment), where)
        if number % 50 == 0:
            assert not exported(deployment), (exported(deployment), where)


def test_random_deployments_are_private() -> None:
    held(1, 300)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_10000_random_deployments_are_private() -> None:
    held(2, 10_000)


def test_the_random_ones_differ_in_what_matters() -> None:
    found = list(deployments(1, 300))
    assert len({deployment.slices.generation for deployment in found}) >= 4
    assert {deployment.cluster.adopt for deployment in found} == {True, False}
    assert any(deployment.source_ranges for deployment in found)


def test_what_is_asked_for_is_seen() -> None:
    assert exposed(tutorial(exposure="external")) == {"LoadBalancer"}
    assert exposed(tutorial(exposure="internal")) == {"LoadBalancer"}
    project = tutorial(identity={"role_scope": "project"})
    assert exposed(project) == {"a role on the project", "a command that binds on the project"}
    assert {text.partition(" in ")[0] for text in exported(project)} >= {_PROJECT_COMMAND, "google_project_iam"}
    assert any("LoadBalancer" in text for text in exported(tutorial(exposure="external")))
