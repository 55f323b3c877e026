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
    """Base addresses without a trailing slash and without a version path. `billing` is "" where there is none."""

    container: str
    iam: str
    resource_manager: str
    service_usage: str
    compute: str
    storage: str
    billing: str = ""


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
        billing=_billing(environ),
    )


def _billing(environ: Mapping[str, str]) -> str:
    """Cloud Billing: never the public address beside other APIs that are overridden, as on an embedded cloud."""
    given = environ.get(_PREFIX + "CLOUDBILLING", "").rstrip("/")
    overridden = any(environ.get(_PREFIX + name) for name in _PUBLIC)
    return given or ("" if overridden else "https://cloudbilling.googleapis.com")
