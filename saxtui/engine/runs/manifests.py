"""The Kubernetes objects of a deployment: the packaged YAML with typed values set at typed paths. Pure.

Nothing is substituted as text: the YAML is loaded, fields are set, and whatever still holds a placeholder is refused.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from saxtui.model.deployment import Deployment, Exposure

Json = dict[str, Any]
Manifest = Callable[[str], str]

ADMIN = "sax-admin-server"
MODEL_SET = "sax-model-server-set"
HTTP = "sax-http"
SERVICE = "sax-http-lb"
HTTP_PORT = 8888
PLACEHOLDERS = ("BUCKET_NAME", "PROJECT_ID")
INTERNAL = {"networking.gke.io/load-balancer-type": "Internal"}
# What the model server calls a chip (saxml/server/proto_util.py at v1.1.0); shown on its status page, decides nothing.
_CHIP_FLAGS = {"v5e": "tpuv5e"}


def service_account(deployment: Deployment, manifest: Manifest) -> Json:
    """The Kubernetes service account with its Workload Identity annotation."""
    (account,) = _load(manifest, "sax-service-account.yaml")
    account["metadata"]["name"] = deployment.identity.kubernetes_account
    account["metadata"]["annotations"] = {"iam.gke.io/gcp-service-account": deployment.service_account_email}
    return _finished(deployment, account)


def admin_server(deployment: Deployment, manifest: Manifest) -> Json:
    """The admin server's Deployment."""
    (admin,) = _load(manifest, "sax-admin-server.yaml")
    pod = _pod(deployment, admin["spec"]["template"])
    _container(pod, deployment.images.admin, {"GSBUCKET": deployment.bucket, "SAX_CELL": deployment.model.cell})
    return _finished(deployment, admin)


def model_servers(deployment: Deployment, manifest: Manifest) -> Json:
    """The model servers' JobSet: one Job a slice, one pod a host."""
    (jobset,) = _load(manifest, "sax-model-server-set.yaml")
    shape = deployment.slices.shape
    (replicated,) = jobset["spec"]["replicatedJobs"]
    replicated["replicas"] = deployment.slices.count
    job = replicated["template"]["spec"]
    job["parallelism"] = job["completions"] = shape.hosts
    pod = _pod(deployment, job["template"])
    pod["nodeSelector"] = {
        "cloud.google.com/gke-tpu-accelerator": shape.accelerator_label,
        "cloud.google.com/gke-tpu-topology": shape.topology,
    }
    container = _container(pod, deployment.images.model, {"SAX_ROOT": f"gs://{deployment.bucket}/sax-root"})
    chip = _CHIP_FLAGS.get(deployment.slices.generation)
    flags = ["--port=10001", f"--sax_cell={deployment.model.cell}"]
    container["args"] = [*flags, f"--platform_chip={chip}"] if chip else flags
    tpus = {"google.com/tpu": shape.chips_per_host}
    container["resources"] = {"requests": dict(tpus), "limits": dict(tpus)}
    return _finished(deployment, jobset)


def http_server(deployment: Deployment, manifest: Manifest) -> tuple[Json, Json]:
    """The HTTP server's Deployment, and its Service as `exposure` says."""
    server, service = _load(manifest, "sax-http.yaml")
    pod = _pod(deployment, server["spec"]["template"])
    _container(pod, deployment.images.http, {"SAX_ROOT": f"gs://{deployment.bucket}/sax-root"})
    if deployment.exposure is not Exposure.PRIVATE:
        service["spec"]["type"] = "LoadBalancer"
        if deployment.exposure is Exposure.INTERNAL:
            service["metadata"]["annotations"] = dict(INTERNAL)
        if deployment.source_ranges:
            service["spec"]["loadBalancerSourceRanges"] = list(deployment.source_ranges)
    return _finished(deployment, server), _finished(deployment, service)


def differences(wanted: Any, found: Any, path: str = "") -> str:
    """Where `found` lacks or contradicts what `wanted` says, as "path: x is y", or "". Extra fields are no difference.

    A server fills in defaults, drops empty values and may write a number as text, so those are equal.
    """
    if isinstance(wanted, Mapping):
        if not isinstance(found, Mapping):
            return "" if not wanted and not found else f"{path or 'object'}: missing"
        for key, value in wanted.items():
            said = differences(value, found.get(key), f"{path}.{key}" if path else str(key))
            if said:
                return said
        return ""
    if isinstance(wanted, list):
        if not isinstance(found, list) or len(found) != len(wanted):
            return f"{path}: {len(wanted)} wanted, {len(found) if isinstance(found, list) else 0} found"
        pairs = zip(wanted, _in_order(wanted, found), strict=True)
        reports = (differences(one, other, f"{path}[{index}]") for index, (one, other) in enumerate(pairs))
        return next((said for said in reports if said), "")
    if wanted == found or str(wanted) == str(found) or (not wanted and not found):
        return ""
    return f"{path}: {found!r} instead of {wanted!r}"


def comparable(body: Json) -> Json:
    """The part of an object we decide: its spec, labels and annotations, and a ConfigMap's data."""
    metadata = {key: body["metadata"][key] for key in ("labels", "annotations") if key in body["metadata"]}
    return {"metadata": metadata, **{key: body[key] for key in ("spec", "data") if key in body}}


def _in_order(wanted: list[Any], found: list[Any]) -> list[Any]:
    if not all(isinstance(item, Mapping) and "name" in item for item in (*wanted, *found)):
        return found
    by_name = {item["name"]: item for item in found}
    return [by_name.get(item["name"]) for item in wanted]


def _load(manifest: Manifest, name: str) -> list[Json]:
    return copy.deepcopy(_parsed(manifest(name)))


@functools.lru_cache(maxsize=16)
def _parsed(text: str) -> list[Json]:
    # Parsed once a text: PyYAML takes some 10 ms a manifest, and every look renders them anew.
    import yaml

    return [document for document in yaml.safe_load_all(text) if document]


def _pod(deployment: Deployment, template: Json) -> Json:
    template.setdefault("metadata", {}).setdefault("labels", {}).update(deployment.labels)
    pod: Json = template["spec"]
    pod["serviceAccountName"] = deployment.identity.kubernetes_account
    return pod


def _container(pod: Json, image: str, env: Mapping[str, str]) -> Json:
    container: Json
    (container,) = pod["containers"]
    container["image"] = image
    kept = [item for item in container.get("env", []) if item["name"] not in env]
    container["env"] = [*({"name": name, "value": value} for name, value in env.items()), *kept]
    return container


def _finished(deployment: Deployment, body: Json) -> Json:
    metadata = body["metadata"]
    metadata["namespace"] = deployment.namespace
    metadata["labels"] = {**metadata.get("labels", {}), **deployment.labels}
    for text in _texts(body):
        if any(word in text for word in PLACEHOLDERS):
            raise ValueError(f"{body['kind']} {metadata['name']} still holds a placeholder: {text!r}")
    return body


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
