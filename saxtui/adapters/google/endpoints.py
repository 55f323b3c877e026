"""Where each Google API is: gcloud's override variables, else the public addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_PUBLIC = {
    "CONTAINER": "https://container.googleapis.com",
    "IAM": "https://iam.googleapis.com",
    "CLOUDRESOURCEMANAGER": "https://cloudresourcemanager.googleapis.com",
    "SERVICEUSAGE": "https://serviceusage.googleapis.com",
    "COMPUTE": "https://compute.googleapis.com",
    "STORAGE": "https://storage.googleapis.com",
}
_PREFIX = "CLOUDSDK_API_ENDPOINT_OVERRIDES_"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Base addresses without a trailing slash and version path. `billing`, `quotas`: "" where there is none."""

    container: str
    iam: str
    resource_manager: str
    service_usage: str
    compute: str
    storage: str
    billing: str = ""
    quotas: str = ""


def read(environ: Mapping[str, str]) -> Endpoints:
    """The endpoints this environment names. gcloud takes compute and storage with or without their version path."""

    def base(name: str, path: str = "") -> str:
        address = (environ.get(_PREFIX + name) or _PUBLIC[name]).rstrip("/")
        return address.removesuffix(path).rstrip("/") if path else address

    return Endpoints(
        container=base("CONTAINER"),
        iam=base("IAM"),
        resource_manager=base("CLOUDRESOURCEMANAGER"),
        service_usage=base("SERVICEUSAGE"),
        compute=base("COMPUTE", "/compute/v1"),
        storage=base("STORAGE", "/storage/v1"),
        billing=_optional(environ, "CLOUDBILLING"),
        quotas=_optional(environ, "CLOUDQUOTAS"),
    )


def _optional(environ: Mapping[str, str], name: str) -> str:
    """Cloud Billing, Cloud Quotas: never the public address beside overridden APIs, as on an embedded cloud."""
    given = environ.get(_PREFIX + name, "").rstrip("/")
    overridden = any(environ.get(_PREFIX + other) for other in _PUBLIC)
    return given or ("" if overridden else f"https://{name.lower()}.googleapis.com")
