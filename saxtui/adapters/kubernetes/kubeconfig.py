"""The operator's own way to a cluster: KUBECONFIG, read as kubectl reads it, and never written.

gcloud names a cluster's context gke_PROJECT_LOCATION_NAME. When such a context says another server than GKE does (a DNS
endpoint, a tunnel to a private control plane), that server is used, but only where it is proved to be the same cluster:
its CA is the one GKE reports, or its name is under gke.goog, which has a public certificate. Otherwise the file could
send our token to somebody else. Users and their exec plugins are never read: the token is our own.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from saxtui.model.text import safe
from saxtui.ports import ClusterInfo

_LARGEST_FILE = 4_194_304


@dataclass(frozen=True, slots=True)
class Route:
    """Where an API server is reached. `ca_pem` "" trusts the public authorities."""

    server: str
    ca_pem: str


def route(cluster: ClusterInfo, project: str, environ: Mapping[str, str]) -> Route:
    """How to reach this cluster: as KUBECONFIG says where that is proved to be it, else as GKE says. Reads files."""
    plain = Route(f"https://{cluster.endpoint}", cluster.ca_pem)
    found = _server(f"gke_{project}_{cluster.location}_{cluster.name}", environ)
    if found is None or found.server.rstrip("/") == plain.server:
        return plain
    parts = urlsplit(found.server)
    if parts.scheme != "https" or parts.username or parts.query:
        return plain
    if found.ca_pem.strip() and found.ca_pem.strip() == cluster.ca_pem.strip():
        return found
    if not found.ca_pem and (parts.hostname or "").endswith(".gke.goog"):
        return found
    return plain


def files(environ: Mapping[str, str]) -> list[Path]:
    """The files kubectl would merge, in its order: those of KUBECONFIG, or ~/.kube/config."""
    named = environ.get("KUBECONFIG", "")
    if named:
        return [Path(part) for part in named.split(os.pathsep) if part]
    home = environ.get("HOME", "")
    return [Path(home, ".kube", "config")] if home else []


def context(environ: Mapping[str, str], name: str = "") -> str:
    """`name` where a file has such a context, else the current one; "" where there is none. Reads files."""
    current, known = "", set()
    for path in files(environ):
        document = _read(path)
        current = current or str(document.get("current-context") or "")
        known |= {found for found, _ in _named(document, "contexts", "context")}
    wanted = name or current
    return safe(wanted, 300) if wanted in known else ""


def _server(context: str, environ: Mapping[str, str]) -> Route | None:
    """What the merged files say of this context's cluster: for each name the first file that has it counts."""
    contexts: dict[str, Any] = {}
    clusters: dict[str, tuple[Any, Path]] = {}
    for path in files(environ):
        document = _read(path)
        for name, body in _named(document, "contexts", "context"):
            contexts.setdefault(name, body)
        for name, body in _named(document, "clusters", "cluster"):
            clusters.setdefault(name, (body, path))
    cluster, path = clusters.get(str(contexts.get(context, {}).get("cluster", "")), ({}, Path()))
    server = cluster.get("server")
    if not isinstance(server, str) or not server or cluster.get("insecure-skip-tls-verify"):
        return None
    return Route(server.rstrip("/"), _authority(cluster, path))


def _named(document: Mapping[str, Any], key: str, inner: str) -> list[tuple[str, dict[str, Any]]]:
    rows = document.get(key)
    return [
        (str(row.get("name", "")), row[inner])
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict) and isinstance(row.get(inner), dict)
    ]


def _read(path: Path) -> Mapping[str, Any]:
    """One file; a missing or broken one says nothing, since saxtui can do without it."""
    import yaml

    try:
        with path.open("rb") as file:
            document = yaml.safe_load(file.read(_LARGEST_FILE))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _authority(cluster: Mapping[str, Any], path: Path) -> str:
    data, name = cluster.get("certificate-authority-data"), cluster.get("certificate-authority")
    try:
        if data:
            return base64.b64decode(str(data), validate=True).decode()
        if name:
            return (path.parent / str(name)).read_text()
    except (OSError, ValueError, binascii.Error):
        return "unreadable"
    return ""
