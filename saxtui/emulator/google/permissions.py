"""Which permission a request needs, and how each API words a refusal for lack of it."""

from __future__ import annotations

import re

from saxtui.emulator.google.errors import GoogleError
from saxtui.emulator.google.projects import CALLER

_CLUSTER = r"/clusters/[^/:]+"
# Permissions of the IAM reference of each service: (service, method, pattern searched in the path, permission).
_RULES = tuple(
    (service, method, re.compile(pattern), permission)
    for service, method, pattern, permission in (
        ("container", "POST", r"/clusters$", "container.clusters.create"),
        ("container", "GET", r"/clusters$", "container.clusters.list"),
        ("container", "GET", _CLUSTER, "container.clusters.get"),
        ("container", "DELETE", _CLUSTER + "$", "container.clusters.delete"),
        ("container", "", _CLUSTER, "container.clusters.update"),
        ("container", "GET", r"/operations$", "container.operations.list"),
        ("container", "GET", r"/operations/", "container.operations.get"),
        ("storage", "POST", r"/b$", "storage.buckets.create"),
        ("storage", "GET", r"/b$", "storage.buckets.list"),
        ("storage", "GET", r"/b/[^/]+/iam$", "storage.buckets.getIamPolicy"),
        ("storage", "PUT", r"/b/[^/]+/iam$", "storage.buckets.setIamPolicy"),
        ("storage", "GET", r"/b/[^/]+$", "storage.buckets.get"),
        ("storage", "DELETE", r"/b/[^/]+$", "storage.buckets.delete"),
        ("storage", "PATCH", r"/b/[^/]+$", "storage.buckets.update"),
        ("storage", "POST", r"/b/[^/]+/o", "storage.objects.create"),
        ("storage", "GET", r"/b/[^/]+/o$", "storage.objects.list"),
        ("storage", "GET", r"/b/[^/]+/o/", "storage.objects.get"),
        ("storage", "DELETE", r"/b/[^/]+/o/", "storage.objects.delete"),
        ("iam", "POST", r"/serviceAccounts$", "iam.serviceAccounts.create"),
        ("iam", "GET", r"/serviceAccounts$", "iam.serviceAccounts.list"),
        ("iam", "POST", r":getIamPolicy$", "iam.serviceAccounts.getIamPolicy"),
        ("iam", "POST", r":setIamPolicy$", "iam.serviceAccounts.setIamPolicy"),
        ("iam", "GET", r"/serviceAccounts/", "iam.serviceAccounts.get"),
        ("iam", "DELETE", r"/serviceAccounts/", "iam.serviceAccounts.delete"),
        ("cloudresourcemanager", "POST", r":getIamPolicy$", "resourcemanager.projects.getIamPolicy"),
        ("cloudresourcemanager", "POST", r":setIamPolicy$", "resourcemanager.projects.setIamPolicy"),
        ("cloudresourcemanager", "GET", r"/projects/[^/:]+$", "resourcemanager.projects.get"),
        ("serviceusage", "POST", r":(batchE|e)nable$", "serviceusage.services.enable"),
        ("compute", "GET", r"/regions/[^/]+$", "compute.regions.get"),
        ("compute", "GET", r"/zones$", "compute.zones.list"),
    )
)
_PROJECT = re.compile(r"/projects/([^/:]+)")


def permission_for(service: str, method: str, path: str) -> str:
    """The permission, "" where none is known."""
    for wanted, verb, pattern, permission in _RULES:
        if wanted == service and verb in ("", method) and pattern.search(path):
            return permission
    return ""


def denial(service: str, permission: str, path: str) -> GoogleError:
    """403 in that API's words."""
    found = _PROJECT.search(path)
    project = found[1] if found else ""
    if service == "container":
        return GoogleError(403, f'Required "{permission}" permission(s) for "projects/{project}".')
    if service == "compute":
        return GoogleError(403, f"Required '{permission}' permission for 'projects/{project}'")
    if service == "storage":
        what = "project" if permission in ("storage.buckets.create", "storage.buckets.list") else "bucket"
        return GoogleError(
            403,
            f"{CALLER} does not have {permission} access to the Google Cloud {what}. Permission '{permission}' denied "
            "on resource (or it may not exist).",
        )
    return GoogleError(
        403,
        f"Permission '{permission}' denied on resource (or it may not exist).",
        reason="IAM_PERMISSION_DENIED",
        domain=f"{service}.googleapis.com",
        metadata={"permission": permission},
    )
