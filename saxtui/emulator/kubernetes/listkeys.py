"""Which lists in Kubernetes objects are maps in disguise, and by which keys (the API's x-kubernetes-list-map-keys).

One table by field name serves strategic merge patches (first key only), server-side apply and last-applied ownership.
"""

from __future__ import annotations

from typing import Any

_KEYS: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "imagePullSecrets": ("name",),
    "secrets": ("name",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "conditions": ("type",),
    "ownerReferences": ("uid",),
    "webhooks": ("name",),
    "replicatedJobs": ("name",),
    "replicatedJobsStatus": ("name",),
    "schedulingGates": ("name",),
}
_SETS = frozenset({"finalizers"})
_ATOMIC_MAPS = frozenset({"nodeSelector", "selector"})
_DEFAULTS = {"protocol": "TCP"}


def list_keys(field: str, items: list[Any]) -> tuple[str, ...] | None:
    """The keys that tell the list's items apart; None when the list is one value (atomic) or a set."""
    if not items or not all(isinstance(item, dict) for item in items):
        return None
    keys: tuple[str, ...]
    if field == "ports":
        keys = ("containerPort", "protocol") if any("containerPort" in item for item in items) else ("port", "protocol")
    else:
        found = _KEYS.get(field)
        if found is None:
            return None
        keys = found
    return keys if all(keys[0] in item for item in items) else None


def is_set(field: str) -> bool:
    """A list of distinct scalars, merged member by member."""
    return field in _SETS


def is_atomic_map(field: str) -> bool:
    """A map that is owned and replaced as one value."""
    return field in _ATOMIC_MAPS


def item_key(item: dict[str, Any], keys: tuple[str, ...]) -> tuple[tuple[str, Any], ...]:
    """What tells this item apart, defaults filled in."""
    return tuple(
        (key, item.get(key, _DEFAULTS.get(key))) for key in keys if item.get(key, _DEFAULTS.get(key)) is not None
    )
