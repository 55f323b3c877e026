"""URL paths of the Kubernetes API."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from saxtui.emulator.kubernetes.kinds import KindInfo, Registry


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names: a collection (name ""), an object, or an object's subresource with the path after it."""

    info: KindInfo
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""


def parse(registry: Registry, path: str) -> Target | None:
    """The target of a raw (still percent-encoded) path; None when nothing is served there."""
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) >= 3:
        group, version, tail = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) >= 4:
        group, version, tail = unquote(parts[1]), parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if tail[0] == "namespaces" and len(tail) >= 3 and registry.path(group, version, tail[2]) is not None:
        namespace, tail = unquote(tail[1]), tail[2:]
    info = registry.path(group, version, tail[0])
    if info is None or (namespace and not info.namespaced):
        return None
    name = unquote(tail[1]) if len(tail) > 1 else ""
    subresource = tail[2] if len(tail) > 2 else ""
    if name and info.namespaced and not namespace:
        return None
    rest = ""
    if subresource == "proxy":
        marker = f"/{tail[0]}/{tail[1]}/proxy"
        rest = path[path.index(marker) + len(marker) :]
    elif len(tail) > 3:
        return None
    return Target(info, namespace, name, subresource, rest)
