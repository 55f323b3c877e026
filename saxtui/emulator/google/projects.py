"""The projects there are, their enabled APIs, and the checks every API makes before its own."""

from __future__ import annotations

from typing import Any

from saxtui.emulator.google.errors import GoogleError, consumer_invalid, service_disabled
from saxtui.emulator.world import World

Json = dict[str, Any]

DEMO_PROJECT = "demo-project"
DEMO_NUMBER = "415104041262"
OTHER_PROJECT = "someone-else"
CALLER = "operator@example.com"

SERVICE_TITLES = {
    "artifactregistry.googleapis.com": "Artifact Registry API",
    "autoscaling.googleapis.com": "Cloud Autoscaling API",
    "bigquery.googleapis.com": "BigQuery API",
    "cloudapis.googleapis.com": "Google Cloud APIs",
    "cloudbilling.googleapis.com": "Cloud Billing API",
    "cloudquotas.googleapis.com": "Cloud Quotas API",
    "cloudresourcemanager.googleapis.com": "Cloud Resource Manager API",
    "compute.googleapis.com": "Compute Engine API",
    "container.googleapis.com": "Kubernetes Engine API",
    "containerregistry.googleapis.com": "Container Registry API",
    "iam.googleapis.com": "Identity and Access Management (IAM) API",
    "iamcredentials.googleapis.com": "IAM Service Account Credentials API",
    "logging.googleapis.com": "Cloud Logging API",
    "monitoring.googleapis.com": "Cloud Monitoring API",
    "networkconnectivity.googleapis.com": "Network Connectivity API",
    "oslogin.googleapis.com": "Cloud OS Login API",
    "pubsub.googleapis.com": "Cloud Pub/Sub API",
    "serviceusage.googleapis.com": "Service Usage API",
    "storage-api.googleapis.com": "Google Cloud Storage JSON API",
    "storage-component.googleapis.com": "Cloud Storage",
    "storage.googleapis.com": "Cloud Storage API",
    "tpu.googleapis.com": "Cloud TPU API",
}
_ENABLED_AT_FIRST = (
    "cloudapis.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "compute.googleapis.com",
    "container.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "serviceusage.googleapis.com",
    "storage-api.googleapis.com",
    "storage-component.googleapis.com",
    "storage.googleapis.com",
)


def seed(world: World) -> None:
    """The demo project with the APIs it needs, and a project of somebody else's that the caller may not see."""
    _add_project(world, DEMO_PROJECT, DEMO_NUMBER, "Demo project", mine=True)
    _add_project(world, OTHER_PROJECT, "731885202417", "Someone else", mine=False)
    services = world.table("serviceusage.services")
    for service in _ENABLED_AT_FIRST:
        services[f"{DEMO_PROJECT}/{service}"] = {"project": DEMO_PROJECT, "service": service, "state": "ENABLED"}


def _add_project(world: World, project: str, number: str, name: str, *, mine: bool) -> None:
    world.table("crm.projects")[project] = {
        "projectId": project,
        "projectNumber": number,
        "name": name,
        "createTime": world.stamp(),
        "lifecycleState": "ACTIVE",
        "_mine": mine,
    }


def find(world: World, project: str) -> Json | None:
    """The row of a project the caller may see, by id or number."""
    for row in world.table("crm.projects").values():
        if project in (row["projectId"], row["projectNumber"]):
            return row if row["_mine"] else None
    return None


def require(world: World, service: str, project: str) -> Json:
    """The project's row. Raises GoogleError 403 in the words `service` (e.g. "container") uses for an unknown one."""
    row = find(world, project)
    if row is not None:
        return row
    if service == "compute":
        raise GoogleError(404, f"The resource 'projects/{project}' was not found")
    if service == "storage":
        raise GoogleError(400, f"Unknown project id: {project}")
    if service == "serviceusage":
        raise GoogleError(403, f"Project '{project}' not found or permission denied.")
    raise consumer_invalid(service, project)


def require_enabled(world: World, service: str, project: str) -> Json:
    """The project's row, when the API is on there. Raises GoogleError 403 SERVICE_DISABLED otherwise."""
    row = require(world, service, project)
    name = f"{service}.googleapis.com"
    if not enabled(world, row["projectId"], name):
        raise service_disabled(SERVICE_TITLES[name], name, row["projectNumber"])
    return row


def enabled(world: World, project: str, service: str) -> bool:
    """Whether that API is on in the project."""
    return f"{project}/{service}" in world.table("serviceusage.services")
