"""What the embedded cloud has answered: one record a request, and which of them could change something."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

Json = dict[str, Any]

_SERVICE_PROXY = re.compile(r"/api/v1/namespaces/[^/]+/services/[^/]+/proxy(/.*)?$")
_REVIEWS = re.compile(r"/(self)?subject(access|rules)?reviews$|/tokenreviews$|/(local)?subjectaccessreviews$")
_SAX_CHANGES = ("/publish", "/unpublish", "/update")
_CLIENTS = (("google-cloud-sdk", "gcloud"), ("kubectl", "kubectl"), ("curl/", "curl"), ("ython", "python"))
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class RequestLog:
    """Records in order: service, method, path (with its query), status, mutating, at (epoch seconds, simulated), agent.

    `agent` is the client program as `client_name` knows it.
    """

    def __init__(self, records: Iterable[Json] = ()) -> None:
        self.records: list[Json] = list(records)

    def add(
        self, service: str, method: str, path: str, status: int, *, mutating: bool, at: float, agent: str = ""
    ) -> None:
        """Record one answered request."""
        record: Json = {"service": service, "method": method, "path": path, "status": status, "mutating": mutating}
        self.records.append({**record, "at": at, "agent": agent})


def client_name(user_agent: str) -> str:
    """gcloud, kubectl, curl or python for the User-Agent of such a program, else its first word."""
    for mark, name in _CLIENTS:
        if mark in user_agent:
            return name
    return user_agent.partition("/")[0].partition(" ")[0].lower().encode("ascii", "replace").decode()


def classify_kubernetes(method: str, path: str, query: Mapping[str, str]) -> tuple[str, bool]:
    """(service, mutating) of a request to a cluster: "sax" when it goes through a service proxy, else "kubernetes".

    Access reviews and dry runs change nothing, and neither does asking a model to generate.
    """
    proxied = _SERVICE_PROXY.fullmatch(path)
    if proxied:
        return "sax", changes_models(method, proxied.group(1) or "")
    if method in _READS or query.get("dryRun") == "All" or _REVIEWS.search(path):
        return "kubernetes", False
    return "kubernetes", True


def changes_models(method: str, path: str) -> bool:
    """Whether a request to the Sax HTTP server changes what is served; generating does not."""
    return method not in _READS and path.rstrip("/").endswith(_SAX_CHANGES)
