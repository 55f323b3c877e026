"""Which kinds of requests were made and how they were answered, from the request log: the table in docs/emulator.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

from saxtui.emulator import google
from saxtui.emulator.google import GoogleApi
from saxtui.emulator.world import World

Json = dict[str, Any]
_CLUSTER = ("kubernetes", "sax")
_KUBERNETES_ROOTS = ("api", "apis")


@dataclass(slots=True)
class RequestClass:
    """Requests of one method to one kind of path. `served` is False when nothing of the emulator takes them."""

    service: str
    method: str
    path: str
    served: bool = True
    statuses: Counter[int] = field(default_factory=Counter)
    agents: set[str] = field(default_factory=set)


def classes(records: Iterable[Json]) -> list[RequestClass]:
    """Records of the request log, grouped by service, method and path; sorted so."""
    api = google.install(World(start=0.0))
    found: dict[tuple[str, str, str], RequestClass] = {}
    for record in records:
        path, _, query = record["path"].partition("?")
        served = True
        if record["service"] in _CLUSTER:
            template = kubernetes_template(path, query)
            served = record["status"] not in (404, 405, 501) or _names_object(template)
        else:
            template, served = _google_template(api, record["method"], path)
        key = (record["service"] or "none", record["method"], template)
        entry = found.setdefault(key, RequestClass(*key, served=False))
        entry.served |= served
        entry.statuses[record["status"]] += 1
        if record["agent"]:
            entry.agents.add(record["agent"])
    return [found[key] for key in sorted(found)]


def _google_template(api: GoogleApi, method: str, path: str) -> tuple[str, bool]:
    clean = "/" + path.strip("/")
    template = api.template(method, clean)
    return template or clean, bool(template)


def kubernetes_template(path: str, query: str = "") -> str:
    """A path of the Kubernetes API with its names replaced: "/api/v1/namespaces/{namespace}/pods/{name}".

    A watch is marked by "?watch", server-side apply and dry runs by their parameters.
    """
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if parts[0] not in _KUBERNETES_ROOTS:
        return path
    head, rest = (parts[:2], parts[2:]) if parts[0] == "api" else (parts[:3], parts[3:])
    out = list(head)
    if len(rest) >= 3 and rest[0] == "namespaces":
        out += ["namespaces", "{namespace}"]
        rest = rest[2:]
    out += rest[:1]
    if len(rest) > 1:
        out += ["{name}", *rest[2:]]
    asked = parse_qs(query, keep_blank_values=True)
    marks = [name for name in ("watch", "follow", "dryRun") if asked.get(name, [""])[0] not in ("", "0", "false")]
    marks += ["force"] if asked.get("force") else []
    return "/" + "/".join(out) + ("?" + "&".join(marks) if marks else "")


def _names_object(template: str) -> bool:
    """Whether 404 can mean that the object, not the method, is missing."""
    return "{name}" in template


def markdown(found: Iterable[RequestClass]) -> str:
    """The table; status codes with how often each was given."""
    lines = ["| Service | Request | Supported | Answers | Sent by |", "|---|---|---|---|---|"]
    for each in found:
        answers = ", ".join(f"{status} ({count})" for status, count in sorted(each.statuses.items()))
        request = f"`{each.method} {each.path}`"
        supported = "yes" if each.served else "no"
        lines.append(f"| {each.service} | {request} | {supported} | {answers} | {', '.join(sorted(each.agents))} |")
    return "\n".join(lines) + "\n"
