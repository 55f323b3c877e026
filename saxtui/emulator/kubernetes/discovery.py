"""Which API groups, versions and resources there are: legacy and aggregated discovery, /version."""

from __future__ import annotations

from saxtui.emulator.kubernetes import reviews
from saxtui.emulator.kubernetes.kinds import VIEWS, KindInfo, Registry
from saxtui.emulator.kubernetes.objects import Json

VERSION: Json = {
    "major": "1",
    "minor": "32",
    "gitVersion": "v1.32.4-gke.1",
    "gitCommit": "0" * 40,
    "gitTreeState": "clean",
    "buildDate": "2025-05-01T00:00:00Z",
    "goVersion": "go1.23.8",
    "compiler": "gc",
    "platform": "linux/amd64",
}
VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
VIEW_VERBS = ("delete", "deletecollection", "get", "list", "watch")
_PROXY = ("create", "delete", "get", "patch", "update")
_SUBRESOURCES: dict[str, tuple[tuple[str, str, str, str, tuple[str, ...]], ...]] = {
    "Pod": (
        ("attach", "", "v1", "PodAttachOptions", ("create", "get")),
        ("eviction", "policy", "v1", "Eviction", ("create",)),
        ("exec", "", "v1", "PodExecOptions", ("create", "get")),
        ("log", "", "v1", "Pod", ("get",)),
        ("portforward", "", "v1", "PodPortForwardOptions", ("create", "get")),
        ("proxy", "", "v1", "PodProxyOptions", _PROXY),
    ),
    "Service": (("proxy", "", "v1", "ServiceProxyOptions", _PROXY),),
    "ServiceAccount": (("token", "authentication.k8s.io", "v1", "TokenRequest", ("create",)),),
}


def _subresources(info: KindInfo) -> list[tuple[str, str, str, str, tuple[str, ...]]]:
    """(name, group, version, kind, verbs)."""
    out: list[tuple[str, str, str, str, tuple[str, ...]]] = []
    if info.has_status:
        out.append(("status", info.group, info.version, info.kind, ("get", "patch", "update")))
    if info.scale:
        out.append(("scale", "autoscaling", "v1", "Scale", ("get", "patch", "update")))
    return [*out, *_SUBRESOURCES.get(info.kind, ())]


def _served(registry: Registry) -> list[tuple[KindInfo, tuple[str, ...]]]:
    stored = [(info, VERBS) for info in registry] + [(info, VIEW_VERBS) for info in VIEWS]
    return stored + [(info, reviews.VERBS) for info in reviews.KINDS]


def group_versions(registry: Registry) -> list[tuple[str, str]]:
    """Everything served, the core group first."""
    return list(dict.fromkeys((info.group, info.version) for info, _ in _served(registry)))


def api_versions() -> Json:
    """GET /api."""
    address = {"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:443"}
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]}


def _group(group: str, versions: list[str]) -> Json:
    each = [{"groupVersion": f"{group}/{version}", "version": version} for version in versions]
    return {"name": group, "versions": each, "preferredVersion": each[0]}


def groups(registry: Registry) -> Json:
    """GET /apis."""
    names: dict[str, list[str]] = {}
    for group, version in group_versions(registry):
        if group:
            names.setdefault(group, []).append(version)
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(*each) for each in names.items()]}


def group(registry: Registry, name: str) -> Json | None:
    """GET /apis/GROUP."""
    found = next((each for each in groups(registry)["groups"] if each["name"] == name), None)
    return {"kind": "APIGroup", "apiVersion": "v1", **found} if found else None


def resources(registry: Registry, group: str, version: str) -> Json | None:
    """GET /api/v1 and /apis/GROUP/VERSION."""
    out: list[Json] = []
    for info, verbs in _served(registry):
        if (info.group, info.version) != (group, version):
            continue
        entry: Json = {"name": info.plural, "singularName": info.singular, "namespaced": info.namespaced}
        entry |= {"kind": info.kind, "verbs": list(verbs)}
        if info.short:
            entry["shortNames"] = list(info.short)
        if info.categories:
            entry["categories"] = list(info.categories)
        out.append(entry)
        for name, sub_group, sub_version, kind, sub_verbs in _subresources(info):
            sub: Json = {"name": f"{info.plural}/{name}", "singularName": "", "namespaced": info.namespaced}
            sub |= {"kind": kind, "verbs": list(sub_verbs)}
            if sub_group != group:
                sub |= {"group": sub_group, "version": sub_version}
            out.append(sub)
    if not out:
        return None
    group_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": out}


def _aggregated_resource(info: KindInfo, verbs: tuple[str, ...]) -> Json:
    entry: Json = {
        "resource": info.plural,
        "responseKind": {"group": info.group, "version": info.version, "kind": info.kind},
        "scope": "Namespaced" if info.namespaced else "Cluster",
        "singularResource": info.singular,
        "verbs": list(verbs),
    }
    if info.short:
        entry["shortNames"] = list(info.short)
    if info.categories:
        entry["categories"] = list(info.categories)
    subresources = [
        {"subresource": name, "responseKind": {"group": group, "version": version, "kind": kind}, "verbs": list(sub)}
        for name, group, version, kind, sub in _subresources(info)
    ]
    if subresources:
        entry["subresources"] = subresources
    return entry


def aggregated(registry: Registry, *, core: bool, version: str) -> Json:
    """GET /api (core) or /apis as an APIGroupDiscoveryList of apidiscovery.k8s.io/`version`."""
    items: dict[str, dict[str, list[Json]]] = {}
    for info, verbs in _served(registry):
        if (info.group == "") == core:
            items.setdefault(info.group, {}).setdefault(info.version, []).append(_aggregated_resource(info, verbs))
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": [
            {
                "metadata": {"name": name} if name else {},
                "versions": [
                    {"version": each, "resources": resources, "freshness": "Current"}
                    for each, resources in versions.items()
                ],
            }
            for name, versions in items.items()
        ],
    }


def aggregated_type(version: str) -> str:
    """The Content-Type of an aggregated answer."""
    return f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
