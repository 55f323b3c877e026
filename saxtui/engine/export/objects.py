"""The Kubernetes objects of a deployment as YAML text, and what the exports say of where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saxtui.engine.runs import manifests
from saxtui.engine.steps.jobset_controller import RELEASES

if TYPE_CHECKING:
    from saxtui.engine.runs.manifests import Json, Manifest
    from saxtui.model.deployment import Deployment


def context(deployment: Deployment) -> str:
    """The kubeconfig context that gcloud writes for the cluster."""
    return f"gke_{deployment.project}_{deployment.region}_{deployment.cluster.name}"


def jobset_url(deployment: Deployment) -> str:
    """Where the JobSet release's manifest is."""
    spec = deployment.jobset
    return spec.manifest or f"{RELEASES}/{spec.version}/manifests.yaml"


def namespace(deployment: Deployment) -> Json | None:
    """The namespace to make, None for the one every cluster has."""
    if deployment.namespace == "default":
        return None
    metadata = {"name": deployment.namespace, "labels": deployment.labels}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def by_file(deployment: Deployment, manifest: Manifest) -> dict[str, tuple[Json, ...]]:
    """File name → objects, in the order they are applied."""
    space = namespace(deployment)
    account = manifests.service_account(deployment, manifest)
    return {
        "sax-service-account.yaml": (space, account) if space else (account,),
        "sax-admin-server.yaml": (manifests.admin_server(deployment, manifest),),
        "sax-model-server-set.yaml": (manifests.model_servers(deployment, manifest),),
        "sax-http.yaml": manifests.http_server(deployment, manifest),
    }


def text(objects: tuple[Json, ...]) -> str:
    """The objects as one YAML stream."""
    import yaml

    return yaml.safe_dump_all(objects, sort_keys=False, allow_unicode=False, width=10_000)


def publication(deployment: Deployment) -> Json:
    """The body of the HTTP server's /publish."""
    model = deployment.model
    return {
        "model": model.id,
        "model_path": model.path,
        "checkpoint": model.checkpoint,
        "replicas": deployment.replicas,
    }
